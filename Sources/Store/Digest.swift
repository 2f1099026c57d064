import COpenSSL
import Synchronization

/// The SHA-256 of some bytes.
package struct Digest: Sendable, Hashable, Comparable {
    /// The count of bytes of a digest.
    static let byteCount = 32
    /// The digest as eight words, the first one most significant.
    private var words: SIMD4<UInt64>

    /// The digest that stands for nothing: joining with it changes nothing.
    package static let zero = Digest(words: .zero)

    private init(words: SIMD4<UInt64>) {
        self.words = words
    }

    /// Reads 32 bytes; `nil` for any other count.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        words = .zero
        for index in 0..<4 {
            words[index] = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
    }

    /// Reads 32 bytes; `nil` for any other count.
    package init?(_ bytes: [UInt8]) {
        guard let digest = bytes.withUnsafeBytes({ Digest($0) }) else { return nil }
        self = digest
    }

    /// Reads 64 hexadecimal digits as `hexadecimal` writes them; `nil` for anything else.
    package init?(hexadecimal text: some StringProtocol) {
        guard text.utf8.count == 2 * Self.byteCount else { return nil }
        words = .zero
        for (index, byte) in text.utf8.enumerated() {
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x61...0x66: digit = byte - 0x61 + 10
            default: return nil
            }
            words[index / 16] = words[index / 16] << 4 | UInt64(digit)
        }
    }

    /// The digest of `bytes`.
    package init(of bytes: [UInt8]) {
        var hash = SHA256Hash()
        bytes.withUnsafeBytes { hash.update($0) }
        self = hash.finish()
    }

    /// The 32 bytes.
    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.byteCount) { bytes, count in
            let target = UnsafeMutableRawBufferPointer(bytes)
            for index in 0..<4 {
                target.storeBytes(of: words[index].bigEndian, toByteOffset: 8 * index, as: UInt64.self)
            }
            count = Self.byteCount
        }
    }

    /// The digest as 64 hexadecimal digits.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 2 * Self.byteCount) { text in
            for (index, byte) in bytes.enumerated() {
                text[2 * index] = digits[Int(byte >> 4)]
                text[2 * index + 1] = digits[Int(byte & 15)]
            }
            return 2 * Self.byteCount
        }
    }

    /// Joins a digest to a set of digests, or takes it out again: the set's sum shows a member that is missing or wrong.
    package mutating func toggle(_ member: Digest) {
        words ^= member.words
    }

    package static func < (left: Digest, right: Digest) -> Bool {
        for index in 0..<4 where left.words[index] != right.words[index] {
            return left.words[index] < right.words[index]
        }
        return false
    }
}

/// A SHA-256 in the making.
package struct SHA256Hash: ~Copyable {
    /// Found once: OpenSSL looks for it with locks.
    nonisolated(unsafe) private static let algorithm = EVP_MD_fetch(nil, "SHA256", nil)
    /// Contexts that nobody uses: making one takes as long as hashing a row.
    private static let idleContexts = Mutex<[Context]>([])
    private static let maxIdleContexts = 8

    /// One thread at a time has it.
    private struct Context: @unchecked Sendable {
        let pointer: OpaquePointer?
        /// Short fields, which are hashed together.
        var pending: [UInt8] = []
    }

    private var context: Context

    package init() {
        context = Self.idleContexts.withLock { $0.popLast() } ?? Context(pointer: EVP_MD_CTX_new())
        // Of one that was never finished.
        context.pending.removeAll(keepingCapacity: true)
        EVP_DigestInit_ex2(context.pointer, Self.algorithm, nil)
    }

    deinit {
        let isKept = Self.idleContexts.withLock { idle in
            guard idle.count < Self.maxIdleContexts, context.pending.capacity < 4_096 else { return false }
            idle.append(context)
            return true
        }
        if !isKept { EVP_MD_CTX_free(context.pointer) }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        flush()
        EVP_DigestUpdate(context.pointer, bytes.baseAddress, bytes.count)
    }

    private mutating func flush() {
        guard !context.pending.isEmpty else { return }
        EVP_DigestUpdate(context.pointer, context.pending, context.pending.count)
        context.pending.removeAll(keepingCapacity: true)
    }

    /// Adds a field whose end cannot be moved: its length first.
    mutating func add(_ field: [UInt8]) {
        add(field.count)
        context.pending += field
    }

    mutating func add(_ text: String) {
        add(text.utf8.count)
        context.pending += text.utf8
    }

    mutating func add(_ number: Int) {
        if context.pending.isEmpty { context.pending.reserveCapacity(256) }
        withUnsafeBytes(of: Int64(number).littleEndian) { context.pending += $0 }
    }

    package consuming func finish() -> Digest {
        flush()
        return withUnsafeTemporaryAllocation(byteCount: Digest.byteCount, alignment: 8) { bytes in
            EVP_DigestFinal_ex(context.pointer, bytes.baseAddress, nil)
            return Digest(UnsafeRawBufferPointer(bytes)) ?? .zero
        }
    }
}
