import HTTP
import HTTPTypes
import JSON
import ModuleAPI
@testable import OpenInference
import Serving
import Testing
import TestServer
import Web

/// What pages of other origins can do to a server that a browser reaches: nothing.
struct ForeignPageTests {
    private let server = Server()
    private static let site = HTTPField.Name("Sec-Fetch-Site")

    private func ask(
        _ method: HTTPRequest.Method,
        _ target: String,
        _ fields: [(String, String)],
        body: String = "",
        rules: AccessRules = AccessRules()
    ) async throws -> Received {
        var lines = HTTPFields()
        for (name, value) in fields { lines.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value)) }
        let request = Request(method: method, target: target, fields: lines, body: Array(body.utf8))
        return Received(
            await InferenceAPI(api: API(registry: server.api.registry)).handler(rules: rules)(request).response
        )
    }

    private static let foreign = [
        [("Host", "localhost:8080"), ("Origin", "http://evil.example")],
        [("Host", "localhost:8080"), ("Origin", "http://localhost:3000")],
        [("Host", "localhost:8080"), ("Origin", "null")], [("Host", "localhost:8080"), ("Origin", "localhost:8080")],
        [("Origin", "http://localhost:8080")], [("Host", "localhost:8080"), ("Sec-Fetch-Site", "cross-site")],
        [("Host", "localhost:8080"), ("Origin", "http://localhost:8080"), ("Sec-Fetch-Site", "same-site")],
        [("Host", "localhost:8080"), ("Sec-Fetch-Site", "SAME-ORIGIN")],
        [("Host", "localhost:8080"), ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "cross-site")],
        [("Host", "localhost:8080"), ("Origin", "http://localhost:8080"), ("Origin", "http://evil.example")],
    ]

    @Test(arguments: foreign)
    func aForeignPageChangesNothing(fields: [(String, String)]) async throws {
        try await server.createTutorialLayer()
        let load = #"{"parameters": {"config": "{\"type\": \"ReLU\"}"}}"#
        let targets: [(HTTPRequest.Method, String, String)] = [
            (.post, "/v2/repository/models/m/load", load), (.post, "/v2/repository/r/models/m/load", load),
            (.post, "/v2/repository/models/fc/unload", ""), (.post, "/v2/models/fc/infer", "{}"),
            (.post, "/invocations", #"{"input": [1, 2, 3, 4]}"#), (.post, "/v1/modules", #"{"type": "ReLU"}"#),
            (.put, "/v1/modules/fc", #"{"type": "ReLU"}"#), (.delete, "/v1/modules/fc", ""), (.post, "/nowhere", ""),
        ]
        for (method, target, body) in targets {
            let answer = try await ask(method, target, fields + [("Content-Type", "text/plain")], body: body)
            #expect(answer.status == 403, "\(target)")
            #expect(answer.code == "cross_origin", "\(target)")
            #expect((answer.json["error"] != nil) == target.hasPrefix("/v2"), "\(target)")
        }
        #expect(server.api.registry.entries().entries.map(\.version) == [1])
        for method in [HTTPRequest.Method.get, .head, .options] {
            #expect(try await ask(method, "/v1/modules/fc", fields).status < 300)
        }
    }

    @Test(arguments: [
        [("Host", "localhost:8080"), ("Origin", "http://localhost:8080")],
        [("Host", "LOCALHOST:80"), ("Origin", "http://localhost")],
        [("Host", "app.example"), ("Origin", "https://app.example:443")],
        [("Host", "localhost:8080"), ("Origin", "http://other.test"), ("Sec-Fetch-Site", "same-origin")],
        [("Host", "localhost:8080"), ("Sec-Fetch-Site", "none")], [("Host", "localhost:8080")], [],
        [("Host", "localhost:8080"), ("Origin", "https://ours.example"), ("Sec-Fetch-Site", "cross-site")],
    ])
    func whoIsNoForeignPageIsLetIn(fields: [(String, String)]) async throws {
        let rules = AccessRules(crossOrigin: CrossOrigin(origins: ["https://ours.example"]))
        let json = [("Content-Type", "application/json")]
        #expect(
            try await ask(.post, "/v1/modules", fields + json, body: #"{"type": "ReLU"}"#, rules: rules).status == 201
        )
    }

    @Test func aNameThatIsNotOursIsRefused() async throws {
        let rules = AccessRules(hosts: HostRule(isLocal: true))
        for target in ["/v1/modules", "/v2/models", "/version", "/openapi.yaml", "/nowhere", "/v1/hooks"] {
            for method in [HTTPRequest.Method.get, .head, .options, .post, .delete] {
                let answer = try await ask(method, target, [("Host", "evil.example:8080")], rules: rules)
                #expect(answer.status == 421, "\(method) \(target)")
                if method != .head { #expect(answer.code == "misdirected_request", "\(method) \(target)") }
            }
        }
        let answer = try await ask(.get, "/v1/modules", [("Host", "evil.example:8080")], rules: rules)
        #expect(answer.code == "misdirected_request")
        #expect(answer.detail?.contains("--allowed-hosts") == true)
        for target in ["/", "/livez", "/readyz", "/metrics", "/ping", "/v2/health/live", "/v2/health/ready"] {
            #expect(try await ask(.get, target, [("Host", "evil.example")], rules: rules).status == 200, "\(target)")
            let answer = try await ask(.options, target, [("Host", "evil.example")], rules: rules)
            #expect(answer.status == 204, "\(target)")
        }
    }
}
