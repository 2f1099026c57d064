import HTTPTypes
import Synchronization
import Testing

@testable import HTTP

struct CompressionTests {
    private let content = [UInt8](repeating: 0x61, count: 4_096)

    @Test func codesWhatIsLargeEnoughForWhoAsks() throws {
        let fields: ResponseFields = [.contentType: "application/json", .eTag: "\"5\"", .vary: "Accept"]
        let answer = Response(status: .ok, fields: fields, body: .bytes(content)).compressed(for: request("gzip"))
        #expect(answer.fields[.contentEncoding] == "gzip")
        #expect(answer.fields[.vary] == "Accept, Accept-Encoding")
        #expect(answer.fields[.eTag] == "\"5-gzip\"")
        guard case .bytes(let coded) = answer.body else { return #expect(Bool(false), "not bytes") }
        #expect(try ContentCoding.gzip.decoded(coded, limit: 4_096) == content)
    }

    @Test func codesSharedOctets() throws {
        let owner = Owner(content)
        let shared = SharedBytes(owner: owner, buffer: UnsafeRawBufferPointer(owner.buffer))
        let plain = Response(status: .ok, fields: [.contentType: "text/plain"], body: .shared(shared))
        guard case .bytes(let coded) = plain.compressed(for: request("deflate")).body else {
            return #expect(Bool(false), "not bytes")
        }
        #expect(try ContentCoding.deflate.decoded(coded, limit: 4_096) == content)
    }

    @Test(arguments: ContentCoding.allCases)
    func codesAStreamSoThatEachPieceCanBeReadAtOnce(coding: ContentCoding) async throws {
        let pieces = ["one", "", String(repeating: "two", count: 40_000), "three"].map { Array($0.utf8) }
        let plain = Response(
            status: .ok,
            fields: [.contentType: "text/event-stream"],
            body: .stream { writer in for piece in pieces { try await writer.write(piece) } }
        )
        let answer = plain.compressed(for: request(coding.rawValue))
        #expect(answer.fields[.contentEncoding] == coding.rawValue)
        let sink = Sink()
        guard case .stream(let produce) = answer.body else { return #expect(Bool(false), "not a stream") }
        try await produce(sink)
        var inflater = Inflater(coding)
        let contents = try sink.written.withLock { $0 }.map { coded in
            var content: [UInt8] = []
            _ = try inflater.decode(coded.span, into: &content, atMost: 200_000)
            return content
        }
        #expect(contents == pieces + [[]])
        let isDone = inflater.isDone
        #expect(isDone)
    }

    @Test(arguments: ContentCoding.allCases, [false, true])
    func codesWhatIsLargeAsTheClientTakesIt(coding: ContentCoding, isShared: Bool) async throws {
        let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let owner = Owner(content)
        let shared = SharedBytes(owner: owner, buffer: UnsafeRawBufferPointer(owner.buffer))
        let body = isShared ? ResponseBody.shared(shared) : .bytes(content)
        let answer = Response(status: .ok, fields: [.contentType: "text/plain"], body: body)
            .compressed(for: request(coding.rawValue))
        guard case .stream(let produce) = answer.body else { return #expect(Bool(false), "not a stream") }
        let sink = Sink()
        try await produce(sink)
        let pieces = sink.written.withLock { $0 }
        #expect(pieces.allSatisfy { $0.count < 300_000 })
        #expect(try coding.decoded(Array(pieces.joined()), limit: 3_000_000) == content)
    }

    @Test(arguments: [
        ("text/plain", 1_023, "gzip", "Accept-Encoding"), ("text/plain", 4_096, "identity", "Accept-Encoding"),
        ("application/octet-stream", 4_096, "gzip", nil), ("nonsense", 4_096, "gzip", nil),
    ])
    func leavesTheRestAsItIs(type: String, count: Int, accept: String, vary: String?) {
        let plain = Response(status: .ok, fields: [.contentType: type], body: .bytes(Array(content.prefix(count))))
        let answer = plain.compressed(for: request(accept))
        #expect(answer.fields[.contentEncoding] == nil)
        #expect(answer.fields[.vary] == vary)
        #expect(answer.body.count == count)
    }

    @Test func aNotModifiedAnswerVariesAsItsContentDoes() {
        let answer = Response(status: .notModified, fields: [.vary: "Accept"]).compressed(for: request("gzip"))
        #expect(answer.fields[.vary] == "Accept, Accept-Encoding")
        #expect(answer.fields[.contentEncoding] == nil)
    }

    private func request(_ acceptEncoding: String) -> Request {
        Request(method: .get, target: "/", fields: [.acceptEncoding: acceptEncoding])
    }

    /// Keeps what is written to it.
    private final class Sink: BodyWriter {
        let written = Mutex<[[UInt8]]>([])

        func write(_ bytes: [UInt8]) async throws { written.withLock { $0.append(bytes) } }
    }

    private final class Owner: Sendable {
        nonisolated(unsafe) let buffer: UnsafeMutableBufferPointer<UInt8>

        init(_ octets: [UInt8]) {
            buffer = .allocate(capacity: octets.count)
            _ = buffer.initialize(from: octets)
        }

        deinit { buffer.deallocate() }
    }
}
