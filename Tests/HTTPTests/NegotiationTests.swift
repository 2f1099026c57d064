import HTTPTypes
import Testing

@testable import HTTP

struct NegotiationTests {
    @Test(arguments: [
        ("application/json", "application/json", true),
        ("APPLICATION/Json; Charset=\"utf-8\"", "application/json; charset=utf-8", true),
        ("application/vnd.x+JSON", "application/vnd.x+json", true),
        ("text/plain;a=\"q\\\"x\"", "text/plain; a=q\"x", false),
        ("text/json", "text/json", false),
    ])
    func readsMediaTypes(text: String, description: String, isJSON: Bool) throws {
        let type = try #require(MediaType(text))
        #expect(type.description == description)
        #expect(type.isJSON == isJSON)
    }

    @Test(arguments: [
        "", "text", "text/", "/plain", "text/plain x", ";;==", "text/plain; a=", "text/plain; a=\"x", "a b/c",
    ])
    func refusesMalformedMediaTypes(text: String) {
        #expect(MediaType(text) == nil)
    }

    @Test(arguments: [
        (nil, "application/json"),
        ("*/*", "application/json"),
        ("text/plain", "text/plain"),
        ("TEXT/*", "text/plain"),
        ("text/plain, */*", "text/plain"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/plain, application/json", "text/plain"),
        ("application/json;q=0.5, text/plain;q=0.501", "text/plain"),
        ("*/*, application/json;q=0", "text/plain"),
        ("text/html", "none"),
        ("application/json;q=0", "none"),
        ("text/plain;q=zz, application/*;q=0.1", "application/json"),
        ("nonsense", "application/json"),
        ("text/plain;format=\"a,b\"", "text/plain"),
    ])
    func choosesTheTypeThatTheClientLikesBest(accept: String?, expected: String) {
        let candidates = ["application/json", "text/plain"].compactMap { MediaType($0) }
        #expect(candidates.count == 2)
        let best = Accept(fields(.accept, accept)).best(of: candidates)
        #expect(best?.essence ?? "none" == expected)
    }

    @Test(
        arguments: [
            (nil, nil), ("", nil), ("gzip", .gzip), ("x-gzip", .gzip), ("GZIP", .gzip), ("deflate", .deflate),
            ("gzip;q=0", nil), ("gzip;q=0.000", nil), ("gzip;q=0.001", .gzip), ("gzip;q=1.001", nil), ("identity", nil),
            ("identity;q=0", nil), ("gzipx, xgzip", nil), ("gzip;q=zz, ;;,", nil), ("*", .gzip), ("*;q=0", nil),
            ("gzip;q=0, *", .deflate), ("deflate, gzip;q=0.5", .deflate), ("identity, gzip;q=0.5", nil),
            ("br, gzip", .gzip),
        ] as [(String?, ContentCoding?)]
    )
    func choosesTheCodingThatTheClientLikesBest(accept: String?, expected: ContentCoding?) {
        #expect(AcceptEncoding(fields(.acceptEncoding, accept)).preferred == expected)
    }

    private func fields(_ name: HTTPField.Name, _ value: String?) -> RequestFields {
        Request(method: .get, target: "/", fields: value.map { [name: $0] } ?? [:]).fields
    }
}
