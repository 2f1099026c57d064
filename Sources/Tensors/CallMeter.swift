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

    /// Counts `rows * columns * depth` multiply-adds.
    public static func charge(_ rows: Int, _ columns: Int, _ depth: Int) throws(TensorError) {
        let (plane, isLarge) = rows.multipliedReportingOverflow(by: columns)
        let (count, isHuge) = plane.multipliedReportingOverflow(by: depth)
        try charge(isLarge || isHuge ? .max : count)
    }

    /// Counts the comparisons that find places for `count` elements among `size`, each of which costs some ten multiply-adds.
    static func chargeSearch(_ count: Int, among size: Int) throws(TensorError) {
        try charge(count, Int.bitWidth - size.leadingZeroBitCount, 10)
    }

    static var liveBytesError: TensorError {
        .tooManyLiveBytes(limit: Int(cthread_running_call().pointee.live_byte_limit))
    }
}
