import ArgumentParser
import Glibc
import Logs
import Web

/// The command line.
@main
struct Callpath: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "callpath",
        abstract: "PyTorch-style modules behind HTTP.",
        version: ServerVersion.current,
        subcommands: [
            Serve.self, Call.self, List.self, Load.self, Save.self, Health.self, Key.self, Verify.self, Restore.self,
            Version.self,
        ],
        defaultSubcommand: Serve.self
    )

    /// Refuses to run without `/proc`, as in a bare chroot: there Swift finds no arguments, so that `health` would serve,
    /// and Dispatch stops the process when it counts its threads.
    static func main() async {
        openStandardDescriptors()
        guard access("/proc/self/cmdline", R_OK) == 0 else {
            let text = "Error: callpath needs /proc, which containers have: mount it first\n"
            _ = write(STDERR_FILENO, text, text.utf8.count)
            Glibc.exit(1)
        }
        refuseUnknownSubcommand()
        await main(nil)
    }

    /// Opens `/dev/null` where a starter has closed standard input, output or error: else the next file or socket would
    /// take the number, and what is meant for the log would be written into it.
    private static func openStandardDescriptors() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 && errno == EBADF {
            // The lowest number that is free is this one.
            _ = open("/dev/null", O_RDWR)
        }
    }

    /// Ends with a list of the subcommands if the first word is none: `serve`, the default, would take it for an option.
    private static func refuseUnknownSubcommand() {
        let names = configuration.subcommands.map { $0._commandName } + ["help"]
        guard CommandLine.arguments.count > 1, case let word = CommandLine.arguments[1],
            !word.hasPrefix("-"), !names.contains(word)
        else { return }
        // The Python package has it, and the binary by itself has not.
        let isExport = word == "export"
        let problem =
            isExport
            ? "'callpath export' comes with the Python package: pip install callpath torch safetensors"
            : "unknown subcommand '\(word)'.\(NearestWord.hint(word, in: names + ["export"]))"
        let text = """
            Error: \(problem)
            Usage: callpath <subcommand>: \(names.joined(separator: ", "))
              See 'callpath --help' for more information.

            """
        _ = StandardError.write(Array(text.utf8))
        Glibc.exit(ExitCode.validationFailure.rawValue)
    }
}
