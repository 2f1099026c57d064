import HTTP
import HTTPTypes
import JSON
import Testing

@testable import API

/// Every example of `openapi.yaml`, asked and answered: what the page shows is what the server does.
struct ExampleTests {
    /// An example of an answer, with the example of a request that has the same name.
    struct Example: CustomTestStringConvertible, Sendable {
        let operation: String
        let method: HTTPRequest.Method
        let path: String
        let name: String
        let status: Int
        let mediaType: String
        let answer: JSONValue
        let body: JSONValue?
        /// Where the example goes if not to the path with the parameters' own examples, and with which fields.
        let request: JSONValue?

        var testDescription: String { "\(operation) \(name)" }
    }

    private static let problemType = "application/problem+json"

    private static func examples() throws -> [Example] {
        let openAPI = try OpenAPI()
        return openAPI.operations.flatMap { operation in
            (operation.value["responses"]?.asObject ?? JSONObject()).flatMap { status, response in
                (response["content"]?.asObject ?? JSONObject()).flatMap { mediaType, content in
                    (content["examples"]?.asObject ?? JSONObject()).map { name, example in
                        Example(
                            operation: operation.value["operationId"]?.asString ?? "",
                            method: operation.method,
                            path: operation.path,
                            name: name,
                            status: Int(status) ?? 0,
                            mediaType: mediaType,
                            answer: example["value"] ?? .null,
                            body: operation.value["requestBody"]?["content"]?["application/json"]?["examples"]?[name]?[
                                "value"
                            ],
                            request: example["x-request"]
                        )
                    }
                }
            }
        }
    }

    @Test(arguments: try examples())
    func showsWhatTheServerAnswers(example: Example) async throws {
        let server = Server()
        let target = try await prepare(server, for: example)
        var fields: HTTPFields = example.mediaType == Self.problemType ? [:] : [.accept: example.mediaType]
        for (name, value) in example.request?["fields"]?.asObject ?? JSONObject() {
            fields[try #require(HTTPField.Name(name))] = value.asString
        }
        if example.body != nil { fields[.contentType] = "application/json" }
        let answer = await server.send(example.method, target, fields, body: example.body?.serialized ?? [])
        #expect(answer.status == example.status, "\(answer.text)")
        #expect(answer.fields[.contentType]?.hasPrefix(example.mediaType) == true)
        let isJSON = example.mediaType.hasSuffix("json")
        #expect(
            isJSON ? masked(answer.json) == masked(example.answer) : .string(answer.text) == example.answer,
            "\(answer.text)"
        )
    }

    /// Does what `x-example-setup` says, and returns the target of the example's request.
    private func prepare(_ server: Server, for example: Example) async throws -> String {
        var hooks: [String: Int] = [:]
        for step in try OpenAPI().document["x-example-setup"]?.asArray ?? [] {
            let method = try #require(step["method"]?.asString.flatMap { HTTPRequest.Method($0) })
            let target = try #require(step["target"]?.asString)
            let answer = await server.json(
                method,
                target,
                String(decoding: step["body"]?.serialized ?? [], as: UTF8.self)
            )
            try #require(answer.status == 201, "\(answer.text)")
            hooks[target] = answer.json["id"]?.asInt
        }
        if let target = example.request?["target"]?.asString { return target }
        let id = hooks[example.path.hasPrefix("/v1/hooks") ? "/v1/hooks" : "/v1/modules/fc/hooks"] ?? 0
        return example.path.replacing("{name}", with: "fc").replacing("{path}", with: "weight")
            .replacing("{id}", with: String(id)).replacing("{version}", with: "2")
            .replacing("{repository}", with: "default")
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

    @Test func everyOperationHasAnExampleOfEachGoodAnswerAndOfItsRequest() throws {
        let openAPI = try OpenAPI()
        // A live stream and two pages of text are told by their schema and by tests of their own.
        let exempt = ["streamEvents", "metrics", "openapi"]
        // Statistics are times.
        let isExempt: (String) -> Bool = { exempt.contains($0) || $0.contains("Statistics") }
        for operation in openAPI.operations {
            let name = operation.value["operationId"]?.asString ?? ""
            for (status, response) in operation.value["responses"]?.asObject ?? JSONObject() where status.hasPrefix("2")
            {
                for (type, content) in response["content"]?.asObject ?? JSONObject() where !isExempt(name) {
                    let isText = type == "application/json" || type == "text/plain"
                    #expect(!isText || content["examples"]?.asObject?.isEmpty == false, "\(name) \(status) \(type)")
                }
            }
            guard let content = operation.value["requestBody"]?["content"]?["application/json"] else { continue }
            #expect(content["examples"]?.asObject?.isEmpty == false, "\(name)")
        }
    }
}
