import HTTP
import HTTPTypes
import Synchronization
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(5)))
struct StreamTests {
    private static let pieces: WaitingHandler = { _ in
        Response(
            status: .ok,
            body: .stream { writer in
                for piece in ["one", "", "two"] { try await writer.write(Array(piece.utf8)) }
            }
        )
    }

    @Test func streamsInChunks() async throws {
        let text = try await withClient(handler: Self.pieces) { client in
            try client.send(get("/") + get("/"))
            try client.receive(until: "\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n", times: 2)
            return client.text
        }
        #expect(text.contains("Transfer-Encoding: chunked"))
    }

    @Test func streamsToTheEndOfAnOldConnection() async throws {
        let text = try await withClient(handler: Self.pieces) { client in
            try client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            return try client.receiveAll()
        }
        #expect(text.hasSuffix("\r\n\r\nonetwo"))
        #expect(!text.contains("Transfer-Encoding"))
    }

    @Test func aBrokenStreamEndsInAReset() async throws {
        struct Trouble: Error {}
        await #expect(throws: RawClient.Failure.self) {
            try await withClient { _ in
                Response(
                    status: .ok,
                    body: .stream { writer in
                        try await writer.write([65])
                        throw Trouble()
                    }
                )
            } _: { client in
                try client.send(get("/"))
                return try client.receiveAll()
            }
        }
    }

    @Test func aStreamEndsWhenItsReaderHasGone() async throws {
        let isCancelled = Atomic<Bool>(false)
        try await withServer { _ in
            Response(
                status: .ok,
                body: .stream { writer in
                    try await writer.write([65])
                    try? await Task.sleep(for: .seconds(600))
                    isCancelled.store(Task.isCancelled, ordering: .sequentiallyConsistent)
                }
            )
        } _: { _, port in
            try await blocking {
                let client = try RawClient(port: port)
                try client.send(get("/"))
                try client.receive(until: "A")
                client.close()
            }
            try await eventually { isCancelled.load(ordering: .sequentiallyConsistent) }
        }
    }

    @Test func aStreamWaitsForASlowReader() async throws {
        let written = Atomic<Int>(0)
        let (early, total) = try await withServer { _ in
            Response(
                status: .ok,
                body: .stream { writer in
                    for _ in 0..<400 {
                        try await writer.write([UInt8](repeating: 65, count: 65_536))
                        written.add(1, ordering: .relaxed)
                    }
                }
            )
        } _: { _, port in
            try await blocking {
                let client = try RawClient(port: port)
                try client.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
                try client.receive()
                // The kernel takes some megabytes; the writer must stand still once they are full.
                var seen = -1
                while seen != written.load(ordering: .relaxed) {
                    seen = written.load(ordering: .relaxed)
                    pause(milliseconds: 200)
                }
                _ = try client.receiveAll()
                return (seen, client.received.count)
            }
        }
        #expect(early < 300)
        #expect(total > 400 * 65_536)
    }

    @Test func aWriterThatOutlivesItsAnswerFails() async throws {
        let kept = Mutex<(any BodyWriter)?>(nil)
        try await withServer { request in
            guard request.target == "/" else { return hello(request) }
            return Response(status: .ok, body: .stream { writer in kept.withLock { $0 = writer } })
        } _: { _, port in
            let client = try await blocking {
                let client = try RawClient(port: port)
                try client.send(get("/"))
                try client.receive(until: "0\r\n\r\n")
                return Kept(client)
            }
            let writer = try #require(kept.withLock { $0 })
            await #expect(throws: CancellationError.self) { try await writer.write([65]) }
            try await blocking {
                client.value.forget()
                try client.value.send(get("/next"))
                try client.value.receive(until: "\r\n\r\n/next")
            }
        }
    }
}
