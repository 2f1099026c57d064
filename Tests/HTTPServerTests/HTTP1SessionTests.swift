import Glibc
import HTTP
import HTTPTypes
import Testing

@testable import HTTPServer

/// A connection's session without a connection: octets in, requests and octets out.
struct HTTP1SessionTests {
    /// A session whose octets come from a text, and the answers that it has sent.
    private struct Wire {
        var session: HTTP1Session
        private(set) var events: [String] = []

        init(limits: ServerLimits = ServerLimits()) {
            session = HTTP1Session(limits: limits)
            session.begin(Client(address: "test"))
        }

        /// Feeds `text` in pieces of `size` octets, and what is kept, as far as the session reads.
        mutating func send(_ text: String, size: Int = .max, answer: Bool = true) {
            var octets = Array(text.utf8)[...]
            while !octets.isEmpty {
                var piece = Array(octets.prefix(size))[...]
                octets = octets.dropFirst(size)
                while session.wantsInput, !piece.isEmpty {
                    let (event, count) = session.receive(Array(piece).span)
                    piece = piece.dropFirst(count)
                    note(event, answer: answer)
                }
                Array(piece).withUnsafeBufferPointer { if !$0.isEmpty { session.keep($0[...]) } }
            }
            resume(answer: answer)
        }

        mutating func resume(answer: Bool = true) {
            while session.wantsInput, session.hasLeftover {
                note(session.receiveKept(), answer: answer)
            }
        }

        private mutating func note(_ event: HTTP1Session.Event, answer: Bool) {
            switch event {
            case .more(let count, _): if count > 0 { events.append("+\(count)") }
            case .request(let request, let exchange):
                events.append("\(request.target) #\(exchange)")
                guard answer else { return }
                session.answer(request, with: hello(request), keepsAlive: true, date: [])
                session.endAnswer()
            case .violation(let refusal, let outline):
                events.append(
                    "\(refusal.status.code) \(outline.map { String(decoding: $0.path, as: UTF8.self) } ?? "")"
                )
                session.refuse(outline, with: refusal.problem, date: [])
            }
        }

        /// What waits to be sent, taken out in pieces.
        mutating func output() -> String {
            var sent: [UInt8] = []
            while !session.output.isEmpty {
                _ = session.output.flush { pieces in
                    for piece in pieces {
                        sent += UnsafeRawBufferPointer(start: piece.iov_base, count: piece.iov_len)
                    }
                    return .moved(pieces.reduce(0) { $0 + $1.iov_len })
                }
            }
            return String(decoding: sent, as: UTF8.self)
        }
    }

