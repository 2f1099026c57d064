import HTTP
import HTTPTypes
import Testing

@testable import HTTPServer

/// What the server says without its handler takes the form that whoever set it up wants.
@Suite(.timeLimit(.minutes(5)))
struct RefusalFormTests {
    /// Says code and path in place of a problem document.
    private static var configuration: HTTPServer.Configuration {
        var configuration = HTTPServer.Configuration()
        configuration.refusalForm = { refusal, path in
            refusal.response(Array("\(refusal.code) ".utf8) + path + Array(".".utf8), as: "text/plain")
        }
        return configuration
    }

    private static let head = " HTTP/1.1\r\nHost: test\r\n"

    @Test(arguments: [
        ("GET /a\(head)X : 1\r\n\r\n", "malformed_request /a."),
        ("POST /a?b\(head)Transfer-Encoding: chunked\r\n\r\nx", "malformed_request /a."),
        ("POST /a\(head)Content-Length: 2000\r\n\r\n", "body_too_large /a."),
        ("GET /a", "request_timeout /a."),
        ("POST /a\(head)Content-Length: 2\r\n\r\na", "request_timeout /a."),
        ("GE", "request_timeout ."),
        ("bad\r\n", "malformed_request ."),
    ])
    func saysNoInTheFormOfThePath(input: String, content: String) async throws {
        var limits = ServerLimits()
        limits.maxBodyBytes = 1000
        (limits.headTimeout, limits.bodyIdleTimeout) = (.milliseconds(300), .milliseconds(300))
        let text = try await withClient(limits: limits, configuration: Self.configuration) { client in
            try client.send(input)
            return try client.receiveAll()
        }
        #expect(text.hasSuffix("\r\n\r\n\(content)"), "\(text)")
        #expect(text.contains("Content-Type: text/plain\r\n"))
    }

    @Test(arguments: [
        "HEAD /a\(head)X : 1\r\n\r\n", "HEAD /a\(head)Content-Length: 99999999999\r\n\r\n", "HEAD /a\(head)X: 1\r\n",
    ])
    func aRefusedHEADGetsNoContent(input: String) async throws {
        var limits = ServerLimits()
        limits.headTimeout = .milliseconds(300)
        let text = try await withClient(limits: limits) { client in
            try client.send(input)
            return try client.receiveAll()
        }
        #expect(text.hasPrefix("HTTP/1.1 4"))
        #expect(text.contains("Content-Type: application/problem+json\r\n"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test func aConnectionTooManyIsToldInTheFormOfThePath() async throws {
        var limits = ServerLimits()
        limits.maxConnections = 1
        let text = try await withServer(limits: limits, configuration: Self.configuration) { server, port in
            let kept = try await blocking { Kept(try RawClient(port: port)) }
            try await eventually { server.openConnections == 1 }
            return try await blocking {
                defer { kept.value.close() }
                let refused = try RawClient(port: port)
                try refused.send(get("/a?b"))
                return try refused.receiveAll()
            }
        }
        #expect(text.hasPrefix("HTTP/1.1 503 "))
        #expect(text.contains("Retry-After: 1\r\n"))
        #expect(text.hasSuffix("\r\n\r\noverloaded /a."))
    }

    @Test func bodiesBeyondTheMemoryAreToldInTheFormOfThePath() async throws {
        var limits = ServerLimits()
        limits.maxHeldBodyBytes = 1000
        let text = try await withClient(limits: limits, configuration: Self.configuration) { client in
            try client.send("POST /a\(Self.head)Content-Length: 2000\r\n\r\n\(String(repeating: "a", count: 1500))")
            return try client.receiveAll()
        }
        #expect(text.hasPrefix("HTTP/1.1 503 "))
        #expect(text.hasSuffix("\r\n\r\noverloaded /a."))
    }

    @Test func answersBeyondTheMemoryAreToldInTheFormOfThePath() async throws {
        var limits = ServerLimits()
        limits.maxHeldAnswerBytes = 40_000_000
        let text = try await withServer(limits: limits, configuration: Self.configuration) { _ in
            Response(status: .ok, body: .bytes([UInt8](repeating: 65, count: 30_000_000)))
        } _: { server, port in
            let slow = try await slowReader(of: server, port: port)
            return try await blocking {
                defer { slow.value.reset() }
                let next = try RawClient(port: port)
                try next.send(get("/a?b"))
                try next.receive(until: "/a.")
                return next.text
            }
        }
        #expect(text.hasPrefix("HTTP/1.1 503 "))
        #expect(text.hasSuffix("\r\n\r\noverloaded /a."))
    }
}
