import JSON
import Testing

/// Below `/v2` every refusal is the protocol's, also one that is given before any handler has seen the request.
@Suite(.timeLimit(.minutes(10)))
struct OpenInferenceRefusalTests {
    private static let head = " HTTP/1.1\r\nHost: test\r\n"
    private static let infer = "/v2/models/fc/infer"

    private func answer(to text: String, path: String, from port: UInt16) throws -> Client.Answer {
        let client = try Client(port: port)
        try client.write(Array(text.replacing("PATH", with: path).utf8))
        return try client.readAnswer()
    }

    /// A refusal of the same request below `/v1` stays a problem document.
    private func expect(_ text: String, gets status: Int, saying words: String, from port: UInt16) throws {
        let answer = try answer(to: text, path: Self.infer, from: port)
        #expect(answer.status == status)
        #expect(answer.fields["content-type"] == "application/json")
        let json = try JSONValue(parsing: answer.body)
        #expect(json["error"]?.asString?.contains(words) == true, "\(answer.text)")
        #expect(json.asObject?.count == 1)
        for path in ["/v1/modules/fc/call", "/v22/models"] {
            let problem = try self.answer(to: text, path: path, from: port)
            #expect(problem.status == status)
            #expect(problem.fields["content-type"] == "application/problem+json", "\(path): \(problem.text)")
        }
    }

    @Test func whatIsNoRequestIsRefusedInTheFormOfTheProtocol() throws {
        let server = try RunningServer(arguments: [
            "--max-body-bytes", "1KiB", "--max-head-bytes", "2KiB", "--max-request-line-bytes", "200",
            "--max-fields", "8", "--max-trailer-bytes", "100", "--max-chunk-extension-bytes", "100",
        ])
        let (head, long) = (Self.head, String(repeating: "a", count: 2100))
        let chunked = "POST PATH\(head)Transfer-Encoding: chunked\r\n\r\n"
        let fields = (0..<9).map { "X\($0): 1\r\n" }.joined()
        let rows: [(request: String, status: Int, words: String)] = [
            ("POST PATH\(head)Content-Length: 1025\r\n\r\n", 413, "larger than 1024 octets"),
            ("\(chunked)401\r\n", 413, "larger than 1024 octets"),
            ("\(chunked)1;\(long.prefix(120))\r\n", 413, "chunk extensions"),
            ("\(chunked)x\r\n", 400, "The chunk does not follow RFC 9112."),
            ("\(chunked)0\r\nX: \(long.prefix(120))\r\n\r\n", 431, "trailer section"),
            ("\(chunked)0\r\nHost: x\r\n\r\n", 400, "trailers"),
            ("GET PATH?\(long)", 414, "longer than 200 octets"),
            ("GET PATH\(head)X: \(long)\r\n\r\n", 431, "larger than 2048 octets"),
            ("GET PATH\(head)\(fields)\r\n", 431, "more than 8 field lines"),
            ("GET PATH\(head)X : 1\r\n\r\n", 400, "field line"),
            ("GET PATH HTTP/1.1\r\n\r\n", 400, "Host"),
            ("GET PATH HTTP/2.0\r\nHost: a\r\n\r\n", 505, "HTTP/1.1"),
            ("POST PATH\(head)Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400, "Content-Length"),
            ("POST PATH\(head)Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "transfer coding"),
            ("POST PATH\(head)Expect: tea\r\nContent-Length: 1\r\n\r\n", 417, "expectation"),
        ]
        for row in rows { try expect(row.request, gets: row.status, saying: row.words, from: server.port) }
        #expect(server.terminate() == 0)
    }

    @Test func aRefusedHEADGetsTheFieldsAlone() throws {
        let server = try RunningServer()
        let client = try Client(port: server.port)
        try client.write(Array("HEAD /v2/models/fc\(Self.head)X : 1\r\n\r\n".utf8))
        let (status, fields) = try client.readHead()
        #expect(status == 400)
        #expect(fields["content-type"] == "application/json")
        #expect(client.rest().isEmpty)
    }

    @Test func whatComesTooSlowlyIsRefusedInTheFormOfTheProtocol() throws {
        let server = try RunningServer(arguments: ["--head-timeout", "200ms", "--body-idle-timeout", "200ms"])
        try expect("POST PATH HT", gets: 408, saying: "in time", from: server.port)
        try expect("POST PATH\(Self.head)Content-Length: 5\r\n\r\n{", gets: 408, saying: "in time", from: server.port)
    }

    @Test func whatHasNoRoomIsRefusedInTheFormOfTheProtocol() throws {
        let server = try RunningServer(arguments: ["--max-connections", "1", "--max-held-body-bytes", "1KiB"])
        let first = try Client(port: server.port)
        #expect(try first.send("GET", "/livez").status == 200)
        try expect("GET PATH\(Self.head)\r\n", gets: 503, saying: "no room", from: server.port)
        let body = String(repeating: "a", count: 2000)
        try first.write(Array("POST \(Self.infer)\(Self.head)Content-Length: 4000\r\n\r\n\(body)".utf8))
        let answer = try first.readAnswer()
        #expect(answer.status == 503)
        #expect(answer.fields["content-type"] == "application/json")
        #expect(answer.fields["retry-after"] == "1")
        #expect(answer.text.hasPrefix(#"{"error":""#))
    }
}
