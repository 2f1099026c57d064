import HTTP
import HTTP2
import HTTPTypes
import Synchronization
import Testing

@testable import HTTPServer

/// HTTP/2 over real sockets, as far as frames written by hand go; PyPI's clients say the rest (`Tests/Clients`).
@Suite(.timeLimit(.minutes(5)))
struct HTTP2ConnectionTests {
    private static let opening = HTTP2Session.preface + frame(4)
    private static let block: [UInt8] = [0x86, 0x84, 0x41, 1, 0x74]

    private static func frame(_ kind: UInt8, _ flags: UInt8 = 0, _ stream: UInt8 = 0, _ payload: [UInt8] = [])
        -> [UInt8]
    {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), kind, flags, 0, 0, 0, stream] + payload
    }

    private static func get(_ stream: UInt8) -> [UInt8] { frame(1, 5, stream, [0x82] + block) }
    private static func post(_ stream: UInt8) -> [UInt8] { frame(1, 4, stream, [0x83] + block) }
    private static func reset(_ stream: UInt8, _ code: UInt8) -> [UInt8] { frame(3, 0, stream, [0, 0, 0, code]) }

    @Test func answersWhoBeginsWithThePreface() async throws {
        try await withClient { client in
            try client.send(Self.opening + Self.get(1))
            try client.receive(untilOctets: Self.frame(0, 1, 1, Array("/".utf8)))
        }
    }

    @Test func answersWhoSendsItOctetByOctet() async throws {
        try await withClient { client in
            for octet in Self.opening + Self.get(1) { try client.send([octet]) }
            try client.receive(untilOctets: Self.frame(0, 1, 1, Array("/".utf8)))
        }
    }

    @Test func aPrefaceThatStopsIsAHeadThatStops() async throws {
        var limits = ServerLimits()
        limits.headTimeout = .milliseconds(200)
        let text = try await withClient(limits: limits) { client in
            try client.send(Array(Self.opening.prefix(10)))
            return try client.receiveAll()
        }
        #expect(text.hasPrefix("HTTP/1.1 408"))
    }

    @Test func isHTTP1AloneWhereItIsOff() async throws {
        var configuration = HTTPServer.Configuration()
        configuration.speaksHTTP2 = false
        let text = try await withClient(configuration: configuration) { client in
            try client.send(Self.opening)
            return try client.receiveAll()
        }
        #expect(text.hasPrefix("HTTP/1.1 505"))
    }

    @Test func streamsOfAllConnectionsAreBounded() async throws {
        var limits = ServerLimits()
        limits.maxOpenStreams = 1
        try await withServer(limits: limits) { _, port in
            try await blocking {
                let first = try RawClient(port: port)
                try first.send(Self.opening + Self.post(1))
                try first.receive(untilOctets: Self.frame(4, 1))
                let second = try RawClient(port: port)
                try second.send(Self.opening + Self.get(1))
                try second.receive(untilOctets: Self.reset(1, 7))
                try first.send(Self.frame(0, 1, 1, [65]))
                try first.receive(untilOctets: Self.frame(0, 1, 1, [0x31]))
                try second.send(Self.get(3))
                try second.receive(untilOctets: Self.frame(0, 1, 3, Array("/".utf8)))
            }
        }
    }

    /// What is refused before the handler sees it is told of as it is answered: with the status of the answer, not of the refusal.
    @Test func tellsHowARefusedCallIsAnswered() async throws {
        let told = Mutex<[(status: Int, trailers: ResponseFields?)]>([])
        var configuration = HTTPServer.Configuration()
        var limits = ServerLimits()
        limits.maxBodyBytes = 1_000
        var trailers: ResponseFields = [:]
        trailers.append("grpc-status", decimal: 8)
        configuration.streamRefusalForm = { [trailers] _, _ in Response(status: .ok, trailers: trailers) }
        configuration.events.refused = { request in
            told.withLock { $0.append((request.status, request.trailers)) }
        }
        try await withClient(limits: limits, configuration: configuration) { client in
            let length: [UInt8] = [0x0F, 0x0D, 4] + Array("1001".utf8)
            try client.send(Self.opening + Self.frame(1, 4, 1, [0x83] + Self.block + length))
            // HEADERS that end both themselves and the stream.
            try client.receive(untilOctets: [1, 5, 0, 0, 0, 1])
        }
        let first = told.withLock { $0.first }
        #expect(first?.status == 200)
        #expect(first?.trailers == trailers)
    }

    /// Content of a stream that goes on, in frames.
    private static func content(_ stream: UInt8, _ count: Int) -> [UInt8] {
        (0..<count / 10_000).flatMap { _ in frame(0, 0, stream, Array(repeating: 65, count: 10_000)) }
    }

    private static func get(_ path: String, _ stream: UInt8) -> [UInt8] {
        frame(1, 5, stream, [0x82, 0x86, 0x04, UInt8(path.utf8.count)] + Array(path.utf8) + [0x41, 1, 0x74])
    }

    /// Connects, and settles what both sides allow.
    private static func open(_ port: Int) throws -> RawClient {
        let client = try RawClient(port: port)
        try client.send(opening)
        try client.receive(untilOctets: frame(4, 1))
        try client.send(frame(4, 1))
        return client
    }

    /// What does not fit beside the bodies of other connections is refused on its stream; small ones always fit.
    @Test func bodiesOfAllConnectionsAreBounded() async throws {
        var limits = ServerLimits()
        limits.maxHeldBodyBytes = 100_000
        try await withServer(limits: limits) { server, port in
            let first = try await blocking {
                let first = try Self.open(port)
                try first.send(Self.post(1) + Self.content(1, 90_000))
                return Kept(first)
            }
            try await eventually { server.exposes("callpath_held_body_bytes 90000") }
            try await blocking {
                let second = try Self.open(port)
                try second.send(Self.post(1) + Self.content(1, 70_000))
                try second.receive(untilOctets: Array("overloaded".utf8))
                try second.send(Self.get(3) + Self.post(5) + Self.frame(0, 1, 5, [65]))
                try second.receive(untilOctets: Self.frame(0, 1, 3, Array("/".utf8)))
                try second.receive(untilOctets: Self.frame(0, 1, 5, Array("1".utf8)))
                try first.value.send(Self.frame(0, 1, 1, [65]))
                try first.value.receive(untilOctets: Self.frame(0, 1, 1, Array("90001".utf8)))
                try second.send(Self.post(7) + Self.content(7, 70_000) + Self.frame(0, 1, 7))
                try second.receive(untilOctets: Self.frame(0, 1, 7, Array("70000".utf8)))
            }
            try await eventually { server.exposes("callpath_held_body_bytes 0") }
        }
    }

    /// A large answer does not join those that others leave unread; a small one does.
    @Test func answersOfAllConnectionsAreBounded() async throws {
        var limits = ServerLimits()
        limits.maxHeldAnswerBytes = 1_000_000
        try await withServer(limits: limits) { request in
            guard request.target == "/large" else { return hello(request) }
            return Response(status: .ok, body: .bytes([UInt8](repeating: 65, count: 30_000_000)))
        } _: { server, port in
            let slow = try await blocking {
                let slow = try Self.open(port)
                try slow.send(Self.get("/large", 1))
                try slow.receive()
                return Kept(slow)
            }
            try await eventually { server.exposes("callpath_held_answer_bytes 3") }
            try await blocking {
                let other = try Self.open(port)
                try other.send(Self.get("/large", 1))
                try other.receive(untilOctets: Array("overloaded".utf8))
                try other.send(Self.get(3))
                try other.receive(untilOctets: Self.frame(0, 1, 3, Array("/".utf8)))
                slow.value.close()
            }
            try await eventually { server.exposes("callpath_held_answer_bytes 0") }
        }
    }

    @Test func aResetCancelsTheHandler() async throws {
        let isCancelled = Atomic<Bool>(false)
        try await withServer { _ in
            try? await Task.sleep(for: .seconds(600))
            isCancelled.store(Task.isCancelled, ordering: .sequentiallyConsistent)
            return Response(status: .ok)
        } _: { _, port in
            try await blocking {
                let client = try RawClient(port: port)
                try client.send(Self.opening + Self.get(1))
                try client.receive(untilOctets: Self.frame(4, 1))
                try client.send(Self.reset(1, 8))
            }
            try await eventually { isCancelled.load(ordering: .sequentiallyConsistent) }
        }
    }

    @Test func anIdleConnectionIsToldSo() async throws {
        var limits = ServerLimits()
        limits.idleTimeout = .milliseconds(200)
        try await withClient(limits: limits) { client in
            try client.send(Self.opening + Self.get(1))
            try client.receive(untilOctets: Self.frame(7, 0, 0, [0, 0, 0, 1, 0, 0, 0, 0]))
        }
    }

    @Test func aStalledBodyGets408AndTheConnectionLivesOn() async throws {
        var limits = ServerLimits()
        limits.bodyIdleTimeout = .milliseconds(200)
        try await withClient(limits: limits) { client in
            try client.send(Self.opening + Self.post(1))
            try client.receive(untilOctets: Array("request_timeout".utf8))
            try client.send(Self.get(3))
            try client.receive(untilOctets: Self.frame(0, 1, 3, Array("/".utf8)))
        }
    }

    @Test func aDrippingBlockEndsTheConnection() async throws {
        var limits = ServerLimits()
        limits.headTimeout = .milliseconds(200)
        try await withClient(limits: limits) { client in
            try client.send(Self.opening + Array(Self.get(1).dropLast()))
            try client.receive(untilOctets: Array("head_timeout".utf8))
        }
    }

    @Test func aStreamWhoseWindowStaysShutIsReset() async throws {
        var limits = ServerLimits()
        limits.writeTimeout = .milliseconds(300)
        try await withClient(limits: limits) { client in
            // INITIAL_WINDOW_SIZE 0
            try client.send(HTTP2Session.preface + Self.frame(4, 0, 0, [0, 4, 0, 0, 0, 0]) + Self.get(1))
            try client.receive(untilOctets: Self.reset(1, 8))
            try client.send(Self.frame(6, 0, 0, Array(repeating: 7, count: 8)))
            try client.receive(untilOctets: Self.frame(6, 1, 0, Array(repeating: 7, count: 8)))
        }
    }

    /// An answer of which the window lets a part out is given up once it is late, whoever writes it.
    @Test(arguments: [false, true])
    func anAnswerThatIsHalfSentWhenItIsLateIsReset(comesOverTime: Bool) async throws {
        try await withClient { _ in
            let content = [UInt8](repeating: 65, count: 100_000)
            let body =
                comesOverTime ? ResponseBody.stream { while true { try await $0.write(content) } } : .bytes(content)
            var response = Response(status: .ok, body: body)
            if !comesOverTime { response.trailers = [.init("grpc-status")!: "0"] }
            response.deadline = .now + .milliseconds(200)
            return response
        } _: { client in
            try client.send(Self.opening + Self.get(1))
            try client.receive(untilOctets: Self.reset(1, 8))
            #expect(client.received.count > 65_535)
            try client.send(Self.frame(6, 0, 0, Array(repeating: 7, count: 8)))
            try client.receive(untilOctets: Self.frame(6, 1, 0, Array(repeating: 7, count: 8)))
        }
    }

    @Test func anAnswerThatIsOutIsNeverLate() async throws {
        try await withClient { request in
            var response = hello(request)
            response.deadline = .now + .milliseconds(50)
            return response
        } _: { client in
            try client.send(Self.opening + Self.get(1))
            try client.receive(untilOctets: Self.frame(0, 1, 1, Array("/".utf8)))
            #expect(!client.isReadable(within: 300))
        }
    }

    @Test func aDrainLetsWhatIsUnderWayFinish() async throws {
        let mayGoOn = AsyncStream.makeStream(of: Void.self)
        let hasCome = Atomic<Bool>(false)
        try await withServer { _ in
            hasCome.store(true, ordering: .sequentiallyConsistent)
            for await _ in mayGoOn.stream { break }
            return Response(status: .ok, body: .bytes(Array("done".utf8)))
        } _: { server, port in
            async let finished: Void = blocking {
                let client = try RawClient(port: port)
                try client.send(Self.opening + Self.get(1))
                try client.receive(untilOctets: Self.frame(7, 0, 0, [0x7F, 255, 255, 255, 0, 0, 0, 0]))
                try client.send(Self.frame(6, 1, 0, Array("draining".utf8)))
                try client.receive(untilOctets: Self.frame(7, 0, 0, [0, 0, 0, 1, 0, 0, 0, 0]))
                mayGoOn.continuation.yield()
                try client.receive(untilOctets: Self.frame(0, 1, 1, Array("done".utf8)))
                client.close()
            }
            try await eventually { hasCome.load(ordering: .sequentiallyConsistent) }
            #expect(await server.shutdown(grace: .seconds(20)) == 0)
            try await finished
        }
    }

    @Test func aStreamOfEventsIsWrittenAsItComes() async throws {
        try await withServer { _ in
            Response(
                status: .ok,
                body: .stream { writer in
                    for piece in ["one", "", "two"] { try await writer.write(Array(piece.utf8)) }
                    try await writer.setTrailers([.init("grpc-status")!: "0"])
                }
            )
        } _: { _, port in
            try await blocking {
                let client = try RawClient(port: port)
                try client.send(Self.opening + Self.get(1))
                try client.receive(untilOctets: Self.frame(0, 0, 1, Array("onetwo".utf8)))
                try client.receive(untilOctets: [1, 5, 0, 0, 0, 1])
            }
        }
    }
}

extension RawClient {
    /// Receives until `octets` have come.
    func receive(untilOctets octets: [UInt8]) throws {
        while received.firstRange(of: octets) == nil {
            guard try receive() else { throw NeverHappened() }
        }
    }
}
