#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The bytes of one or more tensors: aligned to 64, written once while they are made, then never changed.
///
/// `@unchecked Sendable`: the bytes are immutable once the initialiser's closure has returned; `packing` has its own lock.
final class Storage: @unchecked Sendable {
    /// Half of the machine's physical memory, in bytes.
    static let halfOfMemory: Int = {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        return pages > 0 && size > 0 ? pages / 2 * size : .max
    }()

    /// The alignment of the first byte, a cache line and the widest vector.
    static let alignment = 64

    let start: UnsafeRawPointer
    /// What a matrix product made of these bytes, kept for the next one.
    let packing = PackingCache()

    /// What the allocator gave, from which `start` is the next aligned byte.
    private let memory: UnsafeMutableRawPointer

    private init(adopting memory: UnsafeMutableRawPointer) {
        self.memory = memory
        start = UnsafeRawPointer(memory).alignedUp(toMultipleOf: Self.alignment)
    }

    deinit { free(memory) }

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

    /// Takes memory with room to align: for small tensors much faster than `posix_memalign`.
    private static func allocate(_ byteCount: Int) throws(TensorError) -> UnsafeMutableRawPointer {
        let limit = Tensor.byteLimit(for: byteCount)
        guard byteCount <= limit else { throw .tooManyBytes(byteCount, limit: limit) }
        let (room, overflow) = byteCount.addingReportingOverflow(alignment)
        guard !overflow, let memory = malloc(room) else { throw .outOfMemory(byteCount) }
        return memory
    }
}
