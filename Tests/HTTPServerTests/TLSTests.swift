import COpenSSL
import Glibc
import HTTP
import HTTPTypes
import Logging
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(5)))
struct TLSTests {
    @discardableResult
    private func withTLS<Result: Sendable>(
        _ tls: TLSConfiguration = TLSConfiguration(identity: "first"),
        limits: ServerLimits = ServerLimits(),
        speaksHTTP2: Bool = true,
        handler: WaitingHandler? = nil,
        _ script: @escaping @Sendable (Int) throws -> Result
    ) async throws -> Result {
        var configuration = HTTPServer.Configuration.tls(tls)
        configuration.speaksHTTP2 = speaksHTTP2
        return try await withServer(limits: limits, configuration: configuration, handler: handler) { _, port in
            try await blocking { try script(port) }
        }
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func answersOverTLS(version: Int32) async throws {
        try await withTLS { port in
            let client = try TLSClient(port: port, version: version)
            try client.send(get("/a") + get("/b"))
            try client.receive(until: "\r\n\r\n/b")
            try client.send("GET /c HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            #expect(try client.receiveAll().hasSuffix("\r\n\r\n/c"))
            #expect(client.sawCloseNotify)
        }
    }

    @Test(arguments: [TLS1_VERSION, TLS1_1_VERSION])
    func refusesOldVersions(version: Int32) async throws {
        try await withTLS { port in
            #expect(throws: TLSClient.Failure.self) { _ = try TLSClient(port: port, version: version) }
        }
    }

    @Test func sendsALargeBodyWhole() async throws {
        let owner = Octets(count: 3_000_000)
        try await withTLS { _ in
            Response(status: .ok, body: .shared(SharedBytes(owner: owner, buffer: owner.buffer)))
        } _: { port in
            let client = try TLSClient(port: port)
            try client.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            _ = try client.receiveAll()
            #expect(Array(client.received.suffix(3_000_000)) == Array(owner.buffer))
        }
    }

    @Test func takesALargeBody() async throws {
        try await withTLS { port in
            let client = try TLSClient(port: port)
            try client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2000000\r\n\r\n")
            try client.send(String(repeating: "a", count: 2_000_000))
            try client.receive(until: "\r\n\r\n2000000")
        }
    }

    @Test(arguments: [true, false])
    func choosesAProtocol(speaksHTTP2: Bool) async throws {
        try await withTLS(speaksHTTP2: speaksHTTP2) { port in
            let (both, none) = (try TLSClient(port: port, protocols: ["http/1.1", "h2"]), try TLSClient(port: port))
            #expect(both.chosenProtocol == (speaksHTTP2 ? "h2" : "http/1.1"))
            #expect(none.chosenProtocol == "")
            #expect(try TLSClient(port: port, protocols: ["http/1.1"]).chosenProtocol == "http/1.1")
            let others = speaksHTTP2 ? ["h3", "http/1.0"] : ["h2"]
            #expect(throws: TLSClient.Failure.self) { _ = try TLSClient(port: port, protocols: others) }
        }
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION], [TLSConfiguration.ClientAuthentication.off, .optional])
    func resumesSessions(version: Int32, clients: TLSConfiguration.ClientAuthentication) async throws {
        try await withTLS(TLSConfiguration(identity: "first", clients: clients)) { port in
            let first = try TLSClient(port: port, version: version)
            try first.send(get("/"))
            try first.receive(until: "\r\n\r\n/")
            let ticket = try #require(first.ticket)
            let second = try TLSClient(port: port, version: version, resuming: ticket)
            SSL_SESSION_free(ticket)
            #expect(!first.wasResumed)
            #expect(second.wasResumed)
        }
    }

    /// Whether the request is there when the connection is accepted or comes later, and however long it is.
    @Test(arguments: [0, 20] as [UInt32], [0, 3_000_000])
    func explainsItselfToPlainHTTP(delay: UInt32, bodyCount: Int) async throws {
        try await withTLS { port in
            for _ in 0..<5 {
                let client = try RawClient(port: port)
                pause(milliseconds: delay)
                try client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: \(bodyCount)\r\n\r\n")
                try client.send([UInt8](repeating: 0x61, count: bodyCount))
                let text = try client.receiveAll()
                #expect(text.hasPrefix("HTTP/1.1 400 "))
                #expect(text.contains("HTTPS"))
            }
        }
    }

    @Test(
        arguments: [
            (.off, "client", "nobody"),
            (.optional, "client", "worker@callpath.test"),
            (.optional, nil, "nobody"),
            (.required, "client", "worker@callpath.test"),
        ] as [(TLSConfiguration.ClientAuthentication, String?, String)]
    )
    func namesTheClient(
        clients: TLSConfiguration.ClientAuthentication,
        identity: String?,
        expected: String
    ) async throws {
        let tls = TLSConfiguration(identity: "first", clients: clients)
        try await withTLS(tls) { request in
            let text = "\(request.client?.isSecure ?? false) \(request.client?.name ?? "nobody")"
            return Response(status: .ok, body: .bytes(Array(text.utf8)))
        } _: { port in
            let client = try TLSClient(port: port, identity: identity)
            try client.send(get("/"))
            try client.receive(until: "\r\n\r\ntrue \(expected)")
        }
    }

    @Test(
        arguments: [
            (.required, nil),
            (.required, "stranger"),
            (.optional, "stranger"),
            // Right authority, but made for servers.
            (.required, "second"),
        ] as [(TLSConfiguration.ClientAuthentication, String?)]
    )
    func refusesClientsWithoutARightCertificate(
        clients: TLSConfiguration.ClientAuthentication,
        identity: String?
    ) async throws {
        try await withTLS(TLSConfiguration(identity: "first", clients: clients)) { port in
            #expect(throws: (any Error).self) {
                // TLS 1.3 tells the client only after its handshake.
                let client = try TLSClient(port: port, identity: identity)
                try client.send(get("/"))
                try client.receive(until: "\r\n\r\n/")
            }
        }
    }

