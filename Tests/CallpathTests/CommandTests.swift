import Foundation
import Testing

/// The words of the command line: what is mistyped is named, with the nearest that there is.
@Suite(.timeLimit(.minutes(10)))
struct CommandTests {
    private func run(_ words: String, environment: [String: String] = [:]) throws -> (output: String, status: Int32) {
        try shell("'\(RunningServer.binary().path)' \(words) 2>&1", environment: environment)
    }

    @Test(arguments: [
        ("foo", "Error: unknown subcommand 'foo'.\n"), ("heatlh", "'heatlh'. Did you mean 'health'?"),
        ("srve", "Did you mean 'serve'?"), ("calll fc 1", "Did you mean 'call'?"), ("''", "unknown subcommand ''."),
        ("lst", "Did you mean 'list'?"), ("Version", "Did you mean 'version'?"), ("кey", "unknown subcommand 'кey'."),
    ])
    func namesTheSubcommands(words: String, text: String) throws {
        let (output, status) = try run(words)
        #expect(status == 64)
        #expect(output.contains(text), "\(output)")
        let usage =
            "Usage: callpath <subcommand>: serve, call, list, load, save, health, key, verify, restore, version, help\n"
        #expect(output.contains(usage), "\(output)")
    }

    @Test(arguments: [
        ("serve --prot 1", "Error: unknown option '--prot'. Did you mean '--port'?"),
        ("--prot=1", "unknown option '--prot=1'. Did you mean '--port'?"),
        ("serve --max-modlues 1", "Did you mean '--max-modules'?"), ("serve --xyzzy", "unknown option '--xyzzy'.\n"),
        ("serve --port 1 stray", "unexpected word 'stray'"), ("serve --port", "--port: expected a value"),
        ("serve --print-conf", "Did you mean '--print-config'?"),
    ])
    func showsTheUsageOfServe(words: String, text: String) throws {
        let (output, status) = try run(words)
        #expect(status == 64)
        #expect(output.contains(text), "\(output)")
        #expect(output.contains("\nUsage: callpath serve [options]\n"), "\(output)")
    }

    @Test(arguments: [
        ("key --nam x", "unknown option '--nam'. Did you mean '--name'?", "callpath key --name <name>"),
        ("key", "--name: expected a value", "callpath key --name <name>"),
        ("key --name --scope infer", "--name: expected a value", "callpath key --name <name>"),
        ("key --name x stray", "unexpected word 'stray'", "callpath key --name <name>"),
        ("health --port x", "--port: expected 0..65535, got 'x'", "callpath health [--host <host>] [--port <port>]"),
        ("health --port 65536", "--port: expected 0..65535, got '65536'", "callpath health"),
        ("health --timeout=0", "--timeout: expected 1..60, got '0'", "callpath health"),
        ("health --ready=yes", "--ready: expected no value, got 'yes'", "callpath health"),
        ("list --help=yes", "--help: expected no value, got 'yes'", "callpath list"),
        ("serve --help=yes", "--help: expected no value, got 'yes'", "callpath serve [options]"),
        ("serve --print-config=1", "--print-config: expected no value, got '1'", "callpath serve [options]"),
        ("serve --port 0 -- stray", "unexpected word 'stray'", "callpath serve [options]"),
        ("serve -- --port 0", "unexpected word '--port'", "callpath serve [options]"),
        ("--nosuch list", "unknown option '--nosuch'.", "callpath list"),
        ("--version list", "unexpected word 'list' behind --version", "callpath --version"),
        ("--version=1", "--version: expected no value", "callpath --version"),
        ("--help list", "unexpected word 'list' behind --help", "callpath --help"),
        ("help list stray", "unexpected word 'stray'", "callpath help [<subcommand>]"),
        ("help lst", "unknown subcommand 'lst'. Did you mean 'list'?", "callpath <subcommand>"),
        ("--url http://x lst", "unknown subcommand 'lst'. Did you mean 'list'?", "callpath <subcommand>"),
        ("--url http://x", "--url is an option of call, list, load, save: name one", "callpath <subcommand>"),
        ("call fc", "<input>: expected a value", "callpath call <name> <input> [--url <url>]"),
        ("save a b c", "unexpected word 'c'", "callpath save <name> [<file>]"),
        ("restore", "expected either --data DIR or --store URL", "callpath restore [--data <dir>] [--store <url>]"),
        ("verify -x", "unknown option '-x'.", "callpath verify --data <dir>"),
    ])
    func showsTheUsageOfASubcommand(words: String, text: String, usage: String) throws {
        let (output, status) = try run(words)
        #expect(status == 64)
        #expect(output.hasPrefix("Error: \(text)"), "\(output)")
        #expect(output.contains("\nUsage: \(usage)"), "\(output)")
    }

