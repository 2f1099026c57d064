#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The bytes of one or more tensors: written once while they are made, then never changed.
///
/// `@unchecked Sendable`: the bytes are immutable once the initialiser's closure has returned; `packing` has its own lock.
final class Storage: @unchecked Sendable {
    /// Half of the machine's physical memory, in bytes.
    static let halfOfMemory: Int = {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        return pages > 0 && size > 0 ? pages / 2 * size : .max
    }()

    /// The alignment of memory taken for tensors, a cache line and the widest vector.
    private static let alignment = 64

    let start: UnsafeRawPointer
    /// What a matrix product made of these bytes, kept for the next one.
    let packing = PackingCache()

    /// What keeps the bytes.
    private enum Owner {
        /// What the allocator gave, from which `start` is the next aligned byte.
        case memory(UnsafeMutableRawPointer)
        /// An array that nobody else changes: its elements stay where they are while it is held.
        case array([UInt8])
    }
    private let owner: Owner

    private init(adopting memory: UnsafeMutableRawPointer) {
        owner = .memory(memory)
        start = UnsafeRawPointer(memory).alignedUp(toMultipleOf: Self.alignment)
    }

    /// Creates a storage of the bytes of `array`, where they lie.
    ///
    /// Returns `nil` if they lie where numbers cannot be read, or in an array with much room to spare.
    init?(adopting array: [UInt8]) {
        let start = array.withUnsafeBytes { $0.baseAddress }
        guard let start, !array.isEmpty, array.capacity / 2 <= array.count,
            start == start.alignedUp(for: Int64.self)
        else { return nil }
        owner = .array(array)
        self.start = start
    }

    deinit {
        guard case .memory(let memory) = owner else { return }
        free(memory)
    }

    /// Returns a storage of `byteCount` bytes, all of which `initialize` must set.
    static func make(
        byteCount: Int,
        initializingWith initialize: (UnsafeMutableRawBufferPointer) throws(TensorError) -> Void
    ) throws(TensorError) -> Storage {
        let storage = Storage(adopting: try allocate(byteCount))
        let start = UnsafeMutableRawPointer(mutating: storage.start)
        try initialize(UnsafeMutableRawBufferPointer(start: start, count: byteCount))
        return storage
    }

    /// Refuses a tensor that the running call has no room for.
    static func check(_ byteCount: Int) throws(TensorError) {
        let limit = Tensor.byteLimit(for: byteCount)
        guard byteCount <= limit else { throw .tooManyBytes(byteCount, limit: limit) }
    }

    /// Takes memory with room to align: for small tensors much faster than `posix_memalign`.
    private static func allocate(_ byteCount: Int) throws(TensorError) -> UnsafeMutableRawPointer {
        try check(byteCount)
        let (room, overflow) = byteCount.addingReportingOverflow(alignment)
        guard !overflow, let memory = malloc(room) else { throw .outOfMemory(byteCount) }
        return memory
    }
}
