import Foundation
import Testing

/// TLS as the clients of OpenSSL and curl see it.
@Suite(.timeLimit(.minutes(10)))
struct TLSProcessTests {
    private static let fixtures = repository.appendingPathComponent("Tests/HTTPServerTests/Fixtures").path
    private static let identity = ["--tls-certificate", "\(fixtures)/first.pem", "--tls-key", "\(fixtures)/first.key"]
    private static let ask = #"printf 'GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' |"#

    /// Runs openssl's client against `server`, and returns what it says.
    private func openssl(_ server: RunningServer, _ options: String, input: String = "true |") throws -> String {
        let authority = "\(Self.fixtures)/authority.pem"
        let client = "timeout 20 openssl s_client -connect localhost:\(server.port) -CAfile '\(authority)' \(options)"
        return try shell("\(input) \(client) 2>&1").output
    }

    /// Security level 0, so that it is the server who refuses, not the client.
    @Test(arguments: [
        ("-tls1_3 -ign_eof", ["New, TLSv1.3", "Verify return code: 0 (ok)", "closed\n", #"{"status":"live"}"#]),
        ("-tls1_2 -ign_eof", ["New, TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384", "Compression: NONE", "closed\n"]),
        ("-tls1_2 -cipher ECDHE+CHACHA20", ["Cipher is ECDHE-ECDSA-CHACHA20-POLY1305"]),
        ("-tls1_1 -cipher ALL:@SECLEVEL=0", ["alert protocol version"]),
        ("-tls1 -cipher ALL:@SECLEVEL=0", ["alert protocol version"]),
        ("-tls1_2 -cipher AES256-GCM-SHA384:@SECLEVEL=0", ["alert handshake failure"]),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0", ["alert handshake failure"]),
        ("-tls1_2 -cipher aNULL:@SECLEVEL=0", ["alert handshake failure"]),
        ("-alpn http/1.1,h2", ["ALPN protocol: h2"]), ("-alpn h2", ["ALPN protocol: h2"]),
        ("-alpn http/1.1", ["ALPN protocol: http/1.1"]),
        ("-alpn spdy/3", ["alert no application protocol"]),
    ])
    func answersOpenSSL(options: String, words: [String]) throws {
        let output = try openssl(RunningServer(arguments: Self.identity), options, input: Self.ask)
        for words in words { #expect(output.contains(words), "\(output)") }
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func resumesASession(version: String) throws {
        let (server, folder) = (try RunningServer(arguments: Self.identity), try Folder())
        let session = folder.path("session")
        let first = try openssl(server, "\(version) -ign_eof -sess_out '\(session)'", input: Self.ask)
        #expect(first.contains("New, TLSv1"))
        let second = try openssl(server, "\(version) -ign_eof -sess_in '\(session)'", input: Self.ask)
        #expect(second.contains("Reused, TLSv1"), "\(second)")
    }

    @Test func renegotiatesNothing() throws {
        let output = try openssl(RunningServer(arguments: Self.identity), "-tls1_2", input: #"printf 'R\n' |"#)
        #expect(output.contains("no renegotiation"), "\(output)")
    }

    @Test func sendsTheWholeChain() throws {
        let folder = try Folder()
        let made = try shell("Tests/CallpathTests/Fixtures/make-chain.sh '\(folder.path("chain"))' 2>&1")
        #expect(made.status == 0, "\(made.output)")
        let chain = folder.path("chain")
        let server = try RunningServer(
            arguments: ["--tls-certificate", "\(chain)/server.pem", "--tls-key", "\(chain)/server.key"]
        )
        let command = "curl -sS --cacert '\(chain)/root.pem' https://localhost:\(server.port)/livez 2>&1"
        #expect(try shell(command).output == #"{"status":"live"}"#)
    }

    @Test(arguments: [
        ("off", "", #"{"status":"live"}"#, false), ("optional", "", #"{"status":"live"}"#, false),
        ("optional", "client", #"{"status":"live"}"#, true), ("required", "client", #"{"status":"live"}"#, true),
        ("required", "", "", false), ("required", "stranger", "", false),
    ])
    func asksClientsForCertificates(asked: String, shown: String, answer: String, isNamed: Bool) throws {
        let log = try LogFile()
        let authority = "\(Self.fixtures)/authority.pem"
        let more = asked == "off" ? [] : ["--tls-client-auth", asked, "--tls-client-ca", authority]
        let debug = ["--log-level", "debug"]  // At info the log leaves probes out.
        let server = try RunningServer(arguments: Self.identity + more + debug, log: log.handle)
        let certificate = "--cert '\(Self.fixtures)/\(shown).pem' --key '\(Self.fixtures)/\(shown).key'"
        let command = "curl -s --cacert '\(authority)' \(shown.isEmpty ? "" : certificate)"
        #expect(try shell("\(command) https://localhost:\(server.port)/livez").output == answer)
        #expect(server.terminate() == 0)
        #expect(log.text.contains("client=worker@callpath.test") == isNamed, "\(log.text)")
    }

    /// Connections that are open keep their certificate and lose no request, and new ones get the new certificate.
    @Test func reloadsWithoutDroppingAConnection() throws {
        let (folder, log) = (try Folder(), try LogFile())
        func install(_ name: String) throws {
            for kind in ["key", "pem"] {
                let text = try String(contentsOfFile: "\(Self.fixtures)/\(name).\(kind)", encoding: .utf8)
                try folder.write(text, to: "server.\(kind)")
            }
        }
        try install("first")
        let (chain, key) = (folder.path("server.pem"), folder.path("server.key"))
        let server = try RunningServer(arguments: ["--tls-certificate", chain, "--tls-key", key], log: log.handle)
        // A route that takes any query.
        let url = "https://localhost:\(server.port)/v2/health/live"
        let curl = "curl -s --cacert '\(Self.fixtures)/authority.pem' -o /dev/null -w '%{http_code} %{num_connects}\\n'"
        let (one, many) = (try Job("\(curl) '\(url)?[1-3000]'"), try Job("for i in {1..60}; do \(curl) \(url); done"))
        for number in 1...10 {
            try install(number.isMultiple(of: 2) ? "first" : "second")
            server.send(SIGHUP)
            try log.wait(for: "read the certificate again", times: number)
        }
        try install("second")
        server.send(SIGHUP)
        try log.wait(for: "read the certificate again", times: 11)
        #expect(try openssl(server, "").contains("CN = second"))
        #expect(one.wait() == "200 1\n" + String(repeating: "200 0\n", count: 2_999))
        #expect(many.wait() == String(repeating: "200 1\n", count: 60))
    }

    @Test func keepsTheOldCertificateIfTheNewOneIsBad() throws {
        let (folder, log) = (try Folder(), try LogFile())
        let chain = folder.path("server.pem")
        try folder.write(String(contentsOfFile: "\(Self.fixtures)/first.pem", encoding: .utf8), to: "server.pem")
        let arguments = ["--tls-certificate", chain, "--tls-key", "\(Self.fixtures)/first.key"]
        let server = try RunningServer(arguments: arguments, log: log.handle)
        try folder.write(String(contentsOfFile: "\(Self.fixtures)/second.pem", encoding: .utf8), to: "server.pem")
        server.send(SIGHUP)
        try log.wait(for: "could not read the certificate again, what was read before stays in use: --tls-certificate")
        #expect(try openssl(server, "").contains("CN = first"))
    }

    @Test func warnsOfACertificateThatHasExpired() throws {
        let log = try LogFile()
        let files = ["--tls-certificate", "\(Self.fixtures)/expired.pem", "--tls-key", "\(Self.fixtures)/expired.key"]
        _ = try RunningServer(arguments: files, log: log.handle)
        try log.wait(for: "warning callpath: The certificate has expired.")
    }

    @Test func answersTheHealthCommand() throws {
        let server = try RunningServer(arguments: Self.identity)
        let binary = try RunningServer.binary().path
        #expect(try shell("'\(binary)' health --ready --port \(server.port)").status == 0)
    }

    @Test func explainsItselfToPlainHTTP() throws {
        let server = try RunningServer(arguments: Self.identity)
        let (output, status) = try shell("curl -sS http://localhost:\(server.port)/v1/modules -d @README.md 2>&1")
        #expect(status == 0)
        #expect(output.contains("This port speaks HTTPS"), "\(output)")
    }

    @Test(arguments: [
        ("--tls-certificate /nowhere.pem", "--tls-certificate: cannot use '/nowhere.pem': No such file or directory"),
        ("--tls-certificate \(fixtures)/generate.sh", "--tls-certificate: cannot use '\(fixtures)/generate.sh'"),
        (
            "--tls-certificate \(fixtures)/first.pem --tls-key /nowhere",
            "--tls-key: cannot use '/nowhere': No such file"
        ),
        ("--tls-certificate \(fixtures)/first.pem", "--tls-key: cannot use '\(fixtures)/first.pem'"),
        ("--tls-certificate \(fixtures)/first.pem --tls-key \(fixtures)/second.key", "--tls-certificate, --tls-key: "),
        ("--tls-key \(fixtures)/first.key", "--tls-key: needs --tls-certificate"),
        ("--tls-client-auth required", "--tls-client-auth: needs --tls-certificate"),
        ("--tls-certificate a --tls-client-auth optional", "--tls-client-auth: needs --tls-client-ca"),
        ("--tls-certificate a --tls-client-ca b", "--tls-client-ca: needs --tls-client-auth optional or required"),
        (
            identity.joined(separator: " ") + " --tls-client-auth required --tls-client-ca /nowhere",
            "--tls-client-ca: cannot use '/nowhere': No such file or directory"
        ),
    ])
    func refusesFilesThatDoNotServeByTheirOption(options: String, words: String) throws {
        let binary = try RunningServer.binary().path
        let (output, status) = try shell("timeout 20 '\(binary)' serve --port 0 \(options) 2>&1")
        #expect(status != 0 && status != 124)
        #expect(output.contains(words), "\(output)")
    }
}