    @Test(arguments: ["--help", "-h", "help"])
    func listsTheSubcommands(words: String) throws {
        let (output, status) = try run(words)
        #expect(status == 0)
        #expect(output.contains("\n  serve                   Serve modules over HTTP (the default).\n"), "\(output)")
        #expect(output.contains("\n  call                    Call a module of a running server, and print what\n"))
        #expect(output.contains("\n  version                 Print the version of Callpath.\n"), "\(output)")
    }

    @Test(arguments: ["health --help", "help health", "health -h", "health --port 1 --help"])
    func describesASubcommand(words: String) throws {
        let (output, status) = try run(words)
        #expect(status == 0)
        #expect(output.hasPrefix("OVERVIEW: Ask a running server how it is; ends with 0 if it is well.\n"), "\(output)")
        #expect(output.contains("\nUSAGE: callpath health [--host <host>] [--port <port>]"), "\(output)")
        #expect(output.contains("\n  --ready                 Ask whether it takes requests (/readyz)"), "\(output)")
    }

    @Test func describesServeByItsOptions() throws {
        #expect(try run("help serve").output == run("serve --help").output)
    }

    @Test(arguments: ["help help", "help --help", "help -h", "help -- help"])
    func describesHelp(words: String) throws {
        let (output, status) = try run(words)
        #expect(status == 0)
        #expect(output.hasPrefix("OVERVIEW: Show what there is, or how a subcommand is used.\n"), "\(output)")
    }

