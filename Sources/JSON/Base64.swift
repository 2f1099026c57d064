/// Bytes as a text (RFC 4648 4).
package enum Base64 {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    /// The bits that each octet stands for; 64 for those that stand for none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 64, count: 256)
        for (value, letter) in letters.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()
    private static let padding = UInt8(ascii: "=")

    package static func text(_ bytes: [UInt8]) -> String {
        let letters = letters
        return String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { text in
            var end = 0
            for start in stride(from: 0, to: bytes.count, by: 3) {
                let count = min(3, bytes.count - start)
                var bits: UInt32 = 0
                for place in 0..<3 { bits = bits << 8 | (place < count ? UInt32(bytes[start + place]) : 0) }
                for place in 0..<4 {
                    let letter = letters[Int(bits >> UInt32(18 - 6 * place) & 63)]
                    text[end + place] = place <= count ? letter : padding
                }
                end += 4
            }
            return end
        }
    }

    /// Returns the bytes that `text` stands for, padded to fours; `nil` if it is none.
    package static func bytes(_ text: String) -> [UInt8]? {
        let octets = Array(text.utf8)
        guard octets.count.isMultiple(of: 4) else { return nil }
        let paddingCount = octets.suffix(2).reversed().prefix { $0 == padding }.count
        let values = values
        var (bytes, bits) = ([UInt8](), 0 as UInt32)
        bytes.reserveCapacity(octets.count / 4 * 3)
        for (index, octet) in octets.dropLast(paddingCount).enumerated() {
            let value = values[Int(octet)]
            guard value < 64 else { return nil }
            bits = bits << 6 | UInt32(value)
            guard index & 3 == 3 else { continue }
            for shift: UInt32 in [16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        }
        switch paddingCount {
        case 2: bytes.append(UInt8(truncatingIfNeeded: bits >> 4))
        case 1: for shift: UInt32 in [10, 2] { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        default: break
        }
        return bytes
    }
}
