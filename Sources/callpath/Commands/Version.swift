import Web

/// `callpath version`.
struct Version: Command {
    static let form = CommandForm(
        name: "version",
        summary: "Print the version of Callpath.",
        words: [
            .init(
                kind: .flag,
                name: "verbose",
                help: "Print what it was made of too, and what it found here: for reports of faults and lists of parts."
            )
        ]
    )

    private let isVerbose: Bool

    init(_ words: [String]) throws {
        isVerbose = try GivenWords(words, of: Self.form).has("verbose")
    }

    func run() throws {
        let parts = isVerbose ? Part.all.map(\.description) : []
        try Output.say((["callpath \(ServerVersion.current)"] + parts).joined(separator: "\n"))
    }
}