    @Test func tellsWhoHasExport() throws {
        let (output, status) = try run("help export")
        #expect(status == 0)
        #expect(output.contains("pip install callpath torch safetensors"), "\(output)")
        #expect(
            try run("--help").output.contains("\n  export                  Write a PyTorch model as NAME.safetensors")
        )
    }

    /// Whoever asks for help has not to set right first what is wrong.
    @Test(arguments: ["serve -h --port abc", "serve --port abc --help", "-h", "serve --config /nowhere -h"])
    func helpsWhoeverGotOptionsWrong(words: String) throws {
        let (output, status) = try run(words, environment: ["CALLPATH_PORT": "x"])
        #expect(status == 0)
        #expect(output.contains("USAGE: callpath"), "\(output)")
    }

    @Test(arguments: ["serve", "call", "list", "load", "save", "health", "key", "verify", "restore", "version", "help"])
    func helpsInLinesThatFitATerminal(name: String) throws {
        let widest = try run("help \(name)").output.split(separator: "\n").map(\.count).max() ?? 0
        #expect(widest <= (name == "serve" ? 100 : 80))
    }

    @Test(arguments: ["--verbose version", "version --verbose --", "-- version --verbose"])
    func takesOptionsBeforeTheSubcommand(words: String) throws {
        #expect(try run(words).output == run("version --verbose").output)
    }

    @Test(arguments: [
        "version", "--version", "--help", "help", "help list", "list --help", "serve --help", "key --name x",
        "serve --print-options", "serve --print-config",
    ])
    func failsWhereItCannotSayWhatItShould(words: String) throws {
        for (target, reason) in [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")] {
            let (output, status) = try shell("'\(RunningServer.binary().path)' \(words) 2>&1 \(target)")
            #expect(status == 1, "\(words) \(target)")
            #expect(output == "Error: cannot write to standard output: \(reason)\n", "\(words) \(target)")
        }
    }

    /// As other programs do, unless whoever started it wants no signal.
    @Test func endsByTheSignalOfAReaderThatIsGone() throws {
        let words = "'\(try RunningServer.binary().path)' serve --help"
        let program = """
            import os, subprocess, sys
            for restored in (True, False):
                read, write = os.pipe()
                os.close(read)
                ended = subprocess.run(sys.argv[1:], stdout=write, stderr=subprocess.PIPE, restore_signals=restored)
                print(ended.returncode, ended.stderr.decode(), flush=True)
            """
        let (output, _) = try shell("python3 -c '\(program)' \(words)")
        #expect(output == "-13 \n1 Error: cannot write to standard output: Broken pipe\n\n", "\(output)")
    }

    @Test func saysItsVersionAlone() throws {
        let (output, status) = try run("--version")
        #expect(status == 0)
        #expect(try run("version").output == "callpath \(output)")
    }

    @Test func namesTheNearestOptionOfAFile() throws {
        let folder = try Folder()
        let file = try folder.write("prot = 1\n", to: "options")
        let output = try run("serve --config '\(file)'").output
        #expect(output.contains("\(file):1: unknown option 'prot'. Did you mean 'port'?"), "\(output)")
    }

    @Test(arguments: [
        ("CALLPATH_PROT", "1", " Did you mean 'CALLPATH_PORT'?"), ("CALLPATH_MAX_MODULE", "1", "CALLPATH_MAX_MODULES"),
        ("CALLPATH_XYZZY", "", "CALLPATH_XYZZY is set, and no option has that name.\n"),
    ])
    func warnsOfAVariableThatNothingReads(name: String, value: String, words: String) throws {
        let log = try LogFile()
        let server = try RunningServer(environment: [name: value], log: log.handle)
        #expect(server.terminate() == 0)
        #expect(log.text.contains("warning callpath: \(name) is set"), "\(log.text)")
        #expect(log.text.contains(words), "\(log.text)")
    }

    /// Commands that ask a server warn too, where nobody reads a log.
    @Test(arguments: [
        "health --port 1", "list --url http://127.0.0.1:1", "call fc 1 --url http://127.0.0.1:1",
        "verify --data /nowhere",
        "key --name x", "version",
    ])
    func otherCommandsWarnOnStandardError(words: String) throws {
        let name = "CALLPATH_OPERATION_PORT"
        let command = "'\(try RunningServer.binary().path)' \(words)"
        let warning = "Warning: \(name) is set, and no option has that name. Did you mean 'CALLPATH_OPERATIONS_PORT'?\n"
        let output = try shell("\(command) 2>&1 >/dev/null", environment: [name: "9"]).output
        #expect(output.hasPrefix(warning), "\(output)")
        #expect(try !shell("\(command) 2>/dev/null", environment: [name: "9"]).output.contains("Warning"))
        let linked = ["CALLPATH_SERVICE_HOST": "10.0.0.1"]
        #expect(try !shell("\(command) 2>&1", environment: linked).output.contains("Warning"))
    }

    @Test(arguments: [
        ("CALLPATH_SERVICE_HOST", "10.0.0.1"), ("CALLPATH_SERVICE_X", "1"), ("CALLPATH_SERVICE_PORT_HTTP", "80"),
        ("CALLPATH_PORT_80_TCP", "tcp://10.0.0.1:80"), ("CALLPATH_PORT_80_TCP_PROTO", "tcp"),
        ("CALLPATH_CANARY_PORT", "tcp://10.0.0.1:80"), ("CALLPATH_CANARY_SERVICE_PORT", "80"), ("CALLPATH_KEY", "k"),
        ("CALLPATH_URL", "http://x"), ("CALLPATH_DEV_PORT_80_TCP", "x"), ("CALLPATH_DEV_PORT_53_UDP_ADDR", "10.0.0.1"),
    ])
    func letsOthersVariablesPass(name: String, value: String) throws {
        let log = try LogFile()
        let server = try RunningServer(environment: [name: value], log: log.handle)
        #expect(server.terminate() == 0)
        #expect(!log.text.contains("no option has that name"), "\(log.text)")
    }

    @Test(arguments: ["--models", "--keys", "--config", "--tls-certificate", "--port-file"])
    func saysWhyAFileCannotBeUsed(option: String) throws {
        let folder = try Folder()
        let file = try folder.write("", to: "file")
        let places = [
            (folder.path("nosuch/below"), "No such file or directory"), ("\(file)/below", "Not a directory"),
            option == "--models" ? (file, "Not a directory") : (folder.path(""), "Is a directory"),
        ]
        for (place, words) in places {
            let (output, status) = try run("serve --port 0 \(option) '\(place)'")
            #expect(status != 0)
            #expect(output.contains("\(option): cannot ") && output.contains("'\(place)': \(words)"), "\(output)")
        }
    }
}

