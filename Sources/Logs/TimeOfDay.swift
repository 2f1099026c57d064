import Glibc

/// The time of day in UTC, to the millisecond, as `2026-11-23T08:30:00.000Z` (RFC 3339).
struct TimeOfDay {
    /// The second that was asked for last, and its text up to the point: many lines fall into one.
    private var second = Int64.min
    private var text = ""

    /// Appends the text of a moment since 1970.
    mutating func append(_ nanoseconds: Int64, to buffer: inout LogBuffer) {
        let millisecond = nanoseconds / 1_000_000
        let second = millisecond / 1000
        if second != self.second { (self.second, text) = (second, Self.text(second)) }
        buffer.append(text)
        buffer.append(UInt8(ascii: "."))
        buffer.append(decimal: Int(millisecond % 1000), width: 3)
        buffer.append(UInt8(ascii: "Z"))
    }

    private static func text(_ second: Int64) -> String {
        var second = time_t(second)
        var parts = tm()
        gmtime_r(&second, &parts)
        let date = [(Int(parts.tm_year) + 1900, 4), (Int(parts.tm_mon) + 1, 2), (Int(parts.tm_mday), 2)]
        let time = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }
        return "\(date.map(padded).joined(separator: "-"))T\(time.joined(separator: ":"))"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
