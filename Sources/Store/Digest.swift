import COpenSSL

/// The SHA-256 of some bytes.
package struct Digest: Sendable, Hashable, Comparable {
    /// The count of bytes of a digest.
    static let byteCount = 32
    /// The digest as eight words, the first one most significant.
    private var words: SIMD4<UInt64>

    /// The digest that stands for nothing: joining with it changes nothing.
    static let zero = Digest(words: .zero)

    private init(words: SIMD4<UInt64>) {
        self.words = words
    }

    /// Reads 32 bytes; `nil` for any other count.
    init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        words = .zero
        for (index, byte) in bytes.enumerated() { words[index / 8] = words[index / 8] << 8 | UInt64(byte) }
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
    var bytes: [UInt8] {
        (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> (56 - 8 * ($0 % 8))) }
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
    mutating func toggle(_ member: Digest) {
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
struct SHA256Hash: ~Copyable {
    private let context = EVP_MD_CTX_new()

    init() {
        EVP_DigestInit_ex(context, EVP_sha256(), nil)
    }

    deinit { EVP_MD_CTX_free(context) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// Adds a field whose end cannot be moved: its length first.
    mutating func add(_ field: some Collection<UInt8>) {
        add(field.count)
        Array(field).withUnsafeBytes { update($0) }
    }

    mutating func add(_ text: String) { add(text.utf8) }

    mutating func add(_ number: Int) {
        withUnsafeBytes(of: Int64(number).littleEndian) { update($0) }
    }

    consuming func finish() -> Digest {
        var bytes = [UInt8](repeating: 0, count: Digest.byteCount)
        EVP_DigestFinal_ex(context, &bytes, nil)
        return Digest(bytes) ?? .zero
    }
}
