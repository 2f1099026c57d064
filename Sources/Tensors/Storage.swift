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
    /// The alignment of the first byte, a cache line and the widest vector.
    static let alignment = 64

    let bytes: UnsafeRawBufferPointer
    /// What a matrix product made of these bytes, kept for the next one.
    let packing = PackingCache()
    private let owned: UnsafeMutableRawPointer

    private init(adopting memory: UnsafeMutableRawPointer, byteCount: Int) {
        owned = memory
        bytes = UnsafeRawBufferPointer(start: memory, count: byteCount)
    }

    deinit { free(owned) }

    /// Returns a storage of `byteCount` bytes, all of which `initialize` must set.
    static func make(
        byteCount: Int,
        initializingWith initialize: (UnsafeMutableRawBufferPointer) throws(TensorError) -> Void
    ) throws(TensorError) -> Storage {
        let storage = Storage(adopting: try allocate(byteCount), byteCount: byteCount)
        try initialize(UnsafeMutableRawBufferPointer(start: storage.owned, count: byteCount))
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
