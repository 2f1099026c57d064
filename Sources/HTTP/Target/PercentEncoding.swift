/// The percent-encoding of RFC 3986 2.1, taken off once and never twice.
package enum PercentEncoding {
    /// Returns whether two hexadecimal digits follow each `%`.
    package static func isValid(_ octets: Span<UInt8>) -> Bool {
        var index = 0
        while index < octets.count {
            guard octets[index] == UInt8(ascii: "%") else {
                index += 1
                continue
            }
            guard index + 2 < octets.count,
                OctetSet.hexadecimal.contains(octets[index + 1]),
                OctetSet.hexadecimal.contains(octets[index + 2])
            else { return false }
            index += 3
        }
        return true
    }

    /// Returns the octets that `octets` encode, or `nil` if a `%` has no two hexadecimal digits behind it.
    package static func decodedOctets(_ octets: some Collection<UInt8>) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(octets.count)
        var rest = octets.makeIterator()
        while let octet = rest.next() {
            guard octet == UInt8(ascii: "%") else {
                decoded.append(octet)
                continue
            }
            guard let high = rest.next()?.hexadecimalValue, let low = rest.next()?.hexadecimalValue else { return nil }
            decoded.append(high << 4 | low)
        }
        return decoded
    }

    /// Returns the text that `octets` encode, or `nil` if it is badly encoded or not UTF-8.
    package static func decoded(_ octets: some Collection<UInt8>) -> String? {
        decodedOctets(octets).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
