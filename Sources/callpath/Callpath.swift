import Glibc
import Logs
import Web

/// The command line.
@main
enum Callpath {
    /// Refuses to run without `/proc`, as in a bare chroot: there Swift finds no arguments, so that `health` would serve,
    /// and Dispatch stops the process when it counts its threads.
    static func main() async {
        openStandardDescriptors()
        _ = Output.ignoresSignalOfGoneReaders
        // Before anything that takes time: supervisors and log rotation send them whenever they like.
        for number in Signals.ignored { signal(number, SIG_IGN) }
        guard access("/proc/self/cmdline", R_OK) == 0 else {
            return end(1, "Error: callpath needs /proc, which containers have: mount it first")
        }
        await run(Array(CommandLine.arguments.dropFirst()))
    }

    /// Opens `/dev/null` where a starter has closed standard input, output or error: else the next file or socket would
    /// take the number, and what is meant for the log would be written into it.
    ///
    /// Only the log is lost without a word: what a command should read or say there fails as it does on a closed one.
    private static func openStandardDescriptors() {
        let modes = [STDIN_FILENO: O_WRONLY, STDOUT_FILENO: O_RDONLY, STDERR_FILENO: O_RDWR]
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 && errno == EBADF {
            // The lowest number that is free is this one.
            _ = open("/dev/null", modes[number] ?? O_RDWR)
        }
    }

    private static func run(_ words: [String]) async {
        if let first = words.first, ["--version", "--help", "-h"].contains(first) { return tell(first, words) }
        if words.first?.hasPrefix("--version=") == true {
            return end(UsageError.status, "Error: --version: expected no value\nUsage: callpath --version")
        }
        let given = Subcommand(in: words, takesValue: takesValue)
        let strays = given.isFirst ? nil : owners(of: given.words.first)
        if let name = given.name {
            if let command = Commands.named(name) { return await run(command, given.words) }
            if given.isFirst || strays != nil { return refuse(unknown: name) }
        }
        if let strays { return refuse(strays) }
        await run(Serve.self, words)
    }

    /// Does what an option that stands for itself asks for.
    private static func tell(_ option: String, _ words: [String]) {
        if words.count > 1 {
            let problem = "Error: unexpected word '\(words[1])' behind \(option)"
            return end(UsageError.status, "\(problem)\nUsage: callpath \(option)")
        }
        do {
            try Output.say(
                option == "--version" ? ServerVersion.current : CommandHelp.overview(of: Commands.all.map { $0.form })
            )
        } catch {
            end(1, "Error: \(error)")
        }
    }

    private static func run(_ command: any Command.Type, _ words: [String]) async {
        do {
            try await perform(command, words)
        } catch let status as ExitStatus {
            Glibc.exit(status.code)
        } catch let error as UnknownSubcommand {
            refuse(unknown: error.name)
        } catch let error as UsageError {
            let more = "  See 'callpath \(command.form.name) --help' for more information."
            end(UsageError.status, "Error: \(error)\nUsage: \(command.form.usage)\n\(more)")
        } catch {
            end(1, "Error: \(error)")
        }
    }

    private static func perform(_ command: any Command.Type, _ words: [String]) async throws {
        do {
            let command = try command.init(words)
            // The server has a log for that.
            if !(command is Serve) { warnOfUnknownVariables() }
            try await command.run()
        } catch is HelpRequest {
            try Output.say(CommandHelp.text(of: command.form))
        }
    }

    private static func warnOfUnknownVariables() {
        for name in UnknownVariables.names(in: Variables.all) {
            _ = StandardError.write(Array("Warning: \(UnknownVariables.warning(name))\n".utf8))
        }
    }

    private static func takesValue(_ option: String) -> Bool {
        GivenOptions.takesValue(option)
            || Commands.all.contains { $0.form.words.contains { $0.kind == .option && $0.flag == option } }
    }

    /// Says which subcommands have an option that `serve` has not; `nil` if none has it.
    private static func owners(of word: String?) -> String? {
        guard let option = word.map({ String($0.prefix { $0 != "=" }) }), !GivenOptions.knows(option) else {
            return nil
        }
        let names = Commands.all.filter { $0.form.words.contains { $0.kind != .argument && $0.flag == option } }
            .map { $0.form.name }
        guard let first = names.first else { return nil }
        return
            "\(option) is an option of \(names.joined(separator: ", ")): name one, as in 'callpath \(first) \(option)'."
    }

    /// Ends with a list of the subcommands for a word that names none.
    private static func refuse(unknown word: String) {
        let names = Commands.all.map { $0.form.name }
        // The Python package has it, and the binary by itself has not.
        refuse(
            word == CommandHelp.export.name
                ? "'callpath export' comes with the Python package: pip install callpath torch safetensors"
                : "unknown subcommand '\(word)'.\(NearestWord.hint(word, in: names + [CommandHelp.export.name]))"
        )
    }

    private static func refuse(_ problem: String) {
        let usage = "Usage: callpath <subcommand>: \(Commands.all.map { $0.form.name }.joined(separator: ", "))"
        end(UsageError.status, "Error: \(problem)\n\(usage)\n  See 'callpath --help' for more information.")
    }

    private static func end(_ status: Int32, _ text: String) {
        _ = StandardError.write(Array("\(text)\n".utf8))
        Glibc.exit(status)
    }
}
