import Foundation
import HTTP
import HTTPTypes
import JSON
import ModuleAPI
@testable import OpenInference
import Serving
import Synchronization
import Testing
import TestServer
import Web

/// Every example of `openapi.yaml`, asked and answered: what the page shows is what the server does.
@Suite(.timeLimit(.minutes(2)))
struct ExampleTests {
    @Test(arguments: try OpenAPI.carried.examples)
    func showsWhatTheServerAnswers(example: OpenAPI.Example) async throws {
        let server = try server(for: example)
        let hooks = try await setUp(server)
        if example.request?["phase"] != nil { server.api.readiness.phase = .draining }
        let request = try request(for: example, hooks: hooks)
        let answer = try await answer(of: server, to: request, meanwhile: example.request?["meanwhile"]?.asArray ?? [])
        #expect(answer.status == example.status, "\(answer.text)")
        for (name, value) in example.example["x-fields"]?.asObject ?? JSONObject() {
            #expect(answer.fields[try #require(HTTPField.Name(name))] == value.asString)
        }
        guard let mediaType = example.mediaType else { return #expect(answer.body == []) }
        #expect(answer.fields[.contentType]?.hasPrefix(mediaType) == true)
        compare(answer, with: example, as: mediaType)
    }

    private func compare(_ answer: Received, with example: OpenAPI.Example, as mediaType: String) {
        let text = answer.text.replacing(#/"nanoseconds":\d+/#) { _ in #""nanoseconds":0"# }
            .replacing(#/id: [0-9a-f]{8}\./#) { _ in "id: 5f3a09c1." }
        if example.example["x-excerpt"] != nil {
            #expect(text.contains(example.answer?.asString ?? "nothing"), "\(answer.text)")
        } else if mediaType.hasSuffix("json") {
            #expect(masked(answer.json) == masked(example.answer ?? .null), "\(answer.text)")
        } else if Self.isBinary(mediaType) {
            #expect(Data(answer.body).base64EncodedString() == example.answer?.asString)
        } else {
            #expect(.string(text) == example.answer, "\(answer.text)")
        }
    }

    // MARK: The request

    private func server(for example: OpenAPI.Example) throws -> Server {
        var (serving, options) = (ServingOptions(), API.Options())
        for (name, value) in example.request?["options"]?.asObject ?? JSONObject() {
            let value = try #require(value.asInt)
            switch name {
            case "max-listeners": serving.limits.maxListeners = value
            case "max-decoded-body-bytes": options.maxDecodedBodyBytes = value
            default: Issue.record("no example needs the option \(name) yet")
            }
        }
        return Server(serving: serving, options: options)
    }

    /// Does what `x-example-setup` says, and returns the ids of the hooks that it registers by where they went.
    private func setUp(_ server: Server) async throws -> [String: Int] {
        var hooks: [String: Int] = [:]
        for step in try OpenAPI.carried.document["x-example-setup"]?.asArray ?? [] {
            let target = try #require(step["target"]?.asString)
            let answer = await server.json(.post, target, Self.text(step["body"]))
            try #require(answer.status == 201, "\(answer.text)")
            hooks[target] = answer.json["id"]?.asInt
        }
        return hooks
    }

    private func request(for example: OpenAPI.Example, hooks: [String: Int]) throws -> Request {
        let mediaType = example.mediaType ?? ""
        var fields: HTTPFields =
            mediaType.isEmpty || mediaType == "application/problem+json" ? [:] : [.accept: mediaType]
        let (type, body) = try body(of: example)
        fields[.contentType] = type
        for (name, value) in example.request?["fields"]?.asObject ?? JSONObject() {
            fields[try #require(HTTPField.Name(name))] = value.asString
        }
        return Request(method: example.method, target: target(of: example, hooks: hooks), fields: fields, body: body)
    }

    private func body(of example: OpenAPI.Example) throws -> (type: String?, bytes: [UInt8]) {
        if let coded = example.request?["base64"]?.asString {
            return ("application/json", [UInt8](try #require(Data(base64Encoded: coded))))
        }
        if let body = example.request?["body"] { return ("application/json", Array(Self.text(body).utf8)) }
        guard let body = example.body else { return (nil, []) }
        guard Self.isBinary(body.type) else { return (body.type, body.value.serialized) }
        return (body.type, [UInt8](try #require(Data(base64Encoded: body.value.asString ?? "?"))))
    }

    private func target(of example: OpenAPI.Example, hooks: [String: Int]) -> String {
        if let target = example.request?["target"]?.asString { return target }
        let id = hooks[example.path.hasPrefix("/v1/hooks") ? "/v1/hooks" : "/v1/modules/fc/hooks"] ?? 0
        return example.path.replacing("{name}", with: "fc").replacing("{path}", with: "weight")
            .replacing("{id}", with: String(id)).replacing("{version}", with: "2")
            .replacing("{repository}", with: "default")
    }

    /// Sends a request; while its answer is a stream, sends `others` and reads until the server ends it.
    private func answer(of server: Server, to request: Request, meanwhile others: [JSONValue]) async throws -> Received
    {
        let response = await server.handler(request).response
        guard case .stream(let run) = response.body else { return Received(response) }
        for other in others {
            _ = await server.json(.post, try #require(other["target"]?.asString), Self.text(other["body"]))
        }
        server.api.registry.events.finish()
        let reader = StreamReader()
        try await run(reader)
        var read = response
        read.body = .bytes(reader.bytes)
        return Received(read)
    }

    /// A value as the text of a body; a string is that text.
    private static func text(_ value: JSONValue?) -> String {
        value?.asString ?? value.map { String(decoding: $0.serialized, as: UTF8.self) } ?? ""
    }

    private static func isBinary(_ type: String) -> Bool {
        ["application/octet-stream", "application/x-safetensors", "application/safetensors"].contains(type)
    }

    /// Returns the value without what differs from run to run: times, and ids from the process's counter.
    private func masked(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(masked))
        case .object(let members):
            var object = JSONObject()
            for (key, member) in members {
                object[key] = ["nanoseconds", "id", "hook"].contains(key) ? 0 : masked(member)
            }
            return .object(object)
        default: return value
        }
    }
}

/// Keeps what a stream sends.
private final class StreamReader: BodyWriter {
    private let received = Mutex<[UInt8]>([])

    var bytes: [UInt8] { received.withLock { $0 } }

    func write(_ bytes: [UInt8]) async throws {
        received.withLock { $0 += bytes }
    }
}

extension OpenAPI.Example: CustomTestStringConvertible {
    var testDescription: String { "\(operation) \(status) \(name)" }
}
