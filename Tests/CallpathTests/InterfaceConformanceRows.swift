/// The rows of `InterfaceConformanceTests`.
extension InterfaceConformanceTests {
    private static func json(_ id: String, _ statuses: Set<Int>, _ text: String) -> Row {
        Row(id: id, statuses: statuses, body: Array(text.utf8))
    }

    /// JSON-01 to JSON-14: not JSON at all.
    static let malformedTexts: [Row] =
        [
            "{", #"{"input": [1, 2, 3, 4]} x"#, #"{"input": [1, 2, 3, 4]}{"input": [1, 2, 3, 4]}"#, "{'input': [1]}",
            #"{"input": [1, 2, 3, 4],}"#, #"{"input": [1, 2, 3, 4] /* c */}"#, "{input: [1, 2, 3, 4]}", "hello",
            "\0\0\0\0", " \n ", #"{"input"#, #"{"input": "\q"}"#, "{\"input\": \"\u{1}\"}", "{\0\"\0i\0\"\0:\01\0}\0",
        ].enumerated().map { index, text in json(id("JSON", index + 1), [400], text) }

    private static func id(_ family: String, _ number: Int) -> String {
        "\(family)-\(number < 10 ? "0" : "")\(number)"
    }

    private static func member(_ text: String) -> String { #"{"input": [1, 2, 3, \#(text)]}"# }

    /// JSON-15 to JSON-38: members that are wrong, huge or strange.
    static let members: [Row] =
        [
            Row(id: "JSON-15", statuses: [400], body: Array(#"{"input": [""#.utf8) + [0xFF] + Array(#""]}"#.utf8)),
            Row(
                id: "JSON-16",
                statuses: [400],
                body: Array(#"{"input": [""#.utf8) + [0xC0, 0x80] + Array(#""]}"#.utf8)
            ),
        ]
        + ["NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "0x1", "True"].enumerated().map { index, text in
            json("JSON-\(index + 17)", [400], member(text))
        } + [
            json("JSON-26", [400], member(nested(100_000, "[", "]"))),
            json("JSON-27", [400], member(nested(100_000, #"{"a":"#, "}", around: "1"))),
            json("JSON-28", [200, 422], member("1e999")),
            json("JSON-29", [200], member("1e-999")),
            json("JSON-30", [200, 422], member("18446744073709551616")),
            json("JSON-31", [200, 400, 422], member(String(repeating: "1", count: 100_000))),
            json("JSON-32", [400], member(#""\ud800""#)),
            json("JSON-33", [422], member(#""\u0000""#)),
            json("JSON-34", [400], #"{"input": [1, 2, 3, 4], "input": [1, 2, 3, 4]}"#),
            json("JSON-35", [400, 422], member(nested(200, "[", "]"))),
            json("JSON-36", [400, 422], member(nested(1_000, "[", "]"))),
            json("JSON-37", [422], #"{"input": [1, 2, 3, 4], "": 1}"#),
            json("JSON-38", [400], "{\(repeatElement(#""a": 1"#, count: 10_000).joined(separator: ","))}"),
        ]

    private static func nested(_ depth: Int, _ open: String, _ close: String, around core: String = "") -> String {
        String(repeating: open, count: depth) + core + String(repeating: close, count: depth)
    }

    /// JSON-39 to JSON-43: JSON, but not an object.
    static let tops: [Row] = ["[1]", "1", #""x""#, "null", "true"].enumerated().map { index, text in
        json("JSON-\(index + 39)", [400, 422], text)
    }

    /// CT-01 to CT-05, GZ-10 and GZ-14.
    static let mediaTypes: [Row] = [
        Row(id: "CT-01", statuses: [200], fields: ["Content-Type": #"Application/JSON; Charset="utf-8""#]),
        Row(id: "CT-02", statuses: [415], fields: ["Content-Type": "text/xml"]),
        Row(id: "CT-03", statuses: [415], fields: [:]),
        Row(id: "CT-04", statuses: [400, 415], fields: ["Content-Type": ";;=="]),
        Row(id: "CT-05", statuses: [415], fields: ["Content-Type": "text/plain"]),
        Row(
            id: "GZ-10",
            statuses: [415],
            fields: ["Content-Type": "application/json", "Content-Encoding": "foo"]
        ),
        Row(
            id: "GZ-14",
            statuses: [200],
            fields: ["Content-Type": "application/json", "Content-Encoding": "identity"]
        ),
    ]

    private static func get(
        _ id: String,
        _ statuses: Set<Int>,
        _ fields: [String: String],
        path: String = "/v1/modules/fc"
    ) -> Row {
        Row(id: id, statuses: statuses, method: "GET", path: path, fields: fields, body: [])
    }

    /// ETAG-01 to ETAG-06 and the other conditions; nothing here changes `fc`, so its version is a small number.
    static let conditions: [Row] = [
        get("ETAG-02", [304], ["If-None-Match": "*"]),
        get("ETAG-03", [304], ["If-None-Match": #""x", W/{tag}"#]),
        get("ETAG-04", [200], ["If-None-Match": #""x""#]),
        get("ETAG-05", [412], ["If-Match": #""x""#]),
        get("ETAG-06", [200], ["If-None-Match": #""x""#, "If-Modified-Since": "Thu, 31 Dec 2037 23:59:59 GMT"]),
        get("SEM-16", [200], ["If-Modified-Since": "yesterday"]),
        get("SEM-26", [404], ["If-Match": #""x""#], path: "/v1/modules/unknown"),
    ]

    private static func other(_ id: String, _ statuses: Set<Int>, _ method: String, _ path: String) -> Row {
        Row(id: id, statuses: statuses, method: method, path: path, fields: [:], body: [])
    }

    /// Methods, ranges, codings and types that are asked for, and errors.
    static let semantics: [Row] = [
        get("SEM-14", [200], ["Range": "lines=1-2"]),
        get("SEM-15", [200, 416], ["Range": "bytes=zz"]),
        get("SEM-18", [200], ["Accept-Encoding": "gzip;q=0"]),
        get("SEM-19", [200], ["Accept-Encoding": "identity"]),
        get("SEM-20", [200, 406, 415], ["Accept-Encoding": "identity;q=0"]),
        get("SEM-21", [200], ["Accept-Encoding": "gzipx, xgzip"]),
        get("SEM-22", [200, 400, 406], ["Accept-Encoding": "gzip;q=zz, ;;,"]),
        get("SEM-23", [200, 406], ["Accept": "x/y"]),
        get("AUTH-01", [200], ["Authorization": "Basic \(String(repeating: "QUJD", count: 1_500))"]),
        get("ERR-01", [404], [:], path: "/v1/modules/unknown"),
        other("ERR-02", [405], "PUT", "/v1/modules/fc/call"),
        other("SEM-09", [405], "DELETE", "/v1/modules/fc/call"),
        other("SEM-11", [405], "GET", "/v1/modules/fc/call"),
        other("SEM-12", [200, 204], "OPTIONS", "/v1/modules/fc"),
        other("SEM-13", [405, 501], "TRACE", "/v1/modules/fc"),
        other("RL-02", [501], "get", "/v1/modules/fc"),
        other("RL-03", [501], "FOOBAR", "/v1/modules/fc"),
        other("PATH-10", [400, 404], "GET", "/v1/modules/%00"),
        other("PATH-11", [200], "GET", "/v1/m%6fdules/%66c"),
        other("TGT-10", [200, 204], "OPTIONS", "*"),
    ]

    /// What is done to a good gzip body.
    enum Change: Sendable {
        case none, wrongChecksum, wrongLength, cutInHalf, cutInHeader, oneMoreOctet, notGzip

        func apply(to body: [UInt8]) -> [UInt8] {
            var body = body
            switch self {
            case .none: break
            case .wrongChecksum: body[body.count - 8] ^= 1
            case .wrongLength: body[body.count - 4] ^= 1
            case .cutInHalf: body.removeLast(body.count / 2)
            case .cutInHeader: body.removeLast(body.count - 5)
            case .oneMoreOctet: body.append(0x78)
            case .notGzip: body = Array("not gzip at all, is it?".utf8)
            }
            return body
        }
    }

    /// GZ-01 to GZ-11.
    static let codings: [(String, String, Change, Set<Int>)] = [
        ("GZ-01", "gzip", .none, [200]), ("GZ-02", "X-GZip", .none, [200]), ("GZ-04", "gzip", .wrongChecksum, [400]),
        ("GZ-05", "gzip", .wrongLength, [400]), ("GZ-06", "gzip", .cutInHalf, [400]),
        ("GZ-07", "gzip", .cutInHeader, [400]), ("GZ-08", "gzip", .oneMoreOctet, [400]),
        ("GZ-09", "gzip", .notGzip, [400]), ("GZ-11", "gzip, gzip", .none, [400, 415]),
    ]
}
