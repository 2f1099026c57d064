import HTTPTypes
import JSON
import Web

@testable import OpenInference

extension OpenAPI {
    /// An example of an answer, with the example of a request that has the same name.
    struct Example: Sendable {
        let operation: String
        let method: HTTPRequest.Method
        let path: String
        let name: String
        let status: Int
        /// The media type of the answer; `nil` if it has no content.
        let mediaType: String?
        /// The object under the example's name; of an answer without content, the answer's own.
        let example: JSONValue
        /// The request's example and its media type.
        let body: (type: String, value: JSONValue)?

        /// What the answer should be.
        var answer: JSONValue? { example["value"] }
        /// Where the request differs from that of the operation.
        var request: JSONValue? { example["x-request"] }
    }

    /// The examples of all answers, of those too that operations share.
    var examples: [Example] {
        operations.flatMap(examples) + (sharedResponses.flatMap { name, response in examples(name, of: response) })
    }

    private var sharedResponses: JSONObject { document["components"]?["responses"]?.asObject ?? JSONObject() }

    private func examples(of operation: Operation) -> [Example] {
        (operation.value["responses"]?.asObject ?? JSONObject()).flatMap { status, response in
            Self.examples(in: response).map { name, mediaType, example in
                Example(
                    operation: operation.value["operationId"]?.asString ?? "",
                    method: operation.method,
                    path: operation.path,
                    name: name,
                    status: Int(status) ?? 0,
                    mediaType: mediaType,
                    example: example,
                    body: Self.body(name, of: operation)
                )
            }
        }
    }

    /// Returns the examples of a shared answer, which say by themselves what was asked.
    private func examples(_ shared: String, of response: JSONValue) -> [Example] {
        Self.examples(in: response).map { name, mediaType, example in
            let target = example["x-request"]?["target"]?.asString ?? ""
            let statuses = operations.compactMap { $0.value["responses"]?.asObject }.flatMap { responses in
                responses.filter { $1["$ref"]?.asString == "#/components/responses/\(shared)" }.compactMap {
                    Int($0.key)
                }
            }
            return Example(
                operation: shared,
                method: example["x-request"]?["method"]?.asString.flatMap { HTTPRequest.Method($0) } ?? .get,
                path: target,
                name: name,
                status: example["value"]?["status"]?.asInt ?? statuses.first ?? 0,
                mediaType: mediaType,
                example: example,
                body: nil
            )
        }
    }

    private static func examples(in response: JSONValue) -> [(name: String, mediaType: String?, example: JSONValue)] {
        guard let content = response["content"]?.asObject else {
            return response["x-request"] == nil ? [] : [("empty", nil, response)]
        }
        return content.flatMap { mediaType, content in
            (content["examples"]?.asObject ?? JSONObject()).map { ($0, mediaType, $1) }
        }
    }

    private static func body(_ name: String, of operation: Operation) -> (type: String, value: JSONValue)? {
        for (type, content) in operation.value["requestBody"]?["content"]?.asObject ?? JSONObject() {
            if let value = content["examples"]?[name]?["value"] { return (type, value) }
        }
        return nil
    }
}
