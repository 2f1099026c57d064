import Foundation
import Testing

/// Every option, as flag, variable and line of a file: read, in that order of precedence, and refused by name.
@Suite(.timeLimit(.minutes(10)))
struct OptionTableTests {
    /// One row of `callpath serve --help`.
    struct Option: Sendable, CustomTestStringConvertible {
        let name: String
        let placeholder: String

        var testDescription: String { name }
        var variable: String { "CALLPATH_" + name.uppercased().replacing("-", with: "_") }

        /// Two values that differ.
        var values: (String, String) {
            if let own = Self.own[name] { return own }
            switch placeholder {
            case "BYTES": return ("3KiB", "5KiB")
            case "TIME": return ("7s", "9s")
            case "N": return ("3", "5")
            case "TEXT": return ("one", "two")
            default:
                let words = placeholder.split(separator: "|").map(String.init)
                return (words[0], words[1])
            }
        }

        private static let own = [
            "host": ("one.test", "two.test,three.test"), "unix-socket-mode": ("0600", "0666"),
            "operations-host": ("one.test", "::1"), "operations-port": ("3", "5"),
            "trusted-proxies": ("10.0.0.0/8,unix", "::1"), "forwarded-field": ("x-forwarded-for", "forwarded"),
            "cors-origins": ("https://one.test", "https://two.test"),
            "tls-client-auth": ("optional", "required"),
            "inference-non-finite": ("refuse", "tokens"), "vertex-health-route": ("/one", "/two"),
            "vertex-predict-route": ("/one", "/two"), "allowed-hosts": ("one.test", "two.test"),
            "path-prefix": ("/one", "/two/three"),
            "store": ("postgresql://one.test/registry", "postgres://two.test,three.test:5433/registry"),
        ]

        /// A value that it cannot have; none if any text will do.
        var nonsense: String? { placeholder == "TEXT" && Self.own[name] == nil ? nil : "no such thing" }
    }

    private static let options: [Option] = {
        guard let binary = try? RunningServer.binary().path, let help = try? shell("'\(binary)' serve --help").output
        else { return [] }
        return help.matches(of: /\n  --([a-z0-9-]+) (\S+) *[^\n]*/).map {
            Option(name: "\($0.1)", placeholder: "\($0.2)")
        }
        .filter { $0.name != "config" }
    }()

    /// What `--print-config` shows for values from a file, from variables and from flags.
    private func configuration(
        file: [(Option, String)] = [],
        variables: [(Option, String)] = [],
        flags: [(Option, String)] = []
    ) throws -> (lines: Set<Substring>, output: String) {
        let folder = try Folder()
        let path = try folder.write(file.map { "\($0.name) = \($1)\n" }.joined(), to: "options")
        let words = flags.map { "--\($0.name) '\($1)'" }.joined(separator: " ")
        let command = "'\(try RunningServer.binary().path)' serve --config '\(path)' \(words) --print-config 2>&1"
        let environment = Dictionary(uniqueKeysWithValues: variables.map { ($0.variable, $1) })
        let output = try shell(command, environment: environment).output
        return (Set(output.split(separator: "\n")), output)
    }

    @Test(arguments: [false, true])
    func aFlagWinsOverAVariableAndThatOverTheFile(isSwapped: Bool) throws {
        // A port for gRPC needs HTTP/2, which is switched off here as well as on.
        let options = Self.options.filter { $0.name != "grpc-port" }
        let first = options.map { ($0, isSwapped ? $0.values.1 : $0.values.0) }
        let second = options.map { ($0, isSwapped ? $0.values.0 : $0.values.1) }
        #expect(options.count > 70)
        for (given, winner) in [
            (try configuration(file: first), first),
            (try configuration(variables: first), first),
            (try configuration(flags: first), first),
            (try configuration(file: first, variables: second), second),
            (try configuration(file: first, variables: first, flags: second), second),
        ] {
            for (option, value) in winner {
                #expect(given.lines.contains("\(option.name) = \(value)"), "\(given.output)")
            }
        }
    }

    @Test(arguments: options.filter { $0.nonsense != nil })
    func nonsenseIsRefusedByName(option: Option) throws {
        let value = try #require(option.nonsense)
        #expect(try configuration(flags: [(option, value)]).output.contains("--\(option.name): expected "))
        #expect(try configuration(variables: [(option, value)]).output.contains("\(option.variable): expected "))
        #expect(try configuration(file: [(option, value)]).output.contains(":1: \(option.name): expected "))
    }

    @Test func whatIsPrintedCanBeReadAgain() throws {
        let folder = try Folder()
        let binary = try RunningServer.binary().path
        let printed = try shell("'\(binary)' serve --port 9000 --cors-origins https://one.test --print-config").output
        let file = try folder.write(printed, to: "options")
        #expect(try shell("'\(binary)' serve --config '\(file)' --print-config").output == printed)
    }

    @Test func theTableOfThePageIsTheBinarys() throws {
        let page = try String(contentsOf: repository.appendingPathComponent("docs/options.md"), encoding: .utf8)
        let table = try shell("'\(try RunningServer.binary().path)' serve --print-options").output
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| flag |") || $0.hasPrefix("| `--") }
        #expect(rows == table.split(separator: "\n").filter { !$0.hasPrefix("|--") })
    }

    /// Looks for a place outside the options' own folder that mentions what each option writes to.
    @Test func eachOptionIsReadSomewhere() throws {
        let sources = repository.appendingPathComponent("Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
            .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
        var (tables, rest) = ("", "")
        for file in files {
            let text = try String(contentsOf: file, encoding: .utf8)
            if file.lastPathComponent.hasPrefix("OptionTable") {
                tables += text
            } else if !file.path.contains("/Options/") || file.lastPathComponent == "Configuration.swift" {
                // Neither a comment nor a declaration reads.
                rest += text.replacing(/\/\/[^\n]*/, with: "").replacing(/\b(var|let) [a-zA-Z]+/, with: "")
            }
        }
        // What other names stand for inside the options' folder.
        let meant = [
            "rate": "requestsPerSecond", "burstSize": "burst", "concurrency": "concurrentRequests",
            "certificateFile": "certificateChainFile", "keyFile": "privateKeyFile",
        ]
        let names = Set(tables.matches(of: /\\(?:\.[a-zA-Z]+)*\.([a-zA-Z]+)\b/).map { String($0.1) })
        #expect(names.count > 70)
        for name in names {
            let word = try Regex("\\b\(meant[name] ?? name)\\b").wordBoundaryKind(.simple)
            #expect(rest.contains(word), "nothing reads \(name)")
        }
    }
}
