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

    private init(adopting memory: UnsafeMutableRawPointer) {
        start = UnsafeRawPointer(memory)
    }

    deinit { free(UnsafeMutableRawPointer(mutating: start)) }

    /// Returns a storage of `byteCount` bytes, all of which `initialize` must set.
    static func make(
        byteCount: Int,
        initializingWith initialize: (UnsafeMutableRawBufferPointer) throws(TensorError) -> Void
    ) throws(TensorError) -> Storage {
        let memory = try allocate(byteCount)
        let storage = Storage(adopting: memory)
        try initialize(UnsafeMutableRawBufferPointer(start: memory, count: byteCount))
        return storage
    }

    private static func allocate(_ byteCount: Int) throws(TensorError) -> UnsafeMutableRawPointer {
        let limit = Tensor.byteLimit(for: byteCount)
        guard byteCount <= limit else { throw .tooManyBytes(byteCount, limit: limit) }
        var pointer: UnsafeMutableRawPointer?
        guard posix_memalign(&pointer, alignment, max(byteCount, 1)) == 0, let pointer else {
            throw .outOfMemory(byteCount)
        }
        return pointer
    }
}
