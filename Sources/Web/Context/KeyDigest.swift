import COpenSSL

/// The SHA-256 digest of a key.
///
/// A key made by `callpath key` has 256 random bits, so that a plain digest cannot be turned back.
package struct KeyDigest: Sendable, Equatable {
    /// The count of bytes of a digest.
    static let byteCount = 32
    private let bytes: [UInt8]

    /// Computes the digest of a key as the client sends it.
    package init(of key: String) {
        var digest = [UInt8](repeating: 0, count: Self.byteCount)
        let text = Array(key.utf8)
        SHA256(text, text.count, &digest)
        bytes = digest
    }

    /// Reads 64 hexadecimal digits.
    package init?(hexadecimal: some StringProtocol) {
        let digits = hexadecimal.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 2 * Self.byteCount, hexadecimal.utf8.count == digits.count else { return nil }
        bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// The digest as 64 hexadecimal digits.
    package var hexadecimal: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Returns whether two digests are equal, in a time that does not tell where they differ.
    package static func == (left: KeyDigest, right: KeyDigest) -> Bool {
        CRYPTO_memcmp(left.bytes, right.bytes, byteCount) == 0
    }

    /// Returns a new key of 256 random bits.
    package static func makeKey() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = (0..<4).map { _ in
            let word = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - word.count) + word
        }
        return "cpk_" + digits.joined()
    }
}
