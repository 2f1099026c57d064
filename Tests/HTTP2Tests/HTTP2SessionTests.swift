import HTTP
import HTTPTypes
import Testing

@testable import HTTP2

/// A connection's session without a connection: frames in, requests and frames out.
@Suite(.timeLimit(.minutes(5)))
struct HTTP2SessionTests {
    /// A session, and the frames that it has sent.
    private final class Wire {
        let session: HTTP2Session
        var now: Int64 = 1_000_000_000
        private(set) var frames: [(head: FrameHead, payload: [UInt8])] = []

        init(maxStreams: Int = 128, limits: ServerLimits = ServerLimits(), streams: Bool = false) {
            session = HTTP2Session(
                limits: limits,
                settings: HTTP2Settings(maxStreams: maxStreams),
                client: Client(address: "test"),
                streamsBody: { _ in streams },
                at: now
            )
            send(FrameScanner.preface + HTTP2SessionTests.frame(.settings))
        }

        func send(_ octets: [UInt8]) {
            session.receive(octets.span, at: now)
            var output: [UInt8] = []
            session.produce(into: &output, atMost: .max, at: now)
            var index = 0
            while index + 9 <= output.count {
                let head = FrameHead(output.span.extracting(index..<index + 9))
                frames.append((head, Array(output[index + 9..<index + 9 + head.length])))
                index += 9 + head.length
            }
        }

        /// The frames of a kind, and the code that each ends with or names.
        func codes(_ kind: FrameHead.Kind) -> [UInt8] {
            frames.filter { $0.head.kind == kind }.map { kind == .goAway ? $0.payload[7] : $0.payload[3] }
        }

        /// Takes the next request and answers it.
        @discardableResult
        func answer(with response: Response) -> Request? {
            guard let (stream, work) = session.takeReady(), case .request(let request) = work else { return nil }
            session.answer(stream, with: response, date: Array("today".utf8), at: now)
            send([])
            return request
        }

        /// Kind and end of each frame on a stream.
        func kinds(of stream: Int32) -> [String] {
            frames.filter { $0.head.stream == stream }.map {
                "\($0.head.kind.map { "\($0)" } ?? "unknown")\($0.head.endsStream ? " end" : "")"
            }
        }
    }