/// `callpath health` where nobody tells it the port, and where a variable holds none.
@Suite(.timeLimit(.minutes(10)))
struct HealthCommandTests {
    private static let canMakeContainers =
        (try? shell("unshare --pid --fork --mount-proc true 2>/dev/null").status) == 0

    @Test(arguments: [
        ("CALLPATH_PORT", "tcp://10.0.0.1:80"), ("CALLPATH_PORT", "65536"), ("CALLPATH_PORT", ""),
        ("AIP_HTTP_PORT", "-1"), ("CALLPATH_OPERATIONS_PORT", "x"),
    ])
    func refusesAVariableThatHoldsNoPort(name: String, value: String) throws {
        let command = "'\(try RunningServer.binary().path)' health 2>&1"
        let (output, status) = try shell(command, environment: [name: value])
        #expect(status != 0)
        #expect(output.contains("\(name): expected 0..65535, got '\(value)'"), "\(output)")
    }

    @Test(arguments: ["--port 0", "--operations-port 0", "--host 127.0.0.1 --port 0"])
    func saysThatItCannotKnowAPortThatTheSystemChose(options: String) throws {
        let (output, status) = try shell("'\(try RunningServer.binary().path)' health \(options) 2>&1")
        #expect(status != 0)
        #expect(output.contains("give it with --port, or start the server with --port-file"), "\(output)")
    }

    /// As in a container: the server is process 1, and the probe beside it has no flags, and the variables of the image.
    @Test(
        .enabled(if: canMakeContainers),
        arguments: [
            "serve --port PORT", "--port=PORT", "serve --config FOLDER/options",
            "serve --host 127.0.0.2 --port PORT", "serve --port 0 --operations-port PORT",
            "serve --port PORT --tls-certificate FOLDER/server.pem --tls-key FOLDER/server.key",
            "serve --config options", "--port 0 --port-file FOLDER/port", "--port 0 --port-file port",
            "--port 0 --operations-port PORT --operations-host 127.0.0.2",
        ],
        ["", "CALLPATH_HOST=0.0.0.0"]
    )
    func asksProcessOne(words: String, variables: String) throws {
        try expectAsked(words, variables)
    }

