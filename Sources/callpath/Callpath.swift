import API
import ArgumentParser

/// The command line.
@main
struct Callpath: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "callpath",
        abstract: "PyTorch-style modules behind HTTP.",
        version: API.version,
        subcommands: [Serve.self, Health.self, Key.self, Version.self],
        defaultSubcommand: Serve.self
    )
}
