import HTTPTypes
import Testing

@testable import HTTP

struct ResponseSerializerTests {
    private static let stream = ResponseBody.stream { _ in }

    @Test(
        arguments: [
            (
                HTTPRequest.Method.get, Request.Version.http1_1, true, 200, ResponseBody.bytes([1, 2]),
                ResponseFraming.whole,
                "Content-Length: 2\r\n"
            ),
            (.get, .http1_1, false, 200, .bytes([1]), .whole, "Content-Length: 1\r\nConnection: close\r\n"),
            (.get, .http1_0, true, 200, .none, .whole, "Content-Length: 0\r\nConnection: keep-alive\r\n"),
            (.head, .http1_1, true, 200, .bytes([1, 2]), .omitted, "Content-Length: 2\r\n"),
            (.head, .http1_1, true, 200, stream, .omitted, ""),
            (.get, .http1_1, true, 204, .bytes([1]), .omitted, ""),
            (.get, .http1_1, true, 304, .bytes([1]), .omitted, ""),
            (.get, .http1_1, true, 200, stream, .chunked, "Transfer-Encoding: chunked\r\n"),
            (.get, .http1_0, true, 200, stream, .untilClose, "Connection: close\r\n"),
        ] as [(HTTPRequest.Method, Request.Version, Bool, Int, ResponseBody, ResponseFraming, String)]
    )
    func framesTheBody(
        method: HTTPRequest.Method,
        version: Request.Version,
        keepsAlive: Bool,
        code: Int,
        body: ResponseBody,
        framing: ResponseFraming,
        expected: String
    ) {
        var output: [UInt8] = []
        let actual = ResponseSerializer.appendHead(
            of: Response(status: .init(code: code, reasonPhrase: "X"), body: body),
            to: &output,
            method: method,
            version: version,
            keepsAlive: keepsAlive,
            date: Array("now".utf8)
        )
        #expect(actual == framing)
        #expect(String(decoding: output, as: UTF8.self) == "HTTP/1.1 \(code) X\r\nDate: now\r\n\(expected)\r\n")
    }

    @Test func dropsTheFieldsThatAreItsOwn() {
        let fields: ResponseFields = [
            .contentLength: "7", .transferEncoding: "gzip", .connection: "x", .date: "y", .contentType: "text/plain",
        ]
        #expect(head(fields) == "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n")
    }

    @Test func letsNoValueEndItsLine() throws {
        let name = try #require(HTTPField.Name("X-Evil"))
        var fields: ResponseFields = [name: "a\r\nSet-Cookie: b\u{0}c\nd"]
        let lines = head(fields).split(separator: "\r\n")
        #expect(lines.count == 4)
        #expect(lines[2] == "X-Evil: a  Set-Cookie: b c d")
        fields[name] = "e\r\nf"
        #expect(fields[name] == "e  f")
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
    func writesDates(seconds: Int, expected: String) {
        #expect(String(decoding: HTTPDate.imfFixdate(secondsSince1970: seconds), as: UTF8.self) == expected)
    }

    @Test func framesChunks() {
        var output: [UInt8] = []
        ChunkFraming.append([UInt8](repeating: 0x61, count: 26), to: &output)
        ChunkFraming.append([], to: &output)
        ChunkFraming.appendEnd(to: &output)
        let data = String(repeating: "a", count: 26)
        #expect(String(decoding: output, as: UTF8.self) == "1a\r\n\(data)\r\n0\r\n\r\n")
    }

    @Test func answersABadRequestWithAProblem() {
        let response = RequestError.malformed(.requestLine).refusal.problem
        guard case .bytes(let body) = response.body else { return #expect(Bool(false), "not bytes") }
        #expect(response.fields[.contentType] == "application/problem+json")
        #expect(
            String(decoding: body, as: UTF8.self) == """
                {"type":"about:blank","title":"Bad Request","status":400,\
                "detail":"The request line does not follow RFC 9112.","code":"malformed_request"}
                """
        )
    }

    private func head(_ fields: ResponseFields) -> String {
        var output: [UInt8] = []
        let response = Response(status: .ok, fields: fields)
        _ = ResponseSerializer.appendHead(
            of: response,
            to: &output,
            method: .get,
            version: .http1_1,
            keepsAlive: true,
            date: Array("now".utf8)
        )
        return String(decoding: output, as: UTF8.self)
    }
}