    @Test(
        .enabled(if: canMakeContainers),
        arguments: [
            ("serve", "CALLPATH_PORT=PORT CALLPATH_HOST=0.0.0.0"),
            ("serve --port PORT", "CALLPATH_PORT=1 CALLPATH_HOST=0.0.0.0"),
            (
                "serve",
                "CALLPATH_PORT=PORT CALLPATH_TLS_CERTIFICATE=FOLDER/server.pem CALLPATH_TLS_KEY=FOLDER/server.key"
            ),
            ("serve", "CALLPATH_HOST=0.0.0.0 CALLPATH_PORT=0 CALLPATH_PORT_FILE=FOLDER/port"),
            ("serve --port 0 --port-file port", "CALLPATH_PORT=1 CALLPATH_HOST=127.0.0.2"),
            ("serve", "CALLPATH_PORT=0 CALLPATH_OPERATIONS_PORT=PORT CALLPATH_OPERATIONS_HOST=127.0.0.2"),
            ("serve --host 127.0.0.2 --port PORT", "CALLPATH_HOST=127.0.0.3"), ("serve", "AIP_HTTP_PORT=PORT"),
            ("serve", "CALLPATH_UNIX_SOCKET=FOLDER/socket"), ("serve", "CALLPATH_UNIX_SOCKET=socket"),
            ("serve --unix-socket FOLDER/socket", ""), ("--unix-socket socket", ""),
            ("--unix-socket socket --operations-port 0 --operations-port-file port", ""),
        ]
    )
    func asksWhatProcessOneMadeOfItsVariables(words: String, variables: String) throws {
        try expectAsked(words, variables)
    }

    private func expectAsked(_ words: String, _ variables: String) throws {
        let folder = try Folder()
        #expect(try shell("Tests/CallpathTests/Fixtures/make-chain.sh '\(folder.path(""))'").status == 0)
        let free = "import socket; s = socket.create_server((\"127.0.0.1\", 0)); print(s.getsockname()[1])"
        let port = try shell("python3 -c '\(free)'").output.trimmingCharacters(in: .newlines)
        try folder.write("port = \(port)\n", to: "options")
        func filled(_ text: String) -> String {
            text.replacing("=PORT", with: "=\(port)").replacing(" PORT", with: " \(port)")
                .replacing("FOLDER", with: folder.path("."))
        }
        let script = """
            unset CALLPATH_BINARY
            export \(filled(variables))
            (for i in {1..200}; do '$BINARY' health --ready && break; sleep 0.05; done; kill -TERM 1) > '$OUT' 2>&1 &
            cd '\(folder.path("."))'
            exec '$BINARY' \(filled(words)) 2>log >/dev/null
            """
            .replacing("$BINARY", with: try RunningServer.binary().path).replacing("$OUT", with: folder.path("out"))
        let file = try folder.write(script, to: "script")
        #expect(try shell("unshare --pid --fork --mount-proc bash '\(file)'").status == 0)
        let output = try String(contentsOfFile: folder.path("out"), encoding: .utf8)
        let all = words + " " + variables
        let asksGivenPort = ["=PORT", " PORT", "options"].contains { all.contains($0) }
        let asksSocket = (all.contains("unix-socket") || all.contains("UNIX_SOCKET")) && !words.contains("operations")
        #expect(output.contains(asksGivenPort ? ":\(port) " : asksSocket ? "/socket " : "127.0.0."), "\(output)")
        #expect(output.contains("answers 200"), "\(output)")
        // A port that is known to speak TLS is not asked in plain HTTP, which its log would show as refused.
        #expect(try !String(contentsOfFile: folder.path("log"), encoding: .utf8).contains("status=400"))
    }
}

/// `callpath call`, `list`, `load` and `save` against a running server.
@Suite(.timeLimit(.minutes(10)))
struct ServerCommandTests {
    private static let layer = """
        {"type": "Linear", "in_features": 4, "out_features": 3,
         "state_dict": {"weight": [[1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6]], "bias": [0, 0, 0]}}
        """

    private func run(
        _ words: String,
        url: String,
        environment: [String: String] = [:]
    ) throws -> (output: String, status: Int32) {
        let variables = environment.merging(["CALLPATH_URL": url]) { own, _ in own }
        return try shell("'\(RunningServer.binary().path)' \(words) 2>&1", environment: variables)
    }

