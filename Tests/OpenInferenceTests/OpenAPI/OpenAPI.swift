import HTTPTypes
import JSON
import Testing
import Web
import Yams

@testable import OpenInference

/// `openapi.yaml` as the binary carries it.
struct OpenAPI {
    /// One method on one path.
    struct Operation {
        let path: String
        let method: HTTPRequest.Method
        let value: JSONValue
    }

    /// Read once: that takes half a second, and each example asks for it.
    private static let known = Result { try OpenAPI(reading: OpenAPIDocument.yaml()) }

    /// The one that the binary carries.
    static var carried: OpenAPI {
        get throws { try known.get() }
    }

    let document: JSONValue

    private init(reading yaml: OpenAPIDocument) throws {
        let node = try #require(try Yams.compose(yaml: String(decoding: yaml.bytes, as: UTF8.self)))
        document = Self.value(node)
    }

    var operations: [Operation] {
        (document["paths"]?.asObject ?? JSONObject()).flatMap { path, item in
            (item.asObject ?? JSONObject()).compactMap { name, value in
                guard let method = HTTPRequest.Method(name.uppercased()),
                    ["get", "put", "post", "delete"].contains(name)
                else {
                    return nil
                }
                return Operation(path: path, method: method, value: value)
            }
        }
    }

    /// Returns what a value with `$ref` stands for, or the value itself.
    func resolved(_ value: JSONValue) -> JSONValue? {
        guard let reference = value["$ref"]?.asString else { return value }
        return reference.split(separator: "/").dropFirst().reduce(document as JSONValue?) { $0?[String($1)] }
    }

    /// Plain scalars are what JSON reads in them; all others are strings.
    private static func value(_ node: Node) -> JSONValue {
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            return (isPlain ? try? JSONValue(parsing: Array(scalar.string.utf8)) : nil) ?? .string(scalar.string)
        case .sequence(let sequence): return .array(sequence.map(value))
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, member) in mapping { object[key.string ?? ""] = value(member) }
            return .object(object)
        case .alias: return .null
        }
    }
}
