import Glibc

/// The time of day in UTC, to the millisecond, as `2026-11-23T08:30:00.000Z` (RFC 3339).
package struct WallClock {
    /// The millisecond that was asked for last, and its text: many lines fall into one.
    private var millisecond = Int64.min
    private var text = ""

    /// Returns the nanoseconds since 1970.
    package static func nanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Returns the text of a moment since 1970.
    mutating func text(_ nanoseconds: Int64) -> String {
        let millisecond = nanoseconds / 1_000_000
        if millisecond != self.millisecond { (self.millisecond, text) = (millisecond, Self.text(millisecond)) }
        return text
    }

    private static func text(_ millisecond: Int64) -> String {
        var second = time_t(millisecond / 1000)
        var parts = tm()
        gmtime_r(&second, &parts)
        let date =
            "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1, 2))-\(padded(Int(parts.tm_mday), 2))"
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }.joined(separator: ":")
        return "\(date)T\(clock).\(padded(Int(millisecond % 1000), 3))Z"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
