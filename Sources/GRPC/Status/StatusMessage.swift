/// The text of `grpc-message`: octets outside of printable ASCII, and `%`, are percent-encoded (PROTOCOL-HTTP2.md).
enum StatusMessage {
    /// Octets of an encoded text; what is longer is cut.
    static let maxByteCount = 4_096

    static func encoded(_ text: String) -> String {
        var octets: [UInt8] = []
        octets.reserveCapacity(min(text.utf8.count, maxByteCount))
        for scalar in text.unicodeScalars {
            let start = octets.count
            for octet in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                if (0x20...0x7E).contains(octet), octet != UInt8(ascii: "%") {
                    octets.append(octet)
                } else {
                    octets += [UInt8(ascii: "%"), digits[Int(octet >> 4)], digits[Int(octet & 0xF)]]
                }
            }
            guard octets.count <= maxByteCount else {
                // No character is cut in two.
                octets.removeLast(octets.count - start)
                break
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
}
