import HTTP
import HTTPTypes
import JSON
import Testing
import TestServer
import Web

@testable import ModuleAPI

/// Descriptions that are refused, each with its code, PyTorch's text where there is one, and nothing changed.
struct BadDescriptionTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let body: String
        let status: Int
        let code: String
        var detail: String?
        var pointer: String?

        var testDescription: String { String(body.prefix(100)) }
    }

    private static let malformed: [Row] = [
        Row(body: "", status: 400, code: "malformed_json"),
        Row(body: "   ", status: 400, code: "malformed_json"),
        Row(body: "{", status: 400, code: "malformed_json"),
        Row(body: "{} x", status: 400, code: "malformed_json"),
        Row(body: "{'type': 'ReLU'}", status: 400, code: "malformed_json"),
        Row(body: #"{"type": "ReLU",}"#, status: 400, code: "malformed_json"),
        Row(body: #"{"type": "Linear", "in_features": NaN, "out_features": 3}"#, status: 400, code: "malformed_json"),
        Row(body: #"{"type": "Linear", "in_features": 01, "out_features": 3}"#, status: 400, code: "malformed_json"),
        Row(body: #"{"bogus": 1, "type": }"#, status: 400, code: "malformed_json"),
        Row(body: "\u{FEFF}{}", status: 400, code: "malformed_json"),
        Row(body: #"{"type": "ReLU", "type": "Tanh"}"#, status: 400, code: "duplicate_key"),
        Row(body: #"{"type": "ReLU", "x": {"a": 1, "a": 2}}"#, status: 400, code: "duplicate_key"),
        Row(body: String(repeating: "[", count: 100_000), status: 400, code: "malformed_json"),
        Row(
            body: #"{"type": "Linear", "in_features": "# + String(repeating: "[", count: 1_000),
            status: 400,
            code: "malformed_json"
        ),
    ]

    private static let wrong: [Row] = [
        Row(body: "[]", status: 422, code: "invalid_field"),
        Row(body: "1", status: 422, code: "invalid_field"),
        Row(body: "null", status: 422, code: "invalid_field"),
        Row(body: "{}", status: 422, code: "missing_field", pointer: ""),
        Row(body: #"{"type": 1}"#, status: 422, code: "invalid_field", pointer: "/type"),
        Row(body: #"{"type": "Lineal"}"#, status: 422, code: "unknown_type"),
        Row(
            body: #"{"type": "Linear", "in_features": 4, "out_features": 3, "x": 1}"#,
            status: 422,
            code: "unknown_argument",
            detail: "Linear.__init__() got an unexpected keyword argument 'x'",
            pointer: "/x"
        ),
        Row(
            body: #"{"type": "Linear", "in_features": 4}"#,
            status: 422,
            code: "missing_argument",
            detail: "Linear.__init__() missing 1 required positional argument: 'out_features'"
        ),
        Row(
            body: #"{"type": "Linear", "in_features": "4", "out_features": 3}"#,
            status: 422,
            code: "invalid_argument",
            pointer: "/in_features"
        ),
        Row(body: #"{"type": "Linear", "in_features": 4.5, "out_features": 3}"#, status: 422, code: "invalid_argument"),
        Row(body: #"{"type": "ReLU", "seed": 1.5}"#, status: 422, code: "invalid_argument", pointer: "/seed"),
        Row(
            body: #"{"type": "ReLU", "seed": 18446744073709551616}"#,
            status: 422,
            code: "invalid_argument",
            detail: "Overflow when unpacking long long",
            pointer: "/seed"
        ),
        Row(body: #"{"type": "ReLU", "training": 1}"#, status: 422, code: "invalid_field", pointer: "/training"),
        Row(body: #"{"type": "ReLU", "compat": "0.4"}"#, status: 422, code: "invalid_field", pointer: "/compat"),
        Row(
            body: #"{"type": "Linear", "in_features": 4, "out_features": 3, "dtype": "float31"}"#,
            status: 422,
            code: "invalid_field",
            pointer: "/dtype"
        ),
        Row(body: #"{"type": "ReLU", "name": "../x"}"#, status: 422, code: "invalid_name", pointer: "/name"),
        Row(body: #"{"type": "ReLU", "name": ""}"#, status: 422, code: "invalid_name"),
        Row(body: #"{"type": "ReLU", "name": "."}"#, status: 422, code: "invalid_name"),
        Row(body: #"{"type": "ReLU", "name": "é"}"#, status: 422, code: "invalid_name"),
        Row(
            body: "{\"type\": \"ReLU\", \"name\": \"\(String(repeating: "a", count: 129))\"}",
            status: 422,
            code: "invalid_name"
        ),
        Row(body: #"{"ref": "fc"}"#, status: 422, code: "unknown_reference"),
        Row(
            body: #"{"type": "Sequential", "modules": [{"ref": "none"}]}"#,
            status: 422,
            code: "unknown_reference",
            pointer: "/modules/0/ref"
        ),
        Row(
            body: #"{"type": "Sequential", "modules": [{"ref": "fc", "bias": true}]}"#,
            status: 422,
            code: "unknown_field",
            pointer: "/modules/0/bias"
        ),
        Row(
            body: #"{"type": "Sequential", "modules": [{"type": "ReLU", "seed": 1}]}"#,
            status: 422,
            code: "unknown_field",
            pointer: "/modules/0/seed"
        ),
        Row(
            body: #"{"type": "Sequential", "modules": [{"name": "a", "type": "ReLU", "x": 1}]}"#,
            status: 422,
            code: "unknown_argument",
            pointer: "/modules/0/x"
        ),
        Row(
            body: #"{"type": "Sequential", "modules": {"a": {"type": "ReLU", "x": 1}}}"#,
            status: 422,
            code: "unknown_argument",
            pointer: "/modules/a/x"
        ),
        Row(
            body: #"{"type": "Sequential", "modules": {"a": {"type": "Sequential", "modules": [{"ref": "none"}]}}}"#,
            status: 422,
            code: "unknown_reference",
            pointer: "/modules/a/modules/0/ref"
        ),
        Row(
            body: #"{"type": "Sequential", "modules": [{"name": "a.b", "type": "ReLU"}]}"#,
            status: 422,
            code: "invalid_argument",
            detail: "module name can't contain \".\", got: a.b",
            pointer: "/modules/0"
        ),
        Row(body: #"{"type": "Sequential", "modules": 3}"#, status: 422, code: "invalid_field", pointer: "/modules"),
        Row(
            body: #"{"type": "Sequential", "modules": [3]}"#,
            status: 422,
            code: "invalid_field",
            pointer: "/modules/0"
        ),
        Row(body: #"{"type": "ReLU", "modules": []}"#, status: 422, code: "invalid_argument"),
        Row(
            body:
                #"{"type": "Sequential", "modules": [{"type": "Bilinear", "in1_features": 1, "in2_features": 1, "out_features": 1}]}"#,
            status: 422,
            code: "invalid_argument"
        ),
        Row(
            body:
                #"{"type": "Linear", "in_features": 2, "out_features": 1, "state_dict": {"weight": [[1, 2], [3]], "bias": [0]}}"#,
            status: 422,
            code: "invalid_tensor",
            detail: "expected sequence of length 2 at dim 1 (got 1)",
            pointer: "/state_dict/weight"
        ),
        Row(
            body: #"{"type": "Linear", "in_features": 2, "out_features": 1, "state_dict": {"weight": [[1, 2]]}}"#,
            status: 422,
            code: "state_dict_mismatch",
            detail: "Error(s) in loading state_dict for Linear:\n\tMissing key(s) in state_dict: \"bias\". "
        ),
    ]

    private static let large: [Row] = [
        Row(
            body: #"{"type": "Linear", "in_features": 1000000, "out_features": 1000000}"#,
            status: 422,
            code: "module_too_large"
        ),
        Row(
            body: #"{"type": "Linear", "in_features": 4611686018427387904, "out_features": 3}"#,
            status: 422,
            code: "module_too_large"
        ),
        Row(
            body: #"{"type": "Linear", "in_features": 18446744073709551615, "out_features": 3}"#,
            status: 422,
            code: "invalid_argument"
        ),
        Row(
            body: #"{"type": "Linear", "in_features": -1, "out_features": 3}"#,
            status: 422,
            code: "invalid_argument",
            detail: "Trying to create tensor with negative dimension -1: [3, -1]"
        ),
        Row(
            body: deep(40),
            status: 422,
            code: "tree_too_deep",
            pointer: String(repeating: "/modules/0", count: 32)
        ),
        Row(
            body:
                #"{"type": "Sequential", "modules": [{"type": "ReLU"}, {"type": "Linear", "in_features": 1000000, "out_features": 1000000}]}"#,
            status: 422,
            code: "module_too_large",
            pointer: "/modules/1"
        ),
        Row(
            body: #"{"type": "Sequential", "modules": ["#
                + [String](repeating: #"{"type": "ReLU"}"#, count: 5_000).joined(separator: ",")
                + "]}",
            status: 422,
            code: "module_too_large"
        ),
        Row(
            body: #"{"type": "ReLU", "x": "# + "\"" + String(repeating: "a", count: 100_000) + "\"}",
            status: 422,
            code: "invalid_argument"
        ),
    ]

    private static func deep(_ depth: Int) -> String {
        String(repeating: #"{"type": "Sequential", "modules": ["#, count: depth) + #"{"type": "ReLU"}"#
            + String(repeating: "]}", count: depth)
    }

    @Test(arguments: malformed + wrong + large)
    func refuses(row: Row) async throws {
        let server = Server()
        try await server.createTutorialLayer()
        let before = await server.get("/v1/modules").text
        for (method, target) in [(HTTPRequest.Method.post, "/v1/modules"), (.put, "/v1/modules/fc")] {
            if method == .put, row.code == "invalid_name" { continue }
            let answer = await server.json(method, target, row.body)
            #expect(answer.status == row.status, "\(answer.text.prefix(400))")
            #expect(answer.code == row.code, "\(answer.text.prefix(400))")
            if let detail = row.detail { #expect(answer.detail == detail) }
            if let pointer = row.pointer { #expect(answer.pointer == pointer) }
            #expect(answer.fields[.contentType] == "application/problem+json")
        }
        #expect(await server.get("/v1/modules").text == before)
    }

    @Test func refusesAnInvalidNameInThePath() async {
        let server = Server()
        let answer = await server.json(.put, "/v1/modules/a%20b", #"{"type": "ReLU"}"#)
        #expect(answer.status == 422)
        #expect(answer.code == "invalid_name")
    }

    @Test func refusesATypeThatIsNoJSON() async {
        let server = Server()
        for type in [
            nil, "text/plain", "application/x-www-form-urlencoded", "text/xml", ";;==", "application/octet-stream",
        ] {
            let fields: HTTPFields = type.map { [.contentType: $0] } ?? [:]
            let answer = await server.send(.post, "/v1/modules", fields, body: Array(#"{"type": "ReLU"}"#.utf8))
            #expect(answer.status == 415)
            #expect(answer.code == "unsupported_media_type")
        }
    }

    @Test(arguments: ["application/json; charset=utf-8", "Application/JSON", "application/vnd.callpath+json"])
    func takesAnyJSONType(type: String) async {
        let answer = await Server().send(
            .post,
            "/v1/modules",
            [.contentType: type],
            body: Array(#"{"type": "ReLU"}"#.utf8)
        )
        #expect(answer.status == 201)
    }

    @Test func refusesReferencesInACircle() async throws {
        let server = Server()
        try await server.create(#"{"name": "a", "type": "Sequential", "modules": [{"type": "ReLU"}]}"#)
        try await server.create(#"{"name": "b", "type": "Sequential", "modules": [{"ref": "a"}]}"#)
        let answer = await server.json(.put, "/v1/modules/a", #"{"type": "Sequential", "modules": [{"ref": "b"}]}"#)
        #expect(answer.status == 409 || answer.code == "reference_cycle", "a is in use, and the circle would close")
        #expect(await server.get("/v1/modules/a").json["version"] == 1)
    }
}
