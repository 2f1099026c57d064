import Metrics

/// Where the time of one request went, for `Server-Timing` (W3C Server Timing).
package struct ServerTiming: Sendable {
    /// What a request spends time on, in the order in which the field names it.
    package enum Part: String, CaseIterable {
        case parse, queue, compute, encode
    }

    private var durations: [Part: Duration] = [:]

    /// Accesses how long a part took; `nil` if the request had none.
    package subscript(part: Part) -> Duration? {
        get { durations[part] }
        set { durations[part] = newValue }
    }

    /// Returns the field's value: durations in milliseconds.
    func fieldValue(total: Duration) -> String {
        let parts = Part.allCases.map { ($0.rawValue, durations[$0]) } + [("total", total)]
        return parts.compactMap { name, duration in duration.map { "\(name);dur=\(Self.milliseconds($0))" } }
            .joined(separator: ", ")
    }

    /// Returns milliseconds with three decimals.
    static func milliseconds(_ duration: Duration) -> String {
        let microseconds = microseconds(duration)
        let fraction = String(microseconds % 1000)
        return "\(microseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    /// Returns whole microseconds, none for a time that ran backward.
    static func microseconds(_ duration: Duration) -> Int {
        max(0, duration.wholeMicroseconds)
    }
}
