import HTTPTypes
import Testing

@testable import HTTP

struct RequestParserTests {
    @Test func readsAHead() throws {
        let text =
            "POST /v1/modules/fc/call?grad=true HTTP/1.1\r\nHost: localhost:8080\r\n"
            + "X-Empty:\r\nAccept:  text/plain \t\r\n\r\n"
        let request = try parse(text)
        #expect(request.method == .post)
        #expect(request.path == "/v1/modules/fc/call")
        #expect(request.query == "grad=true")
        #expect(request.version == .http1_1)
        #expect(request.fields[.accept] == "text/plain")
        #expect(request.fields.pairs.map(\.value) == ["localhost:8080", "", "text/plain"])
        #expect(request.keepsAlive)
    }

    @Test(
        arguments: [
            ("http://a", "/", [], nil), ("HTTPS://a:1?x=/", "/", [], "x=/"), ("http://a/b?c", "/b", ["b"], "c"),
            ("/?", "/", [], ""), ("//a", "//a", ["", "a"], nil),
        ] as [(String, String, [String], String?)]
    )
    func readsTargets(target: String, path: String, segments: [String], query: String?) throws {
        let request = try parse("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(request.path == path)
        #expect(request.pathSegments() == segments)
        #expect(request.query == query)
    }

    @Test func receivesABodyOfKnownLengthWhereItStays() throws {
        var parser = RequestParser()
        let head = Array("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na".utf8)
        _ = try parser.consume(head.span)
        #expect(parser.awaitedBodyByteCount == 4)
        #expect(parser.receiveBody(atMost: 9) { _ in -1 }.result == -1)
        for octet in Array("bcd".utf8) {
            let (event, result) = parser.receiveBody(atMost: 1) { buffer in
                buffer[0] = octet
                return 1
            }
            #expect(result == 1)
            guard case .needsMore = event else { throw ParseStopped() }
        }
        guard case .request(let request) = try parser.consume(Array("e".utf8).span).event else { throw ParseStopped() }
        #expect(request.body == Array("abcde".utf8))
        #expect(parser.isIdle)
        #expect(parser.awaitedBodyByteCount == 0)
    }

    /// Returns the request that `text` is: whole, cut at every octet, octet by octet, and with another behind it.
    private func parse(_ text: String) throws -> Request {
        let octets = Array(text.utf8)
        let whole = try request(of: [octets])
        for cut in octets.indices.dropFirst() {
            #expect(Outcome(try request(of: [Array(octets[..<cut]), Array(octets[cut...])])) == Outcome(whole))
        }
        #expect(Outcome(try request(of: octets.map { [$0] })) == Outcome(whole))
        #expect(Transcript(of: [octets + octets]).outcomes == [Outcome(whole), Outcome(whole)])
        return whole
    }

    private func request(of pieces: [[UInt8]]) throws -> Request {
        var parser = RequestParser()
        for piece in pieces.dropLast() {
            guard case (.needsMore, piece.count) = try parser.consume(piece.span) else { throw ParseStopped() }
        }
        guard let last = pieces.last, case (.request(let request), last.count) = try parser.consume(last.span) else {
            throw ParseStopped()
        }
        return request
    }
}

struct ParseStopped: Error {}
