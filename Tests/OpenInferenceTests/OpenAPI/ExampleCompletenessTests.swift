import JSON
import Testing
import Web

@testable import OpenInference

/// No request and no answer of `openapi.yaml` goes without an example that `ExampleTests` replays.
struct ExampleCompletenessTests {
    /// The Open Inference Protocol's own clients hold `/v2` and the platforms' routes to their word.
    private static let foreignTags: Set<String> = ["inference", "platforms"]

    private let openAPI: OpenAPI
    private let operations: [OpenAPI.Operation]

    init() throws {
        let openAPI = try OpenAPI.carried
        self.openAPI = openAPI
        operations = openAPI.operations.filter { operation in
            let tags = operation.value["tags"]?.asArray?.compactMap(\.asString) ?? []
            return Self.foreignTags.isDisjoint(with: tags)
        }
    }

    private func name(_ operation: OpenAPI.Operation) -> String { operation.value["operationId"]?.asString ?? "" }

    @Test func everyAnswerHasAnExampleOfEachForm() {
        for operation in operations {
            for (status, response) in operation.value["responses"]?.asObject ?? JSONObject() {
                let answer = openAPI.resolved(response)
                let place = "\(name(operation)) \(status)"
                guard let content = answer?["content"]?.asObject else {
                    #expect(answer?["x-request"] != nil, "\(place)")
                    continue
                }
                for (type, content) in content {
                    #expect(content["examples"]?.asObject?.isEmpty == false, "\(place) \(type)")
                    #expect(content["example"] == nil, "\(place) \(type): one that nothing replays")
                }
            }
        }
    }

    @Test func everyRequestHasAnExampleOfEachFormAndAnAnswerToIt() {
        let answered = Set(openAPI.examples.map { "\($0.operation) \($0.name)" })
        for operation in operations {
            for (type, content) in operation.value["requestBody"]?["content"]?.asObject ?? JSONObject() {
                let examples = content["examples"]?.asObject ?? JSONObject()
                #expect(!examples.isEmpty, "\(name(operation)) \(type)")
                for (example, _) in examples {
                    #expect(answered.contains("\(name(operation)) \(example)"), "\(name(operation)) \(example)")
                }
            }
        }
    }

    @Test func everyOtherOperationHasAnExampleOfWhatItAnswersInJSON() {
        let own = Set(operations.map(name))
        for operation in openAPI.operations
        where !own.contains(name(operation)) && !name(operation).contains("Statistics") {
            for (status, response) in operation.value["responses"]?.asObject ?? JSONObject() where status.hasPrefix("2")
            {
                for (type, content) in response["content"]?.asObject ?? JSONObject()
                where type == "application/json" || type == "text/plain" {
                    #expect(content["examples"]?.asObject?.isEmpty == false, "\(name(operation)) \(status) \(type)")
                }
            }
            guard let content = operation.value["requestBody"]?["content"]?["application/json"] else { continue }
            #expect(content["examples"]?.asObject?.isEmpty == false, "\(name(operation))")
        }
    }
}
