/// The date format of HTTP, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7).
package enum HTTPDate {
    /// Returns the 29 octets of the time `seconds` after the start of 1970, which lies before the year 10000.
    package static func imfFixdate(secondsSince1970 seconds: Int) -> [UInt8] {
        let days = Int((Double(seconds) / 86_400).rounded(.down))
        let time = seconds - days * 86_400
        let date = CivilDate(daysSince1970: days)
        var text: [UInt8] = []
        text.reserveCapacity(29)
        append(name: ((days + 4) % 7 + 7) % 7, of: "SunMonTueWedThuFriSat", to: &text)
        text.append(", ")
        text.append(twoDigits: date.day)
        text.append(.space)
        append(name: date.month - 1, of: "JanFebMarAprMayJunJulAugSepOctNovDec", to: &text)
        text.append(.space)
        text.append(twoDigits: date.year / 100)
        text.append(twoDigits: date.year % 100)
        for (separator, number) in [(UInt8.space, time / 3_600), (0x3A, time / 60 % 60), (0x3A, time % 60)] {
            text.append(separator)
            text.append(twoDigits: number)
        }
        text.append(" GMT")
        return text
    }

    private static func append(name index: Int, of names: StaticString, to text: inout [UInt8]) {
        text.append(contentsOf: UnsafeBufferPointer(start: names.utf8Start + 3 * index, count: 3))
    }
}
