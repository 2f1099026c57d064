import HTTP
import HTTPTypes
import JSON
import Testing
import TestServer
import Web

@testable import ModuleAPI

/// Every endpoint that takes a body, given bodies that nobody should send: its 4xx, and nothing changed.
struct BadBodyTests {
    struct Endpoint: CustomTestStringConvertible, Sendable {
        let method: HTTPRequest.Method
        let target: String

        var testDescription: String { "\(method) \(target)" }
    }

    private static let endpoints = [
        Endpoint(method: .post, target: "/v1/modules"),
        Endpoint(method: .put, target: "/v1/modules/fc"),
        Endpoint(method: .put, target: "/v1/modules/fc/weight"),
        Endpoint(method: .put, target: "/v1/modules/fc/bias"),
        Endpoint(method: .put, target: "/v1/modules/fc/parameters/weight"),
        Endpoint(method: .put, target: "/v1/modules/fc/state_dict"),
        Endpoint(method: .post, target: "/v1/modules/fc/call"),
        Endpoint(method: .post, target: "/v1/modules/fc/trace"),
        Endpoint(method: .post, target: "/v1/modules/fc/backward"),
        Endpoint(method: .post, target: "/v1/modules/fc/hooks"),
        Endpoint(method: .post, target: "/v1/hooks"),
    ]

    private static let unreadable: [[UInt8]] = [
        [], Array("   ".utf8), Array("{".utf8), Array("[1, 2".utf8), Array("{\"x\": NaN}".utf8), Array("[NaN]".utf8),
        Array("{'x': 1}".utf8), Array("[1,]".utf8), Array("{} {}".utf8), Array("nul".utf8), Array("\u{FEFF}[]".utf8),
        Array(#"{"x": 1, "x": 2}"#.utf8), [0x5B, 0x22, 0xFF, 0x22, 0x5D], [0, 1, 2, 3],
        [UInt8](repeating: UInt8(ascii: "["), count: 10_000),
    ]

    private static let wrong = [
        "null", "true", "3", #""text""#, "{}", #"{"surprise": 1}"#, "[[1, 2], [3]]", "[[1], 2]", #"["a"]"#, "[{}]",
        #"{"data": [1, 2], "shape": [4611686018427387904, 4611686018427387904]}"#, "[[[[1]]]]",
    ]

    private let server = Server()

    private func state() async -> [String] {
        var state: [String] = []
        for target in ["/v1/modules", "/v1/modules/fc", "/v1/modules/fc/state_dict", "/v1/hooks"] {
            state.append(await server.get(target).text)
        }
        return state
    }

    @Test(arguments: endpoints)
    func refusesWhatIsNoJSON(endpoint: Endpoint) async throws {
        try await server.createTutorialLayer()
        let before = await state()
        for body in Self.unreadable {
            let answer = await server.send(
                endpoint.method,
                endpoint.target,
                [.contentType: "application/json"],
                body: body
            )
            #expect(answer.status == 400, "\(body.prefix(20)): \(answer.text)")
            #expect(["malformed_json", "duplicate_key"].contains(answer.code), "\(answer.text)")
        }
        #expect(await state() == before)
    }

    @Test(arguments: endpoints)
    func refusesWhatIsOtherJSON(endpoint: Endpoint) async throws {
        try await server.createTutorialLayer()
        let before = await state()
        for body in Self.wrong {
            let answer = await server.json(endpoint.method, endpoint.target, body)
            #expect(answer.status == 422, "\(body): \(answer.text)")
            #expect(answer.fields[.contentType] == "application/problem+json")
            #expect(answer.detail?.isEmpty == false)
        }
        #expect(await state() == before)
    }

    @Test(arguments: endpoints)
    func refusesOtherTypesAndUnknownModules(endpoint: Endpoint) async throws {
        try await server.createTutorialLayer()
        let before = await state()
        for type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "json"] {
            let answer = await server.send(endpoint.method, endpoint.target, [.contentType: type], body: [0x7B, 0x7D])
            #expect(answer.code == "unsupported_media_type", "\(type): \(answer.text)")
        }
        if endpoint.target.hasPrefix("/v1/modules/fc/") {
            let target = endpoint.target.replacing("/fc/", with: "/none/")
            #expect(await server.json(endpoint.method, target, "{}").code == "module_not_found")
        }
        #expect(await state() == before)
    }
}
