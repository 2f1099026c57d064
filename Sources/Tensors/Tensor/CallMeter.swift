internal import CThread

/// What one call may take: bytes of tensors that live at once, and work.
///
/// As the mode of gradients it belongs to the thread that runs the call. Every new tensor counts its bytes, and every product its
/// multiply-adds, before memory or time is spent.
public enum CallMeter {
    /// Runs `body`, whose tensors may take `liveBytes` at once and whose operations `work` multiply-adds or elements read.
    public static func limited<Result>(
        liveBytes: Int,
        work: Int,
        _ body: () throws -> Result
    ) rethrows -> Result {
        let call = cthread_running_call()
        let outer = call.pointee
        defer {
            (call.pointee.live_bytes, call.pointee.live_byte_limit) = (outer.live_bytes, outer.live_byte_limit)
            (call.pointee.work, call.pointee.work_limit) = (outer.work, outer.work_limit)
        }
        (call.pointee.live_bytes, call.pointee.live_byte_limit) = (0, Int64(max(1, liveBytes)))
        (call.pointee.work, call.pointee.work_limit) = (0, Int64(max(1, work)))
        return try body()
    }

    /// Counts `count` multiply-adds or elements read before they are done.
    /// - Throws: `TensorError.tooMuchWork` when the running call may not do as many more.
    public static func charge(_ count: Int) throws(TensorError) {
        guard cthread_take_work(Int64(count)) else {
            throw .tooMuchWork(limit: Int(cthread_running_call().pointee.work_limit))
        }
    }

    /// Counts `rows * columns * depth` multiply-adds, each of which takes as long as `cost` of those of a large product.
    public static func charge(_ rows: Int, _ columns: Int, _ depth: Int, cost: Int = 1) throws(TensorError) {
        let (plane, isLarge) = rows.multipliedReportingOverflow(by: columns)
        let (count, isHuge) = plane.multipliedReportingOverflow(by: depth)
        let (total, isEndless) = count.multipliedReportingOverflow(by: cost)
        try charge(isLarge || isHuge || isEndless ? .max : total)
    }

    /// What an element that is read or made costs, in multiply-adds: about a nanosecond.
    public static let elementCost = 16
    /// What an element costs more where its value is computed by itself, as a sine or a power is.
    public static let scalarCost = 200
    /// What a comparison of two elements costs, by which they are put in order.
    public static let comparisonCost = 100

    /// What a multiply-add of whole numbers costs.
    public static let integerCost = 8
    /// What one of many products of matrices costs beside its multiply-adds: half a microsecond.
    public static let matrixCost = 8_000
    /// What a number of a window costs that is looked at by itself, as a pool does.
    public static let windowCost = 32

    /// Counts `count` elements that are read or made.
    public static func chargeElements(_ count: Int, cost: Int = elementCost) throws(TensorError) {
        try charge(count, 1, 1, cost: cost)
    }

    /// Counts the comparisons that find places for `count` elements among `size`.
    static func chargeSearch(_ count: Int, among size: Int, cost: Int = comparisonCost) throws(TensorError) {
        try charge(count, Int.bitWidth - size.leadingZeroBitCount, 1, cost: cost)
    }

    /// Runs `body`, which takes so many bytes beside its tensors and lets them go at its end.
    static func holding<Result>(
        _ count: Int,
        of itemSize: Int,
        _ body: () throws(TensorError) -> Result
    ) throws(TensorError) -> Result {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: itemSize)
        try TensorBody.check(overflow ? .max : bytes)
        guard cthread_take_bytes(Int64(bytes)) else { throw liveBytesError }
        defer { cthread_give_bytes(Int64(bytes)) }
        return try body()
    }

    static var liveBytesError: TensorError {
        .tooManyLiveBytes(limit: Int(cthread_running_call().pointee.live_byte_limit))
    }
}
