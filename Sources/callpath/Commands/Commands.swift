/// The subcommands.
enum Commands {
    /// The first is what runs where no subcommand is named.
    static let all: [any Command.Type] = [
        Serve.self, Call.self, List.self, Load.self, Save.self, Health.self, Key.self, Verify.self, Restore.self,
        Version.self, Help.self,
    ]

    static func named(_ name: String) -> (any Command.Type)? {
        all.first { $0.form.name == name }
    }
}
