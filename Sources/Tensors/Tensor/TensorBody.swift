internal import CThread

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a tensor is apart from its history: its form and its bytes, written once while it is made, then never changed.
///
/// A tensor refers to it as PyTorch's does to a `TensorImpl`, so that passing one on counts one reference. A view has a body
/// of its own, and its bytes are those of another.
///
/// `@unchecked Sendable`: the bytes are immutable once the initialiser's closure has returned; `packing` has its own lock;
/// strides are noted by who made the body, before anyone else has it.
final class TensorBody: @unchecked Sendable {
    /// Half of the machine's physical memory, in bytes.
    static let halfOfMemory: Int = {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        return pages > 0 && size > 0 ? pages / 2 * size : .max
    }()

    /// The alignment of memory taken for tensors, a cache line and the widest vector.
    private static let alignment = 64

    let dtype: DType
    let isInference: Bool
    let shape: Shape
    /// Where the first element lies.
    let start: UnsafeRawPointer
    /// What a matrix product made of these bytes, kept for the next one; views use that of their origin.
    let packing = PackingCache()
    /// PyTorch's strides, where its tensor does not lie in order as this one does.
    private(set) var strides: [Int]?

    /// What keeps the bytes.
    private enum Owner {
        /// What the allocator gave, from which `start` is the next aligned byte.
        case memory(UnsafeMutableRawPointer)
        /// An array that nobody else changes: its elements stay where they are while it is held.
        case array([UInt8])
        /// The body of which this one is a view; itself no view.
        case origin(TensorBody)
    }
    private let owner: Owner

    private init(_ owner: Owner, start: UnsafeRawPointer, dtype: DType, shape: Shape, isInference: Bool) {
        self.owner = owner
        self.start = start
        self.dtype = dtype
        self.shape = shape
        self.isInference = isInference
    }

    /// Creates a body whose bytes, all of them, `initialize` must set.
    convenience init(
        dtype: DType,
        shape: Shape,
        initializingWith initialize: (UnsafeMutableRawBufferPointer) throws(TensorError) -> Void
    ) throws(TensorError) {
        let (byteCount, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.itemSize)
        guard !overflow else { throw .storageOverflow(shape: shape.dimensions) }
        let memory = try Self.allocate(byteCount)
        let start = memory.alignedUp(toMultipleOf: Self.alignment)
        self.init(
            .memory(memory),
            start: UnsafeRawPointer(start),
            dtype: dtype,
            shape: shape,
            isInference: Autograd.marksInference
        )
        try initialize(UnsafeMutableRawBufferPointer(start: start, count: byteCount))
    }

    /// Creates a body of zeros, for which the system finds memory where somebody looks at them.
    convenience init(unfilled dtype: DType, shape: Shape) throws(TensorError) {
        let (byteCount, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.itemSize)
        guard !overflow else { throw .storageOverflow(shape: shape.dimensions) }
        let memory = try Self.allocate(byteCount) { cthread_take_zeros($0) }
        let start = UnsafeRawPointer(memory.alignedUp(toMultipleOf: Self.alignment))
        self.init(.memory(memory), start: start, dtype: dtype, shape: shape, isInference: Autograd.marksInference)
    }

    /// Creates a body of the bytes of `array`, where they lie; they must be as many as the shape takes.
    ///
    /// Returns `nil` if they lie where numbers cannot be read, or in an array with much room to spare.
    convenience init?(adopting array: [UInt8], dtype: DType, shape: Shape) {
        let start = array.withUnsafeBytes { $0.baseAddress }
        guard let start, !array.isEmpty, array.capacity / 2 <= array.count,
            start == start.alignedUp(for: Int64.self)
        else { return nil }
        self.init(.array(array), start: start, dtype: dtype, shape: shape, isInference: Autograd.marksInference)
    }

    /// Creates a view of the bytes of `other` from `byteOffset` on.
    convenience init(viewing other: TensorBody, from byteOffset: Int = 0, as shape: Shape) {
        self.init(
            .origin(other.origin),
            start: other.start + byteOffset,
            dtype: other.dtype,
            shape: shape,
            isInference: other.isInference
        )
    }

    deinit {
        guard case .memory(let memory) = owner else { return }
        let byteCount = shape.elementCount &* dtype.itemSize
        cthread_give_bytes(Int64(byteCount))
        KeptMemory.give(memory, byteCount &+ Self.alignment)
    }

    /// Notes PyTorch's strides; for who made the body, before anyone else has it.
    func note(strides: [Int]?) { self.strides = strides }

    /// The body that keeps the bytes: this one, unless it is a view.
    var origin: TensorBody {
        guard case .origin(let origin) = owner else { return self }
        return origin
    }

    /// Refuses a tensor that the running call has no room for.
    static func check(_ byteCount: Int) throws(TensorError) {
        let limit = Tensor.byteLimit(for: byteCount)
        guard byteCount <= limit else { throw .tooManyBytes(byteCount, limit: limit) }
    }

    /// Refuses so many elements if the running call has no room for them.
    static func check(saturating count: Int, _ itemSize: Int) throws(TensorError) {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: itemSize)
        try check(overflow ? .max : bytes)
    }

    /// Takes memory with room to align: for small tensors much faster than `posix_memalign`.
    @inline(__always)
    private static func allocate(
        _ byteCount: Int,
        with allocator: (Int) -> UnsafeMutableRawPointer? = { KeptMemory.take($0) }
    ) throws(TensorError) -> UnsafeMutableRawPointer {
        try check(byteCount)
        try CallMeter.charge(byteCount &* (CallMeter.elementCost / MemoryLayout<Float>.size))
        guard cthread_take_bytes(Int64(byteCount)) else { throw CallMeter.liveBytesError }
        let (room, overflow) = byteCount.addingReportingOverflow(alignment)
        guard !overflow, let memory = allocator(room) else {
            cthread_give_bytes(Int64(byteCount))
            throw .outOfMemory(byteCount)
        }
        return memory
    }
}
