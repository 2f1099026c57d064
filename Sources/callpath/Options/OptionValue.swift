import JSON
import Logging
import Logs
import Web

/// A type that an option can have, as text.
protocol OptionValue: Sendable, SendableMetatype {
    /// Reads what a user wrote; `nil` if it is none.
    init?(optionText: String)
    /// The value as a user would write it.
    var optionText: String { get }
    /// What stands for the value in the list of options.
    static var placeholder: String { get }
    /// Whether it is a list with commas, so that an option that is given twice means both.
    static var isList: Bool { get }
    /// What a value must be, in words.
    static var expected: String { get }
    /// What a refusal shows of a text that is no value: all of it, unless it may hold a password.
    static func shown(_ optionText: String) -> String
}

extension OptionValue {
    static var isList: Bool { false }
    static var expected: String { placeholder }
    static func shown(_ optionText: String) -> String { "'\(optionText)'" }
}

extension String {
    /// The parts of a list with commas, without blanks around them.
    var listed: [Substring] {
        split(separator: ",", omittingEmptySubsequences: false).map { part in
            let start = part.drop { $0 == " " }
            return start.prefix(upTo: start.lastIndex { $0 != " " }.map(start.index(after:)) ?? start.startIndex)
        }
    }
}

extension String: OptionValue {
    init?(optionText: String) { self = optionText }
    var optionText: String { self }
    static var placeholder: String { "TEXT" }
}

extension Int: OptionValue {
    /// Reads digits with an optional minus, and nothing else.
    init?(optionText: String) {
        let digits = optionText.hasPrefix("-") ? optionText.dropFirst() : optionText[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.init(optionText)
    }
    var optionText: String { String(self) }
    static var placeholder: String { "N" }
    static var expected: String { "a whole number" }
}

extension Duration: OptionValue {
    private static let units: [(suffix: String, unit: Duration)] = [
        ("us", .microseconds(1)), ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)),
        ("h", .seconds(3_600)),
    ]

    /// Reads a whole number and its unit, as `500ms` or `10s`.
    init?(optionText: String) {
        if optionText == "0" {
            self = .zero
            return
        }
        let digits = optionText.prefix { $0.isNumber }
        guard let unit = Self.units.first(where: { $0.suffix == optionText.dropFirst(digits.count) })?.unit,
            let count = Int(optionText: String(digits)), count <= 1_000_000_000
        else { return nil }
        self = unit * count
    }

    var optionText: String {
        guard self != .zero else { return "0s" }
        for (suffix, unit) in Self.units.reversed() {
            let count = Int(self / unit)
            if unit * count == self { return "\(count)\(suffix)" }
        }
        return "\(Int(self / .microseconds(1)))us"
    }

    static var placeholder: String { "TIME" }
    static var expected: String { "a whole number with us, ms, s, m or h behind it, like 500ms" }
}

/// A number of bytes, written as `65536` or `64KiB`.
struct ByteCount: OptionValue {
    private static let units: [(suffix: String, bytes: Int)] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]

    let bytes: Int

    init(_ bytes: Int) { self.bytes = bytes }

    init?(optionText: String) {
        let digits = optionText.prefix { $0.isNumber }
        let suffix = optionText.dropFirst(digits.count)
        let unit = suffix.isEmpty ? 1 : Self.units.first { $0.suffix == suffix }?.bytes
        guard let unit, let count = Int(optionText: String(digits)) else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        self.bytes = bytes
    }

    var optionText: String {
        for (suffix, unit) in Self.units.reversed() where bytes > 0 && bytes.isMultiple(of: unit) {
            return "\(bytes / unit)\(suffix)"
        }
        return String(bytes)
    }

    static var placeholder: String { "BYTES" }
    static var expected: String { "a whole number of bytes, or one with KiB, MiB or GiB behind it" }
}

extension Double: OptionValue {
    init?(optionText: String) {
        guard let value = Double(optionText), value.isFinite else { return nil }
        self = value
    }
    var optionText: String { self == rounded() && magnitude < 1e15 ? String(Int(self)) : description }
    static var placeholder: String { "N" }
    static var expected: String { "a number" }
}

extension Bool: OptionValue {
    init?(optionText: String) {
        switch optionText {
        case "on", "true", "1": self = true
        case "off", "false", "0": self = false
        default: return nil
        }
    }
    var optionText: String { self ? "on" : "off" }
    static var placeholder: String { "on|off" }
}

extension PathPrefix: OptionValue {
    init?(optionText: String) {
        guard let prefix = optionText.isEmpty ? PathPrefix() : PathPrefix(optionText) else { return nil }
        self = prefix
    }
    var optionText: String { text }
    static var placeholder: String { "PATH" }
    static var expected: String {
        "a path that begins with '/' and does not end with it, of letters, digits, '-', '.', '_' and '~', like /models/a"
    }
}

extension LogFormat: OptionValue {
    init?(optionText: String) { self.init(rawValue: optionText) }
    var optionText: String { rawValue }
    static var placeholder: String { allCases.map(\.rawValue).joined(separator: "|") }
}

extension AdmissionLimits {
    /// The rate as an option says it: 0 for none.
    var rate: Double {
        get { requestsPerSecond ?? 0 }
        set { requestsPerSecond = newValue == 0 ? nil : newValue }
    }

    /// The burst as an option says it: 0 for what goes with the rate.
    var burstSize: Double {
        get { burst ?? 0 }
        set { burst = newValue == 0 ? nil : newValue }
    }

    /// The bound on requests under way as an option says it: 0 for none.
    var concurrency: Int {
        get { concurrentRequests ?? 0 }
        set { concurrentRequests = newValue == 0 ? nil : newValue }
    }
}

extension Logger.Level: OptionValue {
    init?(optionText: String) { self.init(rawValue: optionText) }
    var optionText: String { rawValue }
    static var placeholder: String { allCases.map(\.rawValue).joined(separator: "|") }
}

extension NonFinitePolicy: OptionValue {
    private static let names: [(name: String, policy: NonFinitePolicy)] = [
        ("strings", .strings), ("null", .null), ("refuse", .refuse), ("tokens", .tokens),
    ]

    init?(optionText: String) {
        guard let policy = Self.names.first(where: { $0.name == optionText })?.policy else { return nil }
        self = policy
    }
    var optionText: String { Self.names.first { $0.policy == self }?.name ?? "" }
    static var placeholder: String { names.map(\.name).joined(separator: "|") }
}
