import HTTPTypes
import Testing

@testable import HTTP

/// What can be said of a request that is not there yet, or that was refused.
struct RequestOutlineTests {
    private static let host = " HTTP/1.1\r\nHost: a\r\n"

    @Test(
        arguments: [
            ("", nil),
            ("\r\nPO", nil),
            ("POST ", "POST "),
            ("POST /v2/mod", "POST /v2/mod"),
            ("POST /v2?x=/y", "POST /v2"),
            ("HEAD /v2/a?x HT", "HEAD /v2/a"),
            ("GET http://a/v2/b HTTP/1.1\r\nHo", "GET /v2/b"),
            ("POST /v2/a\(host)Content-Length: 9\r\n\r\nabc", "POST /v2/a"),
            ("POST /v2/a\(host)Transfer-Encoding: chunked\r\n\r\n2\r\nab", "POST /v2/a"),
        ] as [(String, String?)]
    )
    func saysWhatHasComeOfTheTarget(octets: String, outline: String?) {
        expect(octets, leaves: outline, refused: nil)
    }

    @Test(
        arguments: [
            ("GET /v2/a HTTP/2.0\r\n", "GET /v2/a", 505),
            ("GET /v2/%zz ", "GET /v2/%zz ", 400),
            ("HEAD /v2/a\(host)X : 1", "HEAD /v2/a", 400),
            ("POST /v2/a?b\(host)Content-Length: 99\r\n\r\n", "POST /v2/a", 413),
            ("POST /v2/a\(host)Host: b\r\n\r\n", "POST /v2/a", 400),
            ("POST /v2/a\(host)Transfer-Encoding: chunked\r\n\r\nx", "POST /v2/a", 400),
            ("POST /v2/a\(host)Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n9\r\n", "POST /v2/a", 413),
            ("GET /v2/\(String(repeating: "a", count: 60))", "GET /v2/\(String(repeating: "a", count: 58))", 414),
            ("PUT /v2/a\(host)X: \(String(repeating: "a", count: 120))", "PUT /v2/a", 431),
            ("G@T /v2", nil, 400),
        ] as [(String, String?, Int)]
    )
    func saysWhatARefusedRequestAskedFor(octets: String, outline: String?, status: Int) {
        expect(octets, leaves: outline, refused: status)
    }

    /// Feeds `text` whole, in halves and octet by octet: the outline is the same.
    private func expect(_ text: String, leaves outline: String?, refused status: Int?) {
        let octets = Array(text.utf8)
        let halves = [Array(octets.prefix(octets.count / 2)), Array(octets.dropFirst(octets.count / 2))]
        for pieces in [[octets], halves, octets.map { [$0] }] {
            var limits = ServerLimits()
            (limits.maxRequestLineBytes, limits.maxHeadBytes, limits.maxBodyBytes) = (64, 128, 10)
            var parser = RequestParser(limits: limits)
            var refused: Int?
            do throws(RequestError) {
                for piece in pieces where !piece.isEmpty { _ = try parser.consume(piece.span) }
            } catch {
                refused = error.status.code
            }
            #expect(refused == status)
            let said = parser.outline.map { "\($0.method.rawValue) \(String(decoding: $0.path, as: UTF8.self))" }
            #expect(said == outline, "\(pieces.count) pieces of \(text)")
        }
    }

    @Test func nothingIsSaidOfARequestThatIsDone() throws {
        var parser = RequestParser()
        _ = try parser.consume(Array("GET /v2/a HTTP/1.1\r\nHost: a\r\n\r\n".utf8).span)
        #expect(parser.outline == nil)
    }
}
