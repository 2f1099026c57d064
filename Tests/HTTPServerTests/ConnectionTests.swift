import Glibc
import HTTP
import HTTPTypes
import Metrics
import Synchronization
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(5)))
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

    /// Answers that are made in one batch of events go out together, whoever goes or asks for more meanwhile.
    @Test func manyAtOnceAreAllAnswered() async throws {
        var configuration = HTTPServer.Configuration()
        configuration.loopCount = 1
        let texts = try await withServer(configuration: configuration) { _, port in
            try await blocking {
                let clients = try (0..<40).map { _ in try RawClient(port: port) }
                for round in 0..<50 {
                    for (index, client) in clients.enumerated() { try client.send(get("/\(index)-\(round)")) }
                }
                for client in clients.prefix(10) { client.reset() }
                for client in clients { client.endWriting() }
                return try clients.dropFirst(10).map { try $0.receiveAll() }
            }
        }
        for (index, text) in texts.enumerated() {
            let paths = text.matches(of: /\r\n\r\n(\/[0-9-]+)/).map { String($0.1) }
            #expect(paths == (0..<50).map { "/\(index + 10)-\($0)" })
        }
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
            try await eventually { answered.load(ordering: .relaxed) > 0 }
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

    /// Beyond those who are told that there is no room, clients wait in the kernel.
    @Test func connectionsBeyondTheOverflowAreNotAccepted() async throws {
        var limits = ServerLimits()
        limits.maxConnections = 1
        limits.maxOverflowConnections = 1
        try await withServer(limits: limits) { server, port in
            let clients = try await blocking { try (0..<3).map { _ in Kept(try RawClient(port: port)) } }
            try await eventually { server.openConnections == 2 }
            let (answeredAtOnce, statuses) = try await blocking {
                let last = clients[2].value
                try last.send(get("/"))
                let answeredAtOnce = last.isReadable(within: 100)
                clients[0].value.close()
                try last.receive(until: "\r\n\r\n")
                return (answeredAtOnce, last.statuses)
            }
            #expect(!answeredAtOnce)
            #expect(statuses == [503])
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

    @Test func aRefusedBodyIsLetGoAtOnce() async throws {
        var limits = ServerLimits()
        limits.maxHeldBodyBytes = 1_000_000
        limits.lingerIdleTimeout = .seconds(3600)
        limits.lingerTimeout = .seconds(3600)
        let statuses = try await withServer(limits: limits) { server, port in
            try await blocking {
                let refused = try RawClient(port: port)
                try refused.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
                try refused.send("AAE60\r\n\(String(repeating: "a", count: 700_000))\r\nx\r\n")
                try refused.receive(until: "\r\n\r\n")
                let next = try RawClient(port: port)
                try next.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 900000\r\n\r\n")
                try? next.send([UInt8](repeating: 65, count: 900_000))
                try next.receive(until: "\r\n\r\n")
                return refused.statuses + next.statuses
            }
        }
        #expect(statuses == [400, 200])
    }

    /// One slow reader after another would otherwise fill the memory, each with an answer of its own.
    @Test func answersInMemoryAreBounded() async throws {
        var limits = ServerLimits()
        limits.maxHeldAnswerBytes = 40_000_000
        let statuses = try await withServer(limits: limits) { request in
            let count = request.target == "/small" ? 1_000 : 30_000_000
            return Response(status: .ok, body: .bytes([UInt8](repeating: 65, count: count)))
        } _: { server, port in
            let slow = try await slowReader(of: server, port: port)
            let next = try await blocking {
                let next = try RawClient(port: port)
                try next.send(get("/large") + get("/small"))
                try next.receive(until: "\r\n\r\nA")
                return Kept(next)
            }
            slow.value.reset()
            try await eventually { server.exposes("callpath_held_answer_bytes 0") }
            return try await blocking {
                let before = next.value.statuses
                next.value.forget()
                try next.value.send(get("/large"))
                try next.value.receive(until: "\r\n\r\nA")
                return before + next.value.statuses.prefix(1)
            }
        }
        #expect(statuses == [503, 200, 200])
    }

    /// Who sends one request at a time does not wait until all who sent hundreds have had a turn.
    @Test func pipelinersTogetherDoNotHoldUpTheOthers() async throws {
        let handled = Atomic<Int>(0)
        let handledBeforeOther = Atomic<Int>(0)
        let delays = try await withServer(configuration: .oneLoop) { request in
            if request.target == "/other" {
                handledBeforeOther.store(handled.load(ordering: .relaxed), ordering: .relaxed)
            } else {
                let end = ContinuousClock.now + .microseconds(100)
                while ContinuousClock.now < end {}
                handled.add(1, ordering: .relaxed)
            }
            return hello(request)
        } _: { _, port in
            try await blocking {
                let other = try RawClient(port: port)
                let pipeliners = try (0..<40).map { _ in try RawClient(port: port) }
                for pipeliner in pipeliners { try pipeliner.send(String(repeating: get("/"), count: 400)) }
                return try (0..<15).map { _ in
                    let before = handled.load(ordering: .relaxed)
                    try other.send(get("/other"))
                    other.forget()
                    try other.receive(until: "/other")
                    return handledBeforeOther.load(ordering: .relaxed) - before
                }
            }
        }
        // A round of all is 640 requests.
        #expect(delays.sorted()[delays.count / 2] < 100, "\(delays)")
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
