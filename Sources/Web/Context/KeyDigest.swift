import COpenSSL

/// The SHA-256 digest of a key.
///
/// A key made by `callpath key` has 256 random bits, so that a plain digest cannot be turned back.
package struct KeyDigest: Sendable, Equatable {
    /// The count of bytes of a digest.
    static let byteCount = 32
    private let bytes: SIMD32<UInt8>

    /// Computes the digest of a key as the client sends it.
    package init(of key: String) {
        self.init(of: Array(key.utf8)[...])
    }

    /// Computes the digest of the octets of a key.
    ///
    /// By parts: `SHA256` looks the algorithm up each time, which takes most of a microsecond.
    init(of key: ArraySlice<UInt8>) {
        var context = SHA256_CTX()
        copenssl_sha256_begin(&context)
        key.withUnsafeBytes { copenssl_sha256_add(&context, $0.baseAddress, $0.count) }
        bytes = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.byteCount) { digest in
            copenssl_sha256_end(&context, digest.baseAddress)
            return SIMD32(digest)
        }
    }

    /// Reads 64 hexadecimal digits.
    package init?(hexadecimal: some StringProtocol) {
        let digits = hexadecimal.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 2 * Self.byteCount, hexadecimal.utf8.count == digits.count else { return nil }
        bytes = SIMD32(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }

    /// The digest as 64 hexadecimal digits.
    package var hexadecimal: String {
        bytes.indices.map { (bytes[$0] < 16 ? "0" : "") + String(bytes[$0], radix: 16) }.joined()
    }

    /// Returns whether two digests are equal, in a time that does not tell where they differ.
    package static func == (left: KeyDigest, right: KeyDigest) -> Bool {
        withUnsafeBytes(of: left.bytes) { left in
            withUnsafeBytes(of: right.bytes) { CRYPTO_memcmp(left.baseAddress, $0.baseAddress, byteCount) == 0 }
        }
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
