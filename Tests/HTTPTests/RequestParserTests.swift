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

    private func parse(_ text: String) throws -> Request {
        var parser = RequestParser()
        let bytes = Array(text.utf8)
        let (event, byteCount) = try parser.consume(bytes.span)
        #expect(byteCount == bytes.count)
        guard case .request(let request) = event else { throw ParseStopped() }
        return request
    }
}

struct ParseStopped: Error {}