    @Test func aSilentHandshakeEnds() async throws {
        var limits = ServerLimits()
        limits.handshakeTimeout = .milliseconds(200)
        try await withTLS(limits: limits) { port in
            let client = try RawClient(port: port)
            #expect(try client.receiveAll().isEmpty)
        }
    }

    @Test func handshakesAtOnceAreBounded() async throws {
        var limits = ServerLimits()
        limits.maxHandshakes = 2
        try await withTLS(limits: limits) { port in
            var silent: [RawClient] = []
            for _ in 0..<2 { silent.append(try RawClient(port: port)) }
            #expect(throws: (any Error).self) { _ = try TLSClient(port: port) }
            for client in silent { client.reset() }
            var client: TLSClient?
            for _ in 0..<100 where client == nil {
                client = try? TLSClient(port: port)
                if client == nil { pause(milliseconds: 10) }
            }
            #expect(client != nil)
        }
    }

    /// Whoever cuts a connection must not be able to pass a half of a request off as a whole.
    @Test func anEndWithoutGoodByeIsNoEndOfARequest() async throws {
        try await withServer(configuration: .tls(TLSConfiguration(identity: "first"))) { server, port in
            try await blocking {
                let client = try TLSClient(port: port)
                try client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc")
                client.plain.endWriting()
                let text = (try? client.receiveAll()) ?? ""
                #expect(!text.contains("200 OK"))
            }
            try await eventually { server.openConnections == 0 }
        }
    }

    @Test func aReloadServesNewConnectionsAndKeepsTheOld() async throws {
        let folder = try TemporaryFolder()
        let (chain, key) = (folder.path("chain.pem"), folder.path("key.pem"))
        try folder.copy(fixture("first.pem"), to: "chain.pem")
        try folder.copy(fixture("first.key"), to: "key.pem")
        let tls = TLSConfiguration(certificateChainFile: chain, privateKeyFile: key)
        try await withServer(configuration: .tls(tls)) { server, port in
            try await blocking {
                let old = try TLSClient(port: port)
                try folder.copy(fixture("second.key"), to: "key.pem")
                #expect(throws: TLSError.keyDoesNotMatch(certificate: chain, key: key)) { try server.reloadTLS() }
                #expect(try TLSClient(port: port).serverName == "first")
                try folder.copy(fixture("second.pem"), to: "chain.pem")
                try server.reloadTLS()
                #expect(try TLSClient(port: port).serverName == "second")
                try old.send(get("/old"))
                try old.receive(until: "\r\n\r\n/old")
                #expect(old.serverName == "first")
            }
        }
    }

    @Test func refusesBadFiles() throws {
        func failure(_ change: (inout TLSConfiguration) -> Void) -> TLSError? {
            var tls = TLSConfiguration(identity: "first")
            change(&tls)
            do {
                _ = try TLSIdentity(tls, logger: Logger(label: "test"))
                return nil
            } catch {
                return error
            }
        }
        #expect(failure { _ in } == nil)
        #expect(
            failure { $0.privateKeyFile = fixture("second.key") }
                == .keyDoesNotMatch(
                    certificate: fixture("first.pem"),
                    key: fixture("second.key")
                )
        )
        #expect(failure { $0.clientAuthentication = .required } == .missingClientAuthorities)
        for file in ["/nowhere.pem", fixture("generate.sh")] {
            guard case .badCertificate(file, _) = failure({ $0.certificateChainFile = file }) else {
                Issue.record("\(file) was taken for a certificate")
                continue
            }
            guard case .badPrivateKey(file, _) = failure({ $0.privateKeyFile = file }) else {
                Issue.record("\(file) was taken for a key")
                continue
            }
        }
    }
}

/// A folder that goes with the test.
struct TemporaryFolder: Sendable {
    private let root: String

    init() throws {
        var template = Array("/tmp/callpath-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw NeverHappened() }
        root = String(cString: made)
    }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    func copy(_ source: String, to name: String) throws {
        guard let input = fopen(source, "r"), let output = fopen(path(name), "w") else { throw NeverHappened() }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = fread(&buffer, 1, buffer.count, input)
        fwrite(buffer, 1, count, output)
        fclose(input)
        fclose(output)
        chmod(path(name), 0o600)
    }
}