    private static func frame(
        _ kind: FrameHead.Kind,
        _ flags: UInt8 = 0,
        _ stream: UInt8 = 0,
        _ payload: [UInt8] = []
    ) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), kind.rawValue, flags, 0, 0, 0, stream] + payload
    }

    /// `GET /` and `POST /` of the authority `t`.
    private static func get(_ stream: UInt8) -> [UInt8] {
        frame(.headers, 5, stream, [0x82, 0x86, 0x84, 0x41, 1, 0x74])
    }

    private static func post(_ stream: UInt8) -> [UInt8] {
        frame(.headers, 4, stream, [0x83, 0x86, 0x84, 0x41, 1, 0x74])
    }

    private func text(_ text: String) -> Response { Response(status: .ok, body: .bytes(Array(text.utf8))) }

    @Test func bringsARequestAndSendsTheAnswer() throws {
        let wire = Wire()
        wire.send(Self.get(1))
        let request = try #require(wire.answer(with: text("hello")))
        #expect(request.target == "/" && request.version == .http2)
        #expect(request.fields[.init("host")!] == "t")
        #expect(wire.kinds(of: 1) == ["headers", "data end"])
    }

    @Test func bringsABodyWhole() throws {
        let wire = Wire()
        wire.send(Self.post(1) + Self.frame(.data, 0, 1, [1, 2]))
        #expect(!wire.session.hasReady)
        #expect(wire.session.heldBodyBytes == 2)
        wire.send(Self.frame(.data, 1, 1, [3]))
        #expect(try #require(wire.answer(with: text(""))).body == [1, 2, 3])
    }

    @Test func aStreamThatIsNotAdmittedIsRefused() {
        let wire = Wire()
        wire.session.admits = { false }
        wire.send(Self.get(1))
        #expect(wire.codes(.reset) == [7])
        #expect(!wire.session.hasReady)
    }

    @Test func trailersAloneAreOneBlock() {
        let wire = Wire()
        wire.send(Self.get(1))
        wire.answer(with: Response(status: .ok, trailers: [.init("grpc-status")!: "5"]))
        #expect(wire.kinds(of: 1) == ["headers end"])
    }

    @Test func trailersFollowTheContent() {
        let wire = Wire()
        wire.send(Self.get(1))
        var response = text("hello")
        response.trailers = [.init("grpc-status")!: "0"]
        wire.answer(with: response)
        #expect(wire.kinds(of: 1) == ["headers", "data", "headers end"])
    }

    @Test func anAnswerBeforeTheEndOfTheRequestStopsIt() {
        let wire = Wire(streams: true)
        wire.send(Self.post(1))
        wire.answer(with: text("no"))
        #expect(wire.kinds(of: 1) == ["headers", "data end", "reset"])
        #expect(wire.codes(.reset) == [0])
    }

    @Test func aBodyThatComesAlongIsNoStream() throws {
        let wire = Wire(streams: true)
        wire.send(Self.post(1) + Self.frame(.data, 1, 1, [7]))
        let request = try #require(wire.answer(with: text("")))
        #expect(request.stream == nil && request.body == [7])
    }

    @Test func aBodyThatComesLaterIsAStream() async throws {
        let wire = Wire(streams: true)
        wire.send(Self.post(1) + Self.frame(.data, 0, 1, [7]))
        let (_, work) = try #require(wire.session.takeReady())
        guard case .request(let request) = work else { throw RequestStream.Failure.cancelled }
        let stream = try #require(request.stream)
        #expect(try await stream.next() == [7])
        wire.send(Self.frame(.data, 1, 1, [8]))
        #expect(try await stream.next() == [8])
        #expect(try await stream.next() == nil)
    }

    @Test func aResetStreamIsCancelled() async throws {
        let wire = Wire(streams: true)
        wire.send(Self.post(1))
        let (stream, work) = try #require(wire.session.takeReady())
        guard case .request(let request) = work else { throw RequestStream.Failure.cancelled }
        wire.send(Self.frame(.reset, 0, 1, [0, 0, 0, 8]))
        await #expect(throws: RequestStream.Failure.cancelled) { try await request.stream?.next() }
        #expect(stream.isClosed && wire.session.takeClosed() === stream && wire.session.takeClosed() == nil)
        #expect(request.client?.isGone == true)
    }

    @Test func onlyWhatIsTakenOpensTheWindow() async throws {
        let wire = Wire(streams: true)
        wire.send(Self.post(1))
        let (stream, _) = try #require(wire.session.takeReady())
        wire.send(Self.frame(.settings, 1))
        for _ in 0..<60 { wire.send(Self.frame(.data, 0, 1, Array(repeating: 0, count: 10_000))) }
        #expect(wire.kinds(of: 1).isEmpty)
        wire.session.taken(600_000, of: stream)
        wire.send([])
        #expect(wire.kinds(of: 1) == ["windowUpdate"])
    }

    @Test(arguments: [
        ("too_many_resets", 201, get(1) + frame(.reset, 0, 1, [0, 0, 0, 8])),
        ("too_many_pings", 4, frame(.ping, 0, 0, Array(repeating: 0, count: 8))),
        ("too_many_frames", 1_000, frame(.priority, 0, 3, [0, 0, 0, 0, 0])),
        ("too_many_frames", 1_000, frame(.settings)),
    ])
    func isCalmedWhenItIsTooMuch(reason: String, count: Int, octets: [UInt8]) throws {
        let wire = Wire(streams: true)
        var stream = 1
        for index in 0..<count {
            #expect(!wire.session.isOver, "\(index)")
            var octets = octets
            if reason == "too_many_resets" {
                octets = Self.get(1) + Self.frame(.reset, 0, 1, [0, 0, 0, 8])
                for start in [5, 15 + 5] {
                    octets[start + 2] = UInt8(stream >> 8)
                    octets[start + 3] = UInt8(stream & 255)
                }
                stream += 2
            }
            wire.send(octets)
        }
        let last = try #require(wire.frames.last)
        #expect(last.head.kind == .goAway && last.payload[7] == 11)
        #expect(String(decoding: last.payload[8...], as: UTF8.self) == reason)
        #expect(wire.session.isOver)
    }

    @Test func pingsThatAreFarApartAreFine() {
        let wire = Wire()
        for _ in 0..<20 {
            wire.now += 5_000_000_000
            wire.send(Self.frame(.ping, 0, 0, Array(repeating: 0, count: 8)))
        }
        #expect(wire.frames.count { $0.head.kind == .ping } == 20)
        #expect(!wire.session.isEnding)
    }

    @Test func aDrainTellsTwice() {
        let wire = Wire()
        wire.send(Self.get(1))
        wire.session.beginDrain(at: wire.now)
        wire.send([])
        wire.session.finishDrain()
        wire.send(Self.get(3))
        let lasts = wire.frames.filter { $0.head.kind == .goAway }.map { Array($0.payload[..<4]) }
        #expect(lasts == [[0x7F, 255, 255, 255], [0, 0, 0, 1]])
        #expect(wire.frames.contains { $0.head.kind == .reset && $0.head.stream == 3 && $0.payload[3] == 7 })
        wire.answer(with: text("last"))
        #expect(wire.kinds(of: 1) == ["headers", "data end"])
        #expect(wire.session.isOver)
    }

    /// Whether the stream began before the drain, or in the piece that ends it.
    @Test(arguments: [true, false])
    func aDrainEndsStreamsOnWhichNothingIsDue(isEarly: Bool) async throws {
        let wire = Wire(streams: true)
        if isEarly { wire.send(Self.post(1)) }
        wire.session.beginDrain(at: wire.now)
        wire.send([])
        let pong = Self.frame(.ping, 1, 0, Array("draining".utf8))
        wire.send(isEarly ? pong : Self.post(1) + pong)
        #expect(wire.session.drain == .final)
        guard case .request(let request)? = wire.session.takeReady()?.work else {
            throw RequestStream.Failure.cancelled
        }
        await #expect(throws: RequestStream.Failure.draining) { try await request.stream?.next(isDue: false) }
        wire.send(Self.frame(.data, 0, 1, [7]))
        #expect(try await request.stream?.next() == [7])
    }

    @Test(arguments: [
        (ServerLimits.Change { $0.maxHeadBytes = 100 }, 431), (.init { $0.maxFields = 1 }, 431),
        (.init { $0.maxRequestLineBytes = 10 }, 414),
    ])
    func refusesOnTheStream(change: ServerLimits.Change, status: Int) throws {
        var limits = ServerLimits()
        change.apply(&limits)
        let wire = Wire(limits: limits)
        wire.send(Self.frame(.headers, 5, 1, [0x82, 0x86, 0x84, 0x41, 1, 0x74, 0, 1, 0x78, 1, 0x61]))
        let (_, work) = try #require(wire.session.takeReady())
        guard case .refusal(let refusal) = work else { throw RequestStream.Failure.cancelled }
        #expect(refusal.status.code == status)
    }

    @Test func refusesABodyBeyondTheLimit() throws {
        var limits = ServerLimits()
        limits.maxBodyBytes = 3
        let wire = Wire(limits: limits)
        wire.send(Self.post(1) + Self.frame(.data, 0, 1, [1, 2, 3, 4]))
        let (_, work) = try #require(wire.session.takeReady())
        guard case .refusal(let refusal) = work else { throw RequestStream.Failure.cancelled }
        #expect(refusal.status.code == 413)
        #expect(wire.session.heldBodyBytes == 0)
    }
}

extension ServerLimits {
    /// A limit that is lower than usual.
    struct Change: Sendable {
        let apply: @Sendable (inout ServerLimits) -> Void

        init(_ apply: @escaping @Sendable (inout ServerLimits) -> Void) { self.apply = apply }
    }
}
