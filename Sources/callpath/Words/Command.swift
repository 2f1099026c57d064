/// A subcommand of `callpath`.
protocol Command: SendableMetatype {
    static var form: CommandForm { get }

    /// Takes up the words behind its name.
    ///
    /// - Throws: `UsageError` for what it cannot be given, `HelpRequest` if it is asked how it is used.
    init(_ words: [String]) throws

    /// Does its work; what it throws is said as an error.
    func run() async throws
}

/// How a subcommand is called: what its words are read by, and what help shows.
struct CommandForm: Sendable {
    /// A word, or two that belong together.
    struct Word: Sendable {
        enum Kind {
            /// Known by its place.
            case argument
            /// Known by its name, and with a value behind it.
            case option
            /// Given or not.
            case flag
        }

        let kind: Kind
        let name: String
        let help: String
        var isRequired = false
        /// What stands for an option's value.
        var value: String?

        var flag: String { "--\(name)" }

        /// As help shows it.
        var title: String {
            switch kind {
            case .argument: "<\(name)>"
            case .option: "\(flag) <\(value ?? name)>"
            case .flag: flag
            }
        }
    }

    let name: String
    /// What it does, in a sentence.
    let summary: String
    /// What else there is to know.
    var details: String?
    var words: [Word] = []
    /// What stands for the words, if they are read elsewhere.
    var placeholder: String?

    /// How it is called, in a line.
    var usage: String { (["callpath", name] + shownWords).joined(separator: " ") }

    /// The words behind its name, in brackets if they need not be there.
    var shownWords: [String] {
        placeholder.map { [$0] } ?? words.map { $0.isRequired ? $0.title : "[\($0.title)]" }
    }
}

/// What is wrong with the words that somebody typed.
struct UsageError: Error, CustomStringConvertible {
    static let status: Int32 = 64

    let description: String

    init(_ description: String) { self.description = description }
}

/// Somebody asks how a subcommand is used.
struct HelpRequest: Error {}

/// An end of which all is said.
struct ExitStatus: Error {
    static let failure = ExitStatus(code: 1)

    let code: Int32
}