    private func withLayer(_ arguments: [String] = []) throws -> RunningServer {
        let server = try RunningServer(arguments: arguments)
        #expect(try Client(port: server.port).json("PUT", "/v1/modules/fc", Self.layer).status == 201)
        return server
    }

    @Test(arguments: [
        ("'[1, 2, 3, 4]'", "tensor([30., 40., 50.])\n"), ("'[[1, 2, 3, 4]]'", "tensor([[30., 40., 50.]])\n"),
        ("'{\"data\": [1, 2, 3, 4], \"shape\": [4]}'", "tensor([30., 40., 50.])\n"),
        ("- <<< '[1, 2, 3, 4]'", "tensor([30., 40., 50.])\n"), ("-- '[1, 2, 3, 4]'", "tensor([30., 40., 50.])\n"),
    ])
    func callsAndPrintsAsPyTorchDoes(input: String, printed: String) throws {
        let server = try withLayer()
        let (output, status) = try run("call fc \(input)", url: "http://\(server.address)/")
        #expect((output, status) == (printed, 0))
    }

    @Test(arguments: [
        ("call fc -1", "Error: both arguments to linear", 1),
        ("call fc '[1, 2]'", "Error: mat1 and mat2 shapes cannot be multiplied (1x2 and 4x3)\n", 1),
        ("call nosuch 1", "'nosuch'", 1), ("call 'a/b?c' 1", "Error: ", 1),
        ("call fc '[1,'", "INPUT: expected JSON such as '[1, 2, 3]', got '[1,'", 64),
        ("save nosuch /dev/null", "'nosuch'", 1), ("load /nowhere.safetensors", "No such file or directory", 1),
        ("load model.pt", "FILE: expected NAME.safetensors, got 'model.pt'", 64),
        ("list --url localhost:1", "--url: expected http://, https:// or unix://, got 'localhost:1'", 64),
        ("list --url http://127.0.0.1:1", "Connection refused", 1), ("list --url unix:///nowhere", "No such file", 1),
        ("list --timeout 0", "--timeout: expected 1..3600, got '0'", 64),
        ("list --key 'a b'", "--key: expected a key without blanks", 64),
        ("list --key ''", "--key: it is empty: leave it out to ask without a key", 64),
        (
            "call fc '[NaN]'", #"(NaN and infinity are written "NaN", "Infinity" and "-Infinity", with their quotes)"#,
            64
        ),
        ("call fc '[1e400]'", "number out of range: 1e400", 64),
        ("call fc '[1,'", "got the end of the text at byte", 64),
        ("list --url http://me:secret@x", "got 'http://...@x'", 64),
        ("list --url unix:///nowhere:/prefix", "no server at unix:///nowhere:/prefix: No such file", 1),
    ])
    func saysInALineWhatIsWrong(words: String, text: String, status: Int32) throws {
        let server = try withLayer()
        let (output, ended) = try run(words, url: "http://\(server.address)")
        #expect(ended == status)
        #expect(output.contains(text), "\(output)")
    }

    @Test(arguments: ["--authorities", "--client-certificate"])
    func saysWhyAFileOfTLSCannotBeRead(option: String) throws {
        for (file, words) in [("/nosuch", "No such file or directory"), ("/", "Is a directory")] {
            let (output, status) = try run("list \(option) '\(file)'", url: "https://127.0.0.1:1")
            #expect((output, status) == ("Error: \(option): cannot read '\(file)': \(words)\n", 1))
        }
    }

    @Test func savesListsAndLoads() throws {
        let (server, folder) = (try withLayer(), try Folder())
        let url = "http://\(server.address)"
        let file = folder.path("fc.safetensors")
        #expect(try run("save fc '\(file)'", url: url).output == "saved fc to \(file)\n")
        #expect(try run("load '\(file)' --name other", url: url).output == "loaded other\n")
        let printed = try run("call other '[1, 2, 3, 4]'", url: url).output
        #expect(printed == "tensor([30., 40., 50.])\n")
        #expect(try run("list", url: url).output == "fc\t1\tLinear\nother\t1\tLinear\n")
    }

