/// The rules that `promtool check metrics` holds names to.
package enum MetricsLint {
    /// Returns what is wrong with a metric, in words; nothing if it keeps the conventions.
    package static func problems(name: String, kind: String, help: String, labels: [String]) -> [String] {
        nameProblems(name) + kindProblems(name, kind: kind) + unitProblems(name)
            + (help.isEmpty ? ["no help text"] : []) + labels.flatMap(labelProblems)
    }

    private static func nameProblems(_ name: String) -> [String] {
        var problems: [String] = []
        if !isIdentifier(name) { problems.append("the name has characters other than letters, digits and underscores") }
        if isCamelCase(name) { problems.append("the name should be written in snake_case") }
        return problems
    }

    private static func kindProblems(_ name: String, kind: String) -> [String] {
        var problems: [String] = []
        if (kind == "counter") != name.hasSuffix("_total") {
            problems.append(kind == "counter" ? "a counter should end in _total" : "only counters should end in _total")
        }
        for suffix in ["_bucket", "_count", "_sum"] where name.hasSuffix(suffix) {
            problems.append("\(suffix) is kept for the samples of histograms")
        }
        for word in ["counter", "gauge", "histogram", "summary", "metric", "untyped", "info"]
        where words(name).contains(word) {
            problems.append("the name should not include the type \(word)")
        }
        return problems
    }

    private static func unitProblems(_ name: String) -> [String] {
        words(name).flatMap { word -> [String] in
            if abbreviations.contains(word) { return ["units should not be abbreviated: \(word)"] }
            guard let base = otherUnits[word] else { return [] }
            return ["use the base unit \(base) instead of \(word)"]
        }
    }

    private static func labelProblems(_ label: String) -> [String] {
        var problems: [String] = []
        if !isIdentifier(label) || label.hasPrefix("__") { problems.append("\(label) is no name for a label") }
        if isCamelCase(label) { problems.append("the label \(label) should be written in snake_case") }
        if ["le", "quantile"].contains(label) {
            problems.append("the label \(label) is kept for buckets and quantiles")
        }
        return problems
    }

    private static func words(_ name: String) -> [String] { name.lowercased().split(separator: "_").map(String.init) }

    private static func isIdentifier(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first) else { return false }
        return name.unicodeScalars.allSatisfy { scalar in
            scalar == "_" || scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
        }
    }

    private static func isCamelCase(_ name: String) -> Bool {
        zip(name.unicodeScalars, name.unicodeScalars.dropFirst()).contains { pair in
            pair.0.properties.isLowercase && pair.1.properties.isUppercase
        }
    }

    private static let abbreviations: Set<String> = [
        "s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d",
    ]

    private static let otherUnits: [String: String] = [
        "nanoseconds": "seconds", "microseconds": "seconds", "milliseconds": "seconds", "minutes": "seconds",
        "hours": "seconds", "days": "seconds", "weeks": "seconds", "bits": "bytes", "kilobits": "bytes",
        "megabits": "bytes", "kilobytes": "bytes", "megabytes": "bytes", "gigabytes": "bytes", "terabytes": "bytes",
        "kibibytes": "bytes", "mebibytes": "bytes", "gibibytes": "bytes", "percent": "ratio", "fahrenheit": "celsius",
        "kelvins": "kelvin",
    ]
}
