/// `callpath help`: shows what there is, or how a subcommand is used.
struct Help: Command {
    static let form = CommandForm(
        name: "help",
        summary: "Show what there is, or how a subcommand is used.",
        words: [.init(kind: .argument, name: "subcommand", help: "What to describe; all that there is if not given.")]
    )

    private let name: String?

    init(_ words: [String]) throws {
        name = try GivenWords(words, of: Self.form)["subcommand"]
    }

    func run() throws { try Output.say(try text()) }

    private func text() throws(UnknownSubcommand) -> String {
        guard let name else { return CommandHelp.overview(of: Commands.all.map { $0.form }) }
        if name == CommandHelp.export.name { return CommandHelp.exportText }
        guard let command = Commands.named(name) else { throw UnknownSubcommand(name: name) }
        return command == Serve.self ? OptionListing.help : CommandHelp.text(of: command.form)
    }
}

/// A word where a subcommand is named, and that names none.
struct UnknownSubcommand: Error {
    let name: String
}
