import Glibc
import Logs
import Web

/// The command line.
@main
enum Callpath {
    /// The first is what runs where no subcommand is named.
    private static let commands: [any Command.Type] = [
        Serve.self, Call.self, List.self, Load.self, Save.self, Health.self, Key.self, Verify.self, Restore.self,
        Version.self,
    ]

    /// Refuses to run without `/proc`, as in a bare chroot: there Swift finds no arguments, so that `health` would serve,
    /// and Dispatch stops the process when it counts its threads.
    static func main() async {
        openStandardDescriptors()
        guard access("/proc/self/cmdline", R_OK) == 0 else {
            return end(1, "Error: callpath needs /proc, which containers have: mount it first")
        }
        await run(Array(CommandLine.arguments.dropFirst()))
    }

    /// Opens `/dev/null` where a starter has closed standard input, output or error: else the next file or socket would
    /// take the number, and what is meant for the log would be written into it.
    private static func openStandardDescriptors() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 && errno == EBADF {
            // The lowest number that is free is this one.
            _ = open("/dev/null", O_RDWR)
        }
    }

    private static func run(_ words: [String]) async {
        switch words.first {
        case "--version": print(ServerVersion.current)
        case "--help", "-h": print(CommandHelp.overview(of: commands.map { $0.form }))
        case "help": help(words.dropFirst().first)
        case let name? where !name.hasPrefix("-"):
            guard let command = command(named: name) else { return refuse(name) }
            await run(command, Array(words.dropFirst()))
        default: await run(Serve.self, words)
        }
    }

    private static func run(_ command: any Command.Type, _ words: [String]) async {
        do {
            try await command.init(words).run()
        } catch is HelpRequest {
            print(CommandHelp.text(of: command.form))
        } catch let status as ExitStatus {
            Glibc.exit(status.code)
        } catch let error as UsageError {
            let more = "  See 'callpath \(command.form.name) --help' for more information."
            end(UsageError.status, "Error: \(error)\nUsage: \(command.form.usage)\n\(more)")
        } catch {
            end(1, "Error: \(error)")
        }
    }

    private static func command(named name: String) -> (any Command.Type)? {
        commands.first { $0.form.name == name }
    }

    private static func help(_ name: String?) {
        guard let name else { return print(CommandHelp.overview(of: commands.map { $0.form })) }
        guard let command = command(named: name) else { return refuse(name) }
        print(command == Serve.self ? OptionListing.help : CommandHelp.text(of: command.form))
    }

    /// Ends with a list of the subcommands for a word that names none.
    private static func refuse(_ word: String) {
        let names = commands.map { $0.form.name } + ["help"]
        // The Python package has it, and the binary by itself has not.
        let problem =
            word == "export"
            ? "'callpath export' comes with the Python package: pip install callpath torch safetensors"
            : "unknown subcommand '\(word)'.\(NearestWord.hint(word, in: names + ["export"]))"
        let usage = "Usage: callpath <subcommand>: \(names.joined(separator: ", "))"
        end(UsageError.status, "Error: \(problem)\n\(usage)\n  See 'callpath --help' for more information.")
    }

    private static func end(_ status: Int32, _ text: String) {
        _ = StandardError.write(Array("\(text)\n".utf8))
        Glibc.exit(status)
    }
}