    /// A pipe gets the bytes, a link stays one, and a file keeps its mode.
    @Test func savesIntoWhatTheNameStandsFor() throws {
        let (server, folder) = (try withLayer(), try Folder())
        let save = "'\(try RunningServer.binary().path)' save fc --url http://\(server.address)"
        let (output, status) = try shell(
            """
            cd '\(folder.path("."))' && mkfifo pipe && echo old >own && chmod 600 own && ln -s own link && ln -s pipe piped
            for name in pipe piped; do cat pipe >read & \(save) $name; wait; test -p pipe && wc -c <read; done
            \(save) link; stat -c '%A %F' link own; wc -c <own; \(save) . 2>&1; ls
            """
        )
        let lines = output.split(separator: "\n").map(String.init)
        let size = lines.dropFirst().first ?? ""
        #expect(status == 0)
        #expect(
            lines == [
                "saved fc to pipe", size, "saved fc to piped", size, "saved fc to link", "lrwxrwxrwx symbolic link",
                "-rw------- regular file", size, "Error: FILE: cannot write '.': Is a directory", "link", "own", "pipe",
                "piped", "read",
            ],
            "\(output)"
        )
        #expect((Int(size) ?? 0) > 64)
    }

    @Test func readsADescriptionBesideTheFile() throws {
        let (server, folder) = (try withLayer(), try Folder())
        let url = "http://\(server.address)"
        #expect(try run("save fc '\(folder.path("net.safetensors"))'", url: url).status == 0)
        let description = #"{"type": "Linear", "in_features": 4, "out_features": 3, "output_name": "y"}"#
        try folder.write(description, to: "net.json")
        #expect(try run("load '\(folder.path("net.safetensors"))'", url: url).output == "loaded net\n")
        #expect(try Client(port: server.port).send("GET", "/v2/models/net").text.contains(#""name":"y""#))
    }

    @Test(arguments: ["CALLPATH_KEY", "CALLPATH_URL"])
    func namesAVariableThatIsEmpty(name: String) throws {
        let url = name == "CALLPATH_URL" ? "" : "http://127.0.0.1:1"
        let (output, status) = try run("list", url: url, environment: name == "CALLPATH_KEY" ? [name: ""] : [:])
        #expect(status == 64)
        #expect(output.hasPrefix("Error: \(name): ") && output.contains("unset it to ask"), "\(output)")
    }

    @Test func takesTheServerBeforeTheSubcommand() throws {
        let server = try withLayer()
        for words in ["--url http://\(server.address) list", "--url=http://\(server.address) --timeout 5 list"] {
            let (output, status) = try shell("'\(RunningServer.binary().path)' \(words) 2>&1")
            #expect((output, status) == ("fc\t1\tLinear\n", 0))
        }
    }

    @Test func findsAServerBehindAPrefixAndASocket() throws {
        let folder = try Folder()
        let socket = folder.path("socket")
        let server = try RunningServer(arguments: ["--path-prefix", "/some/prefix", "--unix-socket", socket])
        for url in ["http://\(server.address)/some/prefix", "unix://\(socket):/some/prefix"] {
            #expect(try run("list", url: url).status == 0)
        }
    }

    /// Servers that answer too late, half, not at all or with something else: a line says which, and names the server.
    @Test(arguments: [
        ("sleep", "no answer within 1 second"), ("close", "the connection ended before the answer was whole"),
        ("half", "the connection ended before the answer was whole"), ("stall", "no answer within 1 second"),
        ("reset", "the connection broke before the answer was whole: Connection reset by peer"),
        ("ssh", "expected an answer in HTTP/1.1, got 'SSH-2.0-x'"),
    ])
    func saysWhyThereIsNoAnswer(behaviour: String, words: String) throws {
        let program = """
            import socket, struct, subprocess, sys
            listener = socket.create_server(("127.0.0.1", 0))
            url = "http://127.0.0.1:%d" % listener.getsockname()[1]
            command = [sys.argv[1], "list", "--url", url, "--timeout", "1"]
            asked = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            connection, _ = listener.accept()
            connection.recv(65536)
            answer = {"half": b"HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\n{", "ssh": b"SSH-2.0-x\\r\\n"}
            answer["stall"] = answer["half"]
            connection.sendall(answer.get(sys.argv[2], b""))
            if sys.argv[2] == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if sys.argv[2] not in ("sleep", "stall"):
                connection.close()
            said = asked.communicate()
            print(asked.returncode, (said[0] + said[1]).replace(url, "URL"), end="")
            """
        let folder = try Folder()
        let file = try folder.write(program, to: "server.py")
        let (output, _) = try shell("python3 '\(file)' '\(RunningServer.binary().path)' \(behaviour)")
        #expect(output.hasPrefix("1 Error: URL: \(words)") && output.split(separator: "\n").count == 1, "\(output)")
    }

    @Test(arguments: [("garbage", "expected at least 8 bytes, got 7"), ("", "expected at least 8 bytes, got 0")])
    func namesTheFileThatCannotBeLoaded(content: String, words: String) throws {
        let (server, folder) = (try RunningServer(), try Folder())
        let file = try folder.write(content, to: "net.safetensors")
        let (output, status) = try run("load '\(file)'", url: "http://\(server.address)")
        #expect(status == 1)
        #expect(output == "Error: '\(file)': \(words)\n")
    }

    @Test func saysInALineWhatDoesNotFit() throws {
        let (server, folder) = (try withLayer(), try Folder())
        let url = "http://\(server.address)"
        let file = folder.path("net.safetensors")
        #expect(try run("save fc '\(file)'", url: url).status == 0)
        try folder.write(#"{"type": "Linear", "in_features": 5, "out_features": 3, "bias": false}"#, to: "net.json")
        let (output, status) = try run("load '\(file)'", url: url)
        #expect(status == 1)
        #expect(output.hasPrefix("Error: '\(file)': Error(s) in loading state_dict for Linear: "), "\(output)")
        #expect(output.split(separator: "\n").count == 1, "\(output)")
        try folder.write("{", to: "net.json")
        #expect(try run("load '\(file)'", url: url).output.hasPrefix("Error: '\(folder.path("net.json"))': "))
    }

    @Test func showsItsKey() throws {
        let folder = try Folder()
        let binary = try RunningServer.binary().path
        let file = folder.path("keys")
        let key = try shell("'\(binary)' key --name ci --scope admin --file '\(file)'").output
            .trimmingCharacters(in: .newlines)
        let server = try RunningServer(arguments: ["--keys", file])
        let url = "http://\(server.address)"
        #expect(try run("list", url: url).output.hasPrefix("Error: This server wants a key"))
        #expect(try run("list --key \(key)", url: url).status == 0)
        #expect(try run("list", url: url, environment: ["CALLPATH_KEY": key]).status == 0)
    }

    @Test func believesOnlyTheCertificateOfItsServer() throws {
        let folder = try Folder()
        #expect(try shell("Tests/CallpathTests/Fixtures/make-chain.sh '\(folder.path("chain"))'").status == 0)
        let chain = folder.path("chain")
        let arguments = ["--tls-certificate", "\(chain)/server.pem", "--tls-key", "\(chain)/server.key"]
        let server = try RunningServer(arguments: arguments)
        let url = "https://localhost:\(server.port)"
        #expect(try run("list --authorities '\(chain)/root.pem'", url: url).status == 0)
        let unknown = try run("list", url: url)
        #expect(unknown.status == 1)
        #expect(unknown.output.contains("Error: TLS: "), "\(unknown.output)")
        let other = try run("list --authorities '\(chain)/root.pem'", url: "https://127.0.0.2:\(server.port)")
        #expect(other.status == 1)
    }
}
