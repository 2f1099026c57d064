import COpenSSL

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

    /// Hands the 32 bytes to `body`.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let words = (words[0].bigEndian, words[1].bigEndian, words[2].bigEndian, words[3].bigEndian)
        return withUnsafeBytes(of: words) { body($0) }
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
    private var context = SHA256_CTX()

    package init() { copenssl_sha256_begin(&context) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        copenssl_sha256_add(&context, bytes.baseAddress, bytes.count)
    }

    /// Adds a field whose end cannot be moved: its length first.
    mutating func add(_ field: [UInt8]) {
        add(field.count)
        field.withUnsafeBytes { update($0) }
    }

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { text in
            add(text.count)
            update(UnsafeRawBufferPointer(text))
        }
    }

    mutating func add(_ digest: Digest) {
        add(Digest.byteCount)
        digest.withBytes { update($0) }
    }

    mutating func add(_ number: Int) {
        withUnsafeBytes(of: Int64(number).littleEndian) { update($0) }
    }

    package consuming func finish() -> Digest {
        withUnsafeTemporaryAllocation(byteCount: Digest.byteCount, alignment: 8) { bytes in
            copenssl_sha256_end(&context, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
            return Digest(UnsafeRawBufferPointer(bytes)) ?? .zero
        }
    }
}
