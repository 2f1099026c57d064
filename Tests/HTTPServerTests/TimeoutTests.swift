import HTTP
import HTTPTypes
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(5)))
struct TimeoutTests {
    private func limits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits()
        change(&limits)
        return limits
    }

    /// Octets that come one by one do not make a head's time longer.
    @Test func aDrippingHeadGets408() async throws {
        let (text, seconds) = try await withClient(limits: limits { $0.headTimeout = .milliseconds(300) }) { client in
            let start = ContinuousClock.now
            try client.send("GET / HTTP/1.1\r\nX: ")
            while !client.text.contains("408"), ContinuousClock.now - start < .seconds(5) {
                try? client.send("a")
                pause(milliseconds: 30)
                if ContinuousClock.now - start > .milliseconds(450) { try client.receive() }
            }
            let text = try client.receiveAll()
            return (text, ContinuousClock.now - start)
        }
        #expect(text.hasPrefix("HTTP/1.1 408 "))
        #expect(text.contains("Connection: close"))
        #expect(seconds < .seconds(4))
    }

    @Test func aStalledBodyGets408() async throws {
        let text = try await withClient(limits: limits { $0.bodyIdleTimeout = .milliseconds(200) }) { client in
            try client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc")
            return try client.receiveAll()
        }
        #expect(text.hasPrefix("HTTP/1.1 408 "))
    }

    @Test func aDrippingBodyGets408() async throws {
        let limits = limits {
            $0.bodyIdleTimeout = .seconds(5)
            $0.bodyTimeout = .milliseconds(300)
        }
        let text = try await withClient(limits: limits) { client in
            try client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<20 {
                try? client.send("1\r\na\r\n")
                pause(milliseconds: 30)
            }
            return try client.receiveAll()
        }
        #expect(text.hasPrefix("HTTP/1.1 408 "))
    }

    @Test func anIdleConnectionIsClosedWithoutAnAnswer() async throws {
        let text = try await withClient(limits: limits { $0.idleTimeout = .milliseconds(200) }) { client in
            try client.send(get("/"))
            return try client.receiveAll()
        }
        #expect(text.hasSuffix("\r\n\r\n/"))
    }

    @Test func aSilentConnectionIsClosedWithoutAnAnswer() async throws {
        let text = try await withClient(limits: limits { $0.idleTimeout = .milliseconds(200) }) { client in
            try client.receiveAll()
        }
        #expect(text.isEmpty)
    }

    @Test func aReaderThatDoesNotReadIsCutOff() async throws {
        let limits = limits { $0.writeTimeout = .milliseconds(300) }
        try await withServer(limits: limits) { _ in
            Response(status: .ok, body: .bytes([UInt8](repeating: 65, count: 30_000_000)))
        } _: { server, port in
            let client = try await blocking {
                let client = try RawClient(port: port, receiveBuffer: 4096)
                try client.send(get("/"))
                return Kept(client)
            }
            try await eventually { server.exposes("callpath_connection_timeouts_total{phase=\"write\"} 1") }
            try await eventually { server.openConnections == 0 }
            _ = client
        }
    }

    @Test func theEndOfLingeringIsBounded() async throws {
        let limits = limits {
            $0.lingerIdleTimeout = .milliseconds(200)
            $0.lingerTimeout = .milliseconds(500)
        }
        try await withServer(limits: limits) { server, port in
            let client = try await blocking {
                let client = try RawClient(port: port)
                try client.send("bad\r\n\r\n")
                _ = try client.receiveAll()
                return Kept(client)
            }
            try await eventually { server.openConnections == 0 }
            _ = client
        }
    }
}
