/// What a command line and an environment say about the options of `callpath serve`.
struct GivenOptions {
    /// A word on the command line that is no option.
    struct UnknownWord: Error, CustomStringConvertible {
        let word: String
        /// Behind `--` it is none.
        var mayBeOption = true
        var description: String {
            guard mayBeOption, word.hasPrefix("-") else { return "unexpected word '\(word)'" }
            let name = String(word.prefix { $0 != "=" })
            let hint = NearestWord.hint(name, in: OptionTable.options.map(\.flag) + ["--config"] + GivenOptions.flags)
            return "unknown option '\(word)'.\(hint)"
        }
    }

    /// An option at the end of a command line, without its value.
    struct MissingValue: Error, CustomStringConvertible {
        let flag: String
        var description: String { "\(flag): expected a value" }
    }

    /// What is given without a value.
    struct UnwantedValue: Error, CustomStringConvertible {
        let flag: String
        let value: String
        var description: String { "\(flag): expected no value, got '\(value)'" }
    }

    /// The options that take no value.
    private static let flags = ["--print-config", "--print-options", "--help"]

    /// Whether a word is an option behind which its value stands.
    static func takesValue(_ word: String) -> Bool {
        word == "--config" || OptionTable.options.contains { $0.flag == word }
    }

    static func knows(_ option: String) -> Bool { takesValue(option) || flags.contains(option) || option == "-h" }

    /// Whether only the configuration is to be printed.
    private(set) var printsConfiguration = false
    /// Whether only the list of options is to be printed.
    private(set) var printsHelp = false
    /// Whether only the table of docs/options.md is to be printed.
    private(set) var printsTable = false
    private typealias Given = (option: ServeOption, text: String, source: String)

    private var values: [Given] = []
    private var given: [Given] = []

    /// The variables that look like ours and are none.
    private let unknownVariables: [String]

    /// The file of `--config` or `CALLPATH_CONFIG`.
    private var file: String?

    /// Reads the words and the environment; of each option a flag wins over a variable, and that over the file.
    ///
    /// `folder` is where a file with a relative path lies, if not in the current one.
    init(words: [String], environment: [String: String], folder: String? = nil) throws {
        unknownVariables = UnknownVariables.names(in: environment)
        values = PlatformVariables.values(in: environment)
        for option in OptionTable.options {
            guard let text = environment[option.variable] else { continue }
            values.append((option, text, option.variable))
        }
        file = environment["CALLPATH_CONFIG"]
        var rest = words[...]
        while let word = rest.popFirst() { try read(word, &rest) }
        // Who asks what there is has not to set right first what is wrong.
        if printsHelp || printsTable {
            values = []
            return
        }
        if let folder, let path = file, !path.hasPrefix("/") { file = "\(folder)/\(path)" }
        values = try (file.map { Self.joined(try OptionFile.read($0)) } ?? []) + values + Self.joined(given)
    }

    /// Joins what one place gives of a list in pieces: a flag that is repeated, lines of a file.
    private static func joined(_ values: [Given]) -> [Given] {
        values.reduce(into: []) { joined, given in
            let same = joined.lastIndex { $0.option.name == given.option.name }
            guard given.option.isList, let same else { return joined.append(given) }
            joined[same].text += joined[same].text.isEmpty ? given.text : ",\(given.text)"
        }
    }

    private mutating func read(_ word: String, _ rest: inout ArraySlice<String>) throws {
        switch word {
        case "--print-config": printsConfiguration = true
        case "--print-options": printsTable = true
        case "--help", "-h": printsHelp = true
        case "--":
            if let word = rest.first { throw UnknownWord(word: word, mayBeOption: false) }
        default:
            let halves = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if halves.count == 2, Self.flags.contains(String(halves[0])) {
                throw UnwantedValue(flag: String(halves[0]), value: String(halves[1]))
            }
            let option = OptionTable.options.first { $0.flag == halves[0] }
            guard option != nil || halves[0] == "--config" else { throw UnknownWord(word: word) }
            guard let text = halves.count == 2 ? String(halves[1]) : rest.popFirst() else {
                throw MissingValue(flag: String(halves[0]))
            }
            if let option { given.append((option, text, option.flag)) } else { file = text }
        }
    }

    /// Returns the configuration with all that was given, the last of each winning.
    func configuration() throws -> Configuration {
        var configuration = Configuration()
        for (option, text, source) in values { try option.apply(text, from: source, to: &configuration) }
        let isPortGiven = values.contains { ["host", "port"].contains($0.option.name) }
        configuration.wantsPort = configuration.unixSocket.isEmpty || isPortGiven
        configuration.warnings = unknownVariables.map(UnknownVariables.warning)
        try configuration.checkNeeds()
        return configuration
    }
}
