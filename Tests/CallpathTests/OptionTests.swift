import Foundation
import Testing

/// The options of `callpath serve`: flags before environment before defaults, and bad values refused by name.
struct OptionTests {
    private func run(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws -> (output: String, status: Int32) {
        try CallpathTests.run(RunningServer.binary(), arguments, environment: environment)
    }

    @Test(
        arguments: [
            ([], [:], "port = 8080"),
            (["--port", "9000"], [:], "port = 9000"),
            (["--port=9000"], ["CALLPATH_PORT": "9001"], "port = 9000"),
            ([], ["CALLPATH_PORT": "9001"], "port = 9001"),
            (["--max-body-bytes", "1048576"], [:], "max-body-bytes = 1MiB"),
            (["--max-body-bytes", "2KiB"], [:], "max-body-bytes = 2KiB"),
            (["--idle-timeout", "90s"], [:], "idle-timeout = 90s"),
            (["--idle-timeout", "1500ms"], [:], "idle-timeout = 1500ms"),
            (["--idle-timeout", "2m"], [:], "idle-timeout = 2m"),
            (["--drain-delay", "0"], [:], "drain-delay = 0s"),
            (["--non-finite", "null"], [:], "non-finite = null"),
            ([], ["CALLPATH_LOG_LEVEL": "debug"], "log-level = debug"),
            ([], ["CALLPATH_KERNELS": "auto"], "kernels = auto"),
        ] as [([String], [String: String], String)]
    )
    func takesFlagsBeforeTheEnvironment(flags: [String], environment: [String: String], line: String) throws {
        let (output, status) = try run(["serve"] + flags + ["--print-config"], environment: environment)
        #expect(status == 0)
        #expect(output.split(separator: "\n").contains { $0 == line }, "\(output)")
    }

    @Test(
        arguments: [
            (["--port", "x"], [:], "--port: expected 0..65535, got 'x'"),
            (["--port", "65536"], [:], "--port: expected 0..65535, got '65536'"),
            (["--port", "-1"], [:], "--port: expected 0..65535, got '-1'"),
            (["--port"], [:], "--port: expected a value"),
            (["--bogus"], [:], "unknown option '--bogus'"),
            (["stray"], [:], "'stray'"),
            ([], ["CALLPATH_MAX_MODULES": "0"], "CALLPATH_MAX_MODULES: expected 1 or more, got '0'"),
            (["--max-bytes", "99999999999GiB"], [:], "--max-bytes: expected 1 byte or more"),
            (
                ["--idle-timeout", "5 fortnights"], [:],
                "--idle-timeout: expected a whole number with us, ms, s, m or h behind it"
            ),
            (["--kernels", "mmx"], [:], "--kernels: expected auto|"),
            ([], ["CALLPATH_KERNELS": "mmx"], "CALLPATH_KERNELS: expected auto|"),
            (["--log-level", "loud"], [:], "--log-level: expected trace|debug|info|notice|warning|error|critical"),
        ] as [([String], [String: String], String)]
    )
    func refusesABadValueByItsName(flags: [String], environment: [String: String], words: String) throws {
        let (output, status) = try run(["serve"] + flags, environment: environment)
        #expect(status != 0)
        #expect(output.contains(words), "\(output)")
    }

    /// What is no address of a database is named by its scheme: the rest may be a password.
    @Test(arguments: [
        ("mysql://root:hunter2@db/x", "mysql://..."), ("https:/hunter2", "https:/..."), ("postgresql:hunter2", nil),
        ("POSTGRESQL://u:hunter2@db/x", "POSTGRESQL://..."), ("host=db password=hunter2", nil),
        ("://hunter2@db", nil), ("hunter2hunter2hunter2://db", nil), ("u:hunter2@db:5432//x", nil),
    ])
    func namesTheSchemeOfAStoreAndHidesThePassword(url: String, scheme: String?) throws {
        for (flags, environment) in [(["--store", url], [:]), ([], ["CALLPATH_STORE": url])] {
            let (output, status) = try run(["serve"] + flags, environment: environment)
            #expect(status != 0)
            let words = "expected a URL that begins with postgresql://, got \(scheme ?? "one without a scheme")"
            #expect(output.contains(words), "\(output)")
            #expect(!output.contains("hunter2"), "\(output)")
        }
    }

    @Test(arguments: [
        (["--port-file", "/nowhere/port"], "--port-file: cannot write '/nowhere/port': No such file or directory"),
        (["--port-file", "/var"], "--port-file: cannot write '/var': Is a directory"),
        (["--port-file", "/etc/hostname/x"], "--port-file: cannot write '/etc/hostname/x': Not a directory"),
        (
            ["--operations-port", "0", "--operations-port-file", "/var"],
            "--operations-port-file: cannot write '/var': Is a directory"
        ),
        (["--tls-certificate", "/"], "--tls-certificate: cannot use '/': Is a directory"),
        (["--tls-certificate", "/etc/hostname/x"], "--tls-certificate: cannot use '/etc/hostname/x': Not a directory"),
        (["--unix-socket", "/nowhere/socket"], "--unix-socket: cannot listen at '/nowhere/socket': No such file"),
        (["--models", "/nowhere"], "--models: cannot read '/nowhere': No such file or directory"),
        (["--keys", "/nowhere"], "--keys: cannot read '/nowhere': No such file or directory"),
        (["--keys", "/"], "--keys: cannot read '/': Is a directory"),
        (["--models", "/etc/hostname"], "--models: cannot read '/etc/hostname': Not a directory"),
        (["--config", "/etc/hostname/x"], "--config: cannot read '/etc/hostname/x': Not a directory"),
        (["--config", "/nowhere"], "--config: cannot read '/nowhere': No such file or directory"),
        (["--rate-burst", "5"], "--rate-burst: needs --rate-limit"),
    ])
    func refusesWhatItCannotUseByItsName(flags: [String], words: String) throws {
        let (output, status) = try run(["serve", "--port", "0"] + flags)
        #expect(status != 0)
        #expect(output.contains(words), "\(output)")
    }

    @Test func saysThatAnAddressIsTaken() throws {
        let server = try RunningServer()
        let (output, status) = try run(["serve", "--port", "\(server.port)"])
        #expect(status != 0)
        #expect(output.contains("--port: cannot listen on 127.0.0.1:\(server.port)"), "\(output)")
    }

    @Test func asksARunningServerHowItIs() throws {
        let server = try RunningServer()
        #expect(try run(["health", "--port", "\(server.port)"]).status == 0)
        #expect(try run(["health", "--ready"], environment: ["CALLPATH_PORT": "\(server.port)"]).status == 0)
        _ = server.terminate()
        #expect(try run(["health", "--port", "\(server.port)"]).status != 0)
    }
}
