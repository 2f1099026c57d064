/// One option of `callpath serve`: a flag, an environment variable, a row of the table in docs/options.md.
struct ServeOption: Sendable {
    /// What is wrong with a value that a user gave.
    struct Refusal: Error, CustomStringConvertible {
        /// The flag or variable that held the value.
        let source: String
        let expected: String
        let got: String

        var description: String { "\(source): expected \(expected), got \(got)" }
    }

    /// What a value must meet beyond its type.
    struct Rule<Value>: Sendable {
        /// The rule in words.
        let words: String
        let isMet: @Sendable (Value) -> Bool
    }

    /// The name without its dashes, as `max-body-bytes`.
    let name: String
    /// What the option is for, in a fragment.
    let help: String
    /// What stands for its value.
    let placeholder: String
    /// The default as the table shows it: the same on every machine.
    let standard: String
    /// Whether what is given several times is joined with commas; the last wins if not.
    let isList: Bool
    /// What a refusal shows of what a user wrote.
    private let shownRefused: @Sendable (String) -> String
    /// What a value must be, in words.
    private let expected: String
    /// Writes a value into a configuration, or returns `false` if it is none.
    private let write: @Sendable (inout Configuration, String) -> Bool
    private let read: @Sendable (Configuration) -> String

    private init(
        name: String,
        help: String,
        placeholder: String,
        expected: String,
        shown: String? = nil,
        isList: Bool = false,
        shownRefused: @escaping @Sendable (String) -> String = { "'\($0)'" },
        write: @escaping @Sendable (inout Configuration, String) -> Bool,
        read: @escaping @Sendable (Configuration) -> String
    ) {
        self.name = name
        self.help = help
        self.placeholder = placeholder
        self.expected = expected
        self.isList = isList
        self.shownRefused = shownRefused
        self.write = write
        self.read = read
        standard = shown ?? read(Configuration())
    }

    /// Creates an option for a field of a configuration.
    ///
    /// Where the default depends on the machine, `shown` says how.
    init<Value: OptionValue>(
        _ name: String,
        _ help: String,
        _ path: any WritableKeyPath<Configuration, Value> & Sendable,
        _ rule: Rule<Value>? = nil,
        shown: String? = nil
    ) {
        let expected = rule?.words ?? Value.expected
        self.init(
            name: name,
            help: help,
            placeholder: Value.placeholder,
            expected: expected,
            shown: shown,
            isList: Value.isList,
            shownRefused: Value.shown
        ) {
            guard let value = Value(optionText: $1), rule?.isMet(value) != false else { return false }
            $0[keyPath: path] = value
            return true
        } read: {
            $0[keyPath: path].optionText
        }
    }

    /// The flag.
    var flag: String { "--\(name)" }

    /// The environment variable.
    var variable: String {
        "CALLPATH_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }

    /// Writes the value that `source` holds into `configuration`.
    func apply(_ text: String, from source: String, to configuration: inout Configuration) throws(Refusal) {
        guard !write(&configuration, text) else { return }
        throw Refusal(source: source, expected: expected, got: shownRefused(text))
    }

    /// Returns the option's value as text.
    func text(in configuration: Configuration) -> String { read(configuration) }
}

extension ServeOption {
    /// Creates an option for a field that is a number of bytes, at least one.
    static func bytes(
        _ name: String,
        _ help: String,
        _ path: any WritableKeyPath<Configuration, Int> & Sendable
    ) -> ServeOption {
        ServeOption(name: name, help: "bytes of \(help)", placeholder: "BYTES", expected: "1 byte or more") {
            guard let count = ByteCount(optionText: $1), count.bytes >= 1 else { return false }
            $0[keyPath: path] = count.bytes
            return true
        } read: {
            ByteCount($0[keyPath: path]).optionText
        }
    }
}

extension ServeOption.Rule where Value == Int {
    static func within(_ range: ClosedRange<Int>) -> Self {
        Self(words: "\(range.lowerBound)..\(range.upperBound)") { range.contains($0) }
    }

    static func atLeast(_ least: Int) -> Self {
        Self(words: "\(least) or more") { $0 >= least }
    }
}
