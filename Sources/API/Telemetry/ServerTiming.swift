/// Where the time of one request went, for `Server-Timing` (W3C Server Timing).
struct ServerTiming: Sendable {
    var parse: Duration?
    var queue: Duration?
    var compute: Duration?
    var encode: Duration?

    /// Returns the field's value: durations in milliseconds.
    func fieldValue(total: Duration) -> String {
        let parts = [("parse", parse), ("queue", queue), ("compute", compute), ("encode", encode), ("total", total)]
        return parts.compactMap { name, duration in duration.map { "\(name);dur=\(Self.milliseconds($0))" } }
            .joined(separator: ", ")
    }

    /// Returns milliseconds with three decimals.
    static func milliseconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let microseconds = max(0, seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        let fraction = String(microseconds % 1000)
        return "\(microseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
