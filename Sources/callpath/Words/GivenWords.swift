/// The words behind the name of a subcommand, read by its form.
struct GivenWords {
    private let form: CommandForm
    private var values: [String: String] = [:]

    init(_ words: [String], of form: CommandForm) throws {
        self.form = form
        var rest = words[...]
        var arguments = form.words.filter { $0.kind == .argument }[...]
        var mayBeOption = true
        while let word = rest.popFirst() {
            if mayBeOption, word == "--" {
                mayBeOption = false
            } else if mayBeOption, Self.isOption(word) {
                try readOption(word, &rest)
            } else {
                guard let argument = arguments.popFirst() else { throw UsageError("unexpected word '\(word)'") }
                values[argument.name] = word
            }
        }
        for word in form.words where word.isRequired && values[word.name] == nil {
            throw UsageError("\(word.kind == .argument ? word.title : word.flag): expected a value")
        }
    }

    /// Whether a word names an option: `-` alone is standard input, and `-1` a number.
    private static func isOption(_ word: String) -> Bool {
        guard word.hasPrefix("-"), let second = word.dropFirst().first else { return false }
        return second != "." && !second.isNumber
    }

    private mutating func readOption(_ word: String, _ rest: inout ArraySlice<String>) throws {
        guard word != "--help", word != "-h" else { throw HelpRequest() }
        let halves = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let options = form.words.filter { $0.kind != .argument }
        let option = options.first { $0.flag == halves[0] }
        if halves.count == 2, halves[0] == "--help" || option?.kind == .flag {
            throw UsageError("\(halves[0]): expected no value, got '\(halves[1])'")
        }
        guard let option else {
            let hint = NearestWord.hint(halves[0], in: options.map(\.flag) + ["--help"])
            throw UsageError("unknown option '\(word)'.\(hint)")
        }
        guard option.kind == .option else { return values[option.name] = "" }
        if halves.count == 2 { return values[option.name] = halves[1] }
        guard let value = rest.first, !value.hasPrefix("--") else {
            throw UsageError("\(option.flag): expected a value")
        }
        values[option.name] = rest.removeFirst()
    }

    /// What was given; a flag that was given is empty.
    subscript(name: String) -> String? { values[name] }

    /// What must be given, and so was.
    func required(_ name: String) -> String { values[name] ?? "" }

    func has(_ flag: String) -> Bool { values[flag] != nil }

    func number(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(optionText: text), range.contains(number) else {
            throw UsageError("--\(name): expected \(range.lowerBound)..\(range.upperBound), got '\(text)'")
        }
        return number
    }
}
