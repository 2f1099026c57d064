import Glibc
import HTTP
import HTTPTypes
import Metrics
import Synchronization
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(1)))
struct ConnectionTests {
    @Test func answersAClientThatHasEndedItsSide() async throws {
        let text = try await withClient { request in
            try? await Task.sleep(for: .milliseconds(20))
            return hello(request)
        } _: { client in
            try client.send(get("/a") + get("/b"))
            client.endWriting()
            return try client.receiveAll()
        }
        #expect(text.contains("\r\n\r\n/a"))
        #expect(text.hasSuffix("\r\n\r\n/b"))
    }

    @Test(arguments: ["", "GET / HT", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nab"])
    func closesAtAnEndInTheMiddle(input: String) async throws {
        let text = try await withClient { client in
            try client.send(input)
            client.endWriting()
            return try client.receiveAll()
        }
        #expect(text.isEmpty)
    }

    @Test(arguments: [
        "GET / HT",
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 500\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ])
    func aResetLeavesNothingBehind(input: String) async throws {
        try await withServer { server, port in
            try await blocking {
                for _ in 0..<50 {
                    let client = try RawClient(port: port)
                    try client.send(input)
                    client.reset()
                }
            }
            try await eventually { server.openConnections == 0 }
        }
    }

    @Test func aResetInTheMiddleOfAnAnswerEndsIt() async throws {
        try await withServer { _ in
            Response(status: .ok, body: .bytes([UInt8](repeating: 65, count: 20_000_000)))
        } _: { server, port in
            try await blocking {
                let client = try RawClient(port: port)
                try client.send(get("/"))
                try client.receive()
                client.reset()
            }
            try await eventually { server.openConnections == 0 }
        }
    }

    @Test func theHandlerOfAClientThatHasGoneIsCancelled() async throws {
        let isRunning = Atomic<Bool>(false)
        let isCancelled = Atomic<Bool>(false)
        try await withServer { request in
            isRunning.store(true, ordering: .relaxed)
            try? await Task.sleep(for: .seconds(3600))
            isCancelled.store(Task.isCancelled, ordering: .relaxed)
            return hello(request)
        } _: { server, port in
            let client = try await blocking {
                let client = try RawClient(port: port)
                try client.send(get("/"))
                return Kept(client)
            }
            try await eventually { isRunning.load(ordering: .relaxed) }
            client.value.reset()
            try await eventually { isCancelled.load(ordering: .relaxed) && server.openConnections == 0 }
        }
    }

    @Test func aStreamToAClientThatHasGoneIsCancelled() async throws {
        let isCancelled = Atomic<Bool>(false)
        try await withServer { _ in
            Response(
                status: .ok,
                body: .stream { writer in
                    do {
                        while true { try await writer.write([UInt8](repeating: 65, count: 100_000)) }
                    } catch {
                        isCancelled.store(error is CancellationError, ordering: .relaxed)
                        throw error
                    }
                }
            )
        } _: { server, port in
            try await blocking {
                let client = try RawClient(port: port)
                try client.send(get("/"))
                try client.receive()
                client.reset()
            }
            try await eventually { isCancelled.load(ordering: .relaxed) && server.openConnections == 0 }
        }
    }

    /// A refused client that goes on sending still reads why.
    @Test(arguments: [
        "bad\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 999999999999\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: test\r\nA: \(String(repeating: "a", count: 40_000))\r\n",
    ])
    func aRefusalIsReadableBehindUnreadOctets(input: String) async throws {
        let statuses = try await withClient { client in
            try client.send(input)
            for _ in 0..<32 { try? client.send([UInt8](repeating: 65, count: 16_384)) }
            _ = try client.receiveAll()
            return client.statuses
        }
        #expect(statuses.count == 1)
        #expect(statuses.allSatisfy { (400..<500).contains($0) })
    }

    @Test func aPipelinerWhoNeverReadsIsNotReadForEver() async throws {
        let answered = Atomic<Int>(0)
        var limits = ServerLimits()
        limits.maxPendingOutputBytes = 100_000
        try await withServer(limits: limits) { _ in
            answered.add(1, ordering: .relaxed)
            return Response(status: .ok, body: .bytes([UInt8](repeating: 65, count: 10_000)))
        } _: { server, port in
            let client = try await blocking {
                let client = try RawClient(port: port, receiveBuffer: 65_536, timeout: 1)
                // 40,000 requests are 1.4 MB and 400 MB of answers: the send blocks when nobody reads it any more.
                try? client.send(String(repeating: get("/"), count: 40_000))
                return Kept(client)
            }
            #expect(answered.load(ordering: .relaxed) < 10_000)
            #expect(server.openConnections == 1)
            client.value.reset()
            try await eventually { server.openConnections == 0 }
        }
    }

    @Test func aPipelinerDoesNotStarveTheOthers() async throws {
        try await withServer(configuration: .oneLoop) { _, port in
            try await blocking {
                let pipeliner = try RawClient(port: port)
                let other = try RawClient(port: port)
                try pipeliner.send(String(repeating: get("/"), count: 5000))
                try other.send(get("/other"))
                try other.receive(until: "/other")
                try pipeliner.receive(until: "HTTP/1.1 200 OK", times: 5000)
            }
        }
    }

    @Test func moreConnectionsThanTheLimitGet503ExceptForHealth() async throws {
        var limits = ServerLimits()
        limits.maxConnections = 2
        var configuration = HTTPServer.Configuration()
        configuration.isExempt = { $0.target == "/livez" }
        try await withServer(limits: limits, configuration: configuration) { server, port in
            let kept = try await blocking { try (0..<2).map { _ in Kept(try RawClient(port: port)) } }
            try await eventually { server.openConnections == 2 }
            let (refused, healthy) = try await blocking {
                let refused = try RawClient(port: port)
                try refused.send(get("/a"))
                let healthy = try RawClient(port: port)
                try healthy.send(get("/livez"))
                return (try refused.receiveAll(), try healthy.receiveAll())
            }
            #expect(refused.hasPrefix("HTTP/1.1 503 "))
            #expect(refused.contains("Retry-After: 1\r\n"))
            #expect(refused.contains("Connection: close\r\n"))
            #expect(healthy.hasPrefix("HTTP/1.1 200 "))
            for client in kept { client.value.close() }
            try await eventually { server.openConnections == 0 }
            try await blocking {
                let client = try RawClient(port: port)
                try client.send(get("/again"))
                try client.receive(until: "/again")
            }
        }
    }

    @Test func bodiesInMemoryAreBounded() async throws {
        var limits = ServerLimits()
        limits.maxHeldBodyBytes = 1_000_000
        let statuses = try await withServer(limits: limits) { server, port in
            let head = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 900000\r\n\r\n"
            let first = try await blocking {
                let client = try RawClient(port: port)
                try client.send(head)
                try client.send([UInt8](repeating: 65, count: 800_000))
                return Kept(client)
            }
            let received = server.configuration.metrics
            try await eventually {
                String(decoding: received.expose(), as: UTF8.self).contains("callpath_received_bytes_total 8000")
            }
            return try await blocking {
                let second = try RawClient(port: port)
                try second.send(head)
                try? second.send([UInt8](repeating: 65, count: 800_000))
                _ = try second.receiveAll()
                try first.value.send([UInt8](repeating: 65, count: 100_000))
                try first.value.receive(until: "900000")
                return second.statuses + first.value.statuses
            }
        }
        #expect(statuses == [503, 200])
    }

    @Test func countsConnectionsByState() async throws {
        try await withServer(configuration: .oneLoop) { request in
            if request.target == "/wait" { try? await Task.sleep(for: .seconds(3600)) }
            return hello(request)
        } _: { server, port in
            let metrics = server.configuration.metrics
            @Sendable func text() -> String { String(decoding: metrics.expose(), as: UTF8.self) }
            let clients = try await blocking {
                let (waiting, idle) = (try RawClient(port: port), try RawClient(port: port))
                try waiting.send(get("/wait"))
                try idle.send(get("/"))
                try idle.receive(until: "\r\n\r\n/")
                return [Kept(waiting), Kept(idle)]
            }
            try await eventually { text().contains("callpath_connections{state=\"answering\"} 1") }
            #expect(text().contains("callpath_connections{state=\"reading\"} 1"))
            #expect(text().contains("callpath_requests_received_total 2"))
            for client in clients { client.value.reset() }
            try await eventually { text().contains("callpath_connections{state=\"reading\"} 0") }
            try await eventually { text().contains("callpath_connections{state=\"answering\"} 0") }
        }
    }
}

extension HTTPServer.Configuration {
    /// All connections on one loop.
    static var oneLoop: Self {
        var configuration = Self()
        configuration.loopCount = 1
        return configuration
    }
}
