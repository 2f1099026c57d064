import HTTP
import HTTPTypes
import Synchronization
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(5)))
struct AnswerTests {
    @Test func answersAndKeepsTheConnection() async throws {
        let text = try await withClient { client in
            try client.send(get("/a"))
            try client.receive(until: "\r\n\r\n/a")
            try client.send("GET /b HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            return try client.receiveAll()
        }
        #expect(text.hasSuffix("Connection: close\r\n\r\n/b"))
    }

    @Test func carriesADate() async throws {
        let text = try await withClient { client in
            try client.send(get("/"))
            try client.receive(until: "\r\n\r\n")
            return client.text
        }
        #expect(text.contains(/\r\nDate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/))
    }

    @Test func answersAHundredPipelinedRequestsInOrder() async throws {
        let text = try await withClient { client in
            try client.send((0..<100).map { get("/\($0).") }.joined())
            try client.receive(until: "\r\n\r\n/99.")
            return client.text
        }
        let paths = text.matches(of: /\r\n\r\n\/(\d+)\./).compactMap { Int($0.1) }
        #expect(paths == Array(0..<100))
    }

    @Test func keepsTheOrderWhenHandlersWait() async throws {
        let text = try await withClient { request in
            // The first takes longest.
            if request.target == "/0" { try? await Task.sleep(for: .milliseconds(50)) }
            await Task.yield()
            return hello(request)
        } _: { client in
            try client.send((0..<5).map { get("/\($0)") }.joined())
            try client.receive(until: "\r\n\r\n/4")
            return client.text
        }
        #expect(text.matches(of: /\r\n\r\n\/(\d)/).map(\.1) == ["0", "1", "2", "3", "4"])
    }

    /// Most clients that end their direction have gone; one that reads on is answered all the same.
    @Test(arguments: [true, false])
    func tellsTheHandlerWhenTheClientEndsItsDirection(endsAtOnce: Bool) async throws {
        let hasBegun = Atomic<Bool>(false)
        let hasGone = Atomic<Bool>(false)
        try await withServer { request in
            let watch = request.client?.whenGone { hasGone.store(true, ordering: .relaxed) }
            hasBegun.store(true, ordering: .relaxed)
            try? await eventually { hasGone.load(ordering: .relaxed) }
            if let watch { request.client?.forget(watch) }
            return hello(request)
        } _: { _, port in
            let client = try await blocking {
                let client = try RawClient(port: port)
                try client.send(get("/a"))
                if endsAtOnce { client.endWriting() }
                return Kept(client)
            }
            try await eventually { hasBegun.load(ordering: .relaxed) }
            try await blocking {
                if !endsAtOnce { client.value.endWriting() }
                let text = try client.value.receiveAll()
                #expect(text.hasSuffix("\r\n\r\n/a"))
            }
            try await eventually { hasGone.load(ordering: .relaxed) }
        }
    }

    @Test func headGetsTheFieldsOfGetAndNoBody() async throws {
        let text = try await withClient { client in
            try client.send("HEAD /abc HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            return try client.receiveAll()
        }
        #expect(text.contains("Content-Length: 4\r\n"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nExpect: 100-Continue\r\n\r\n",
    ])
    func invitesABodyThatWaitsForIt(head: String) async throws {
        let text = try await withClient { client in
            try client.send(head)
            try client.receive(until: "HTTP/1.1 100 Continue\r\n\r\n")
            try client.send(head.contains("chunked") ? "5\r\nabcde\r\n0\r\n\r\n" : "abcde")
            try client.receive(until: "\r\n\r\n5")
            return client.text
        }
        #expect(text.contains("HTTP/1.1 200 OK"))
    }

    @Test func refusesATooLargeBodyBeforeItIsSent() async throws {
        var limits = ServerLimits()
        limits.maxBodyBytes = 1000
        let text = try await withClient(limits: limits) { client in
            try client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
            return try client.receiveAll()
        }
        #expect(text.hasPrefix("HTTP/1.1 413 "))
        #expect(!text.contains("100 Continue"))
    }

    @Test(arguments: [1, 65_535, 65_536, 65_537, 3_000_000])
    func takesABodyOfAnySize(count: Int) async throws {
        let answer = try await withClient { client in
            try client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: \(count)\r\n\r\n")
            try client.send([UInt8](repeating: 7, count: count))
            try client.send(get("/next"))
            try client.receive(until: "\r\n\r\n/next")
            return client.text
        }
        #expect(answer.contains("\r\n\r\n\(count)HTTP/1.1 200 OK"))
    }

    @Test(arguments: [0, 1, 16_384, 16_385, 700_000], [true, false])
    func sendsABodyOfAnySize(count: Int, isShared: Bool) async throws {
        let owner = Octets(count: count)
        let isWhole = try await withClient { request in
            let body: ResponseBody =
                isShared ? .shared(SharedBytes(owner: owner, buffer: owner.buffer)) : .bytes(Array(owner.buffer))
            return Response(status: .ok, body: body)
        } _: { client in
            try client.send(get("/") + "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            _ = try client.receiveAll()
            // Two heads of equal length, two bodies of equal content.
            let bytes = client.received
            let body = Array(owner.buffer)
            let headCount = (bytes.count - 2 * count - "Connection: close\r\n".utf8.count) / 2
            return Array(bytes.suffix(count)) == body && Array(bytes[headCount..<headCount + count]) == body
        }
        #expect(isWhole)
    }

    @Test func answersTheGoodRequestBeforeTheBadOne() async throws {
        let client = try await withClient { client in
            try client.send(get("/good") + "bad\r\n\r\n" + get("/never"))
            _ = try client.receiveAll()
            return (client.statuses, client.text)
        }
        #expect(client.0 == [200, 400])
        #expect(client.1.contains("application/problem+json"))
        #expect(!client.1.contains("/never"))
    }

    @Test func readsNothingBehindAClose() async throws {
        let text = try await withClient { client in
            try client.send("GET /a HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n" + get("/b"))
            return try client.receiveAll()
        }
        #expect(text.contains("\r\n\r\n/a"))
        #expect(!text.contains("/b"))
    }
}

/// Octets that outlive the answers they go out with; never written to.
final class Octets: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    let buffer: UnsafeRawBufferPointer

    init(count: Int) {
        memory = .allocate(byteCount: max(1, count), alignment: 64)
        memory.copyBytes(from: repeatElement("0123456789", count: 1 + count / 10).joined().utf8.prefix(count))
        buffer = UnsafeRawBufferPointer(rebasing: memory[..<count])
    }

    deinit { memory.deallocate() }
}
