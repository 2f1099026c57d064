/// Prometheus' text format, version 0.0.4.
struct Exposition {
    private(set) var bytes: [UInt8] = []

    mutating func header(_ name: String, help: String, kind: String) {
        bytes += "# HELP \(name) \(Self.escaped(help, quote: false))\n# TYPE \(name) \(kind)\n".utf8
    }

    mutating func sample(_ name: String, labels: some Sequence<(String, String)> = [], value: Double) {
        bytes += name.utf8
        let pairs = labels.map { "\($0)=\"\(Self.escaped($1, quote: true))\"" }
        if !pairs.isEmpty { bytes += "{\(pairs.joined(separator: ","))}".utf8 }
        bytes += " \(Self.text(value))\n".utf8
    }

    mutating func histogram(_ name: String, labels: [(String, String)] = [], _ histogram: Histogram) {
        var total = 0
        for (bound, count) in zip(histogram.bounds + [.infinity], histogram.rangeCounts) {
            total += count
            sample("\(name)_bucket", labels: labels + [("le", Self.text(bound))], value: Double(total))
        }
        sample("\(name)_sum", labels: labels, value: histogram.sum)
        sample("\(name)_count", labels: labels, value: Double(total))
    }

    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? "\(value)"
    }

    private static func escaped(_ text: String, quote: Bool) -> String {
        // By scalars: to `Character`, "\r\n" is one thing and no line feed.
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quote: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }
}