    @Test(arguments: [1, 2, 7, .max])
    func answersInOrderHoweverTheOctetsAreCut(size: Int) {
        var wire = Wire()
        wire.send(
            get("/a") + "POST /b HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc" + get("/c"),
            size: size
        )
        #expect(wire.events.filter { $0.hasPrefix("/") } == ["/a #0", "/b #1", "/c #2"])
        let text = wire.output()
        #expect(text.matches(of: /HTTP\/1.1 200 OK/).count == 3)
        #expect(
            text.contains("\r\n\r\n/a") && text.contains("\r\n\r\n3") && text.hasSuffix("\r\n\r\n/c")
        )
        #expect(!wire.session.isEnding && !wire.session.owes)
    }

    /// The next request waits until the answer before it is done, and its octets with it.
    @Test func oneExchangeIsUnderWayAtATime() {
        var wire = Wire()
        wire.send(get("/a") + get("/b"), answer: false)
        #expect(wire.events == ["/a #0"])
        #expect(
            wire.session.isUnderWay(0) && !wire.session.wantsInput && wire.session.hasLeftover
                && wire.session.owes
        )
        guard case .handler = wire.session.wait else {
            return #expect(Bool(false), "the handler is at work")
        }
        wire.session.endAnswer()
        #expect(!wire.session.isUnderWay(0))
        wire.resume(answer: false)
        #expect(wire.events == ["/a #0", "/b #1"])
    }

    @Test(arguments: [
        ("nonsense\r\n\r\n", "400 "), ("GET /a HTTP/1.1\r\n\r\n", "400 /a"),
        ("GET /a HTTP/3.0\r\n\r\n", "505 /a"),
        ("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n", "413 /a"),
        ("GET /\(String(repeating: "a", count: 100)) HTTP/1.1\r\n\r\n", "414 /"),
    ])
    func refusesWhatIsNoRequestAndReadsNoMore(text: String, event: String) {
        var limits = ServerLimits()
        (limits.maxBodyBytes, limits.maxRequestLineBytes) = (10, 60)
        var wire = Wire(limits: limits)
        wire.send(text + get("/b"))
        #expect(wire.events.last?.hasPrefix(event) == true, "\(wire.events)")
        #expect(wire.events.count == 1)
        #expect(wire.session.isEnding && !wire.session.isOver)
        #expect(wire.output().contains("Connection: close\r\n"))
        #expect(wire.session.isOver)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", true, true),
        ("GET / HTTP/1.0\r\n\r\n", true, true),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, false), (get("/"), true, false),
        (get("/"), false, true),
    ])
    func endsWhereClientOrServerWantsItTo(text: String, keepsAlive: Bool, ends: Bool) throws {
        var session = HTTP1Session(limits: ServerLimits())
        guard case .request(let request, let exchange) = session.receive(Array(text.utf8).span).event
        else {
            return #expect(Bool(false), "a request is due")
        }
        session.answer(request, with: hello(request), keepsAlive: keepsAlive, date: [])
        #expect(session.isUnderWay(exchange) && !session.isOver)
        session.endAnswer()
        #expect(session.isEnding == ends)
    }

    @Test func saysWhatItWaitsFor() {
        var wire = Wire()
        func isWaiting(_ wait: HTTP1Session.Wait) -> Bool { wire.session.wait == wait }
        #expect(wire.session.wait == .request)
        wire.send("POST / HTTP/1.1\r\nHost: a\r\n", answer: false)
        #expect(wire.session.wait == .restOfHead)
        wire.send("Content-Length: 4\r\nExpect: 100-continue\r\n\r\n", answer: false)
        #expect(wire.session.wait == .reader)
        #expect(wire.output() == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(wire.session.wait == .restOfBody && wire.session.awaitedBodyByteCount == 4)
        wire.send("ab", answer: false)
        #expect(wire.session.bodyByteCount >= 2 && wire.events.last == "+2")
        wire.send("cd", answer: false)
        #expect(wire.session.wait == .handler && wire.session.awaitedBodyByteCount == 0)
        #expect(wire.session.releaseBody() >= 2 && wire.session.bodyByteCount == 0)
    }

    /// Straight into the body's own storage, as the transport reads large ones.
    @Test func receivesABodyWhereItStays() {
        var wire = Wire()
        wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n", answer: false)
        for octets in [[0x61], [], [0x62, 0x63, 0x64]] as [[UInt8]] {
            let event = wire.session.receiveBody { buffer in
                buffer.copyBytes(from: octets)
                return octets.count
            }
            guard octets.count == 3 else { continue }
            guard case .request(let request, 0) = event else {
                return #expect(Bool(false), "a request is due")
            }
            #expect(request.body == Array("abcd".utf8))
        }
    }

    @Test(arguments: [
        (get("/"), "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", false), ("GET / HTTP/1.0\r\n\r\n", "abc", true),
    ])
    func sendsABodyThatComesOverTimeInPieces(text: String, body: String, ends: Bool) {
        var session = HTTP1Session(limits: ServerLimits())
        guard case .request(let request, _) = session.receive(Array(text.utf8).span).event else {
            return #expect(Bool(false), "a request is due")
        }
        session.answer(
            request,
            with: Response(status: .ok, body: .stream { _ in }),
            keepsAlive: true,
            date: []
        )
        #expect(session.isStreaming)
        for piece in ["a", "", "bc"] { session.append(Array(piece.utf8)) }
        session.endStream()
        session.endAnswer()
        session.append(Array("late".utf8))
        var wire = Wire()
        wire.session = session
        let sent = wire.output()
        #expect(sent.hasSuffix("\r\n\r\n" + body) && !sent.contains("late"), "\(sent)")
        #expect(session.isEnding == ends)
    }

    /// Once the connection is closed, whatever comes later belongs to nobody.
    @Test func isOverWhenItIsClosed() {
        var wire = Wire()
        wire.send(get("/a") + get("/b"), answer: false)
        wire.session.close()
        #expect(
            !wire.session.isUnderWay(0) && !wire.session.hasLeftover && !wire.session.owes
                && wire.session.isOver
        )
        wire.session.append(Array("late".utf8))
        #expect(wire.output().isEmpty)
    }
}
