import HTTP
import HTTPTypes
import JSON
import Models
import Serving
import Tensors
import Web

/// `/v1/modules/{name}/weight`, `.../bias` and `.../parameters/{path}`: one parameter or buffer of a module.
struct ParametersResource: Sendable {
    private static let readStatuses = [200, 304, 404, 406, 412, 422]
    private static let writeStatuses = [200, 400, 404, 406, 409, 412, 413, 415, 422]

    let api: API

    var routes: [Route] {
        routes(of: "/v1/modules/{name}/weight", "Weight") { _ in "weight" }
            + routes(of: "/v1/modules/{name}/bias", "Bias") { _ in "bias" }
            + [
                Route(
                    .delete,
                    "/v1/modules/{name}/bias",
                    "deleteBias",
                    scope: .admin,
                    statuses: [200, 404, 406, 409, 412, 422],
                    endpoint: deleteBias
                )
            ]
            + routes(of: "/v1/modules/{name}/parameters/{path...}", "Parameter") { $0.parameter("path") }
    }

    private func routes(
        of template: String,
        _ noun: String,
        key: @escaping @Sendable (Exchange) -> String
    ) -> [Route] {
        [
            Route(.get, template, "get\(noun)", scope: .infer, statuses: Self.readStatuses) { exchange in
                try await get(exchange, key: key(exchange))
            },
            Route(.put, template, "put\(noun)", scope: .admin, statuses: Self.writeStatuses) { exchange in
                try await put(exchange, key: key(exchange))
            },
        ]
    }

    private func get(_ exchange: Exchange, key: String) async throws -> Response {
        let representation = try exchange.representation(among: .tensor)
        let moduleVersion = try await api.registry.module(exchange.parameter("name"))
        let value = try moduleVersion.tensor(key)
        let tag = api.tags.tag(version: moduleVersion.version, as: representation)
        if let notModified = try exchange.notModified(tag) { return notModified }
        var fields = ResponseFields.versioned(tag, as: representation)
        fields[.moduleVersion] = String(moduleVersion.version)
        switch representation {
        case .bytes: return TensorAnswer.bytes(value.tensor, fields: fields)
        case .text: return try Response.text(Self.text(value), fields: fields)
        default:
            let limit = api.options.maxAnswerBytes
            let isLong = try LongWork.isLong(elements: value.tensor.elementCount, limit: limit)
            return try await LongWork.run(if: isLong, for: exchange.request.client) { [fields] in
                try json(value.tensor, fields: fields)
            }
        }
    }

    private func json(_ tensor: Tensor, fields: ResponseFields) throws(DocumentProblem) -> Response {
        var writer = JSONWriter(capacity: 64 + 12 * tensor.elementCount)
        writer.beginObject()
        try writer.members(of: tensor, api.options.nonFinite)
        writer.endObject()
        return Response.json(writer, fields: fields)
    }

    /// Returns what PyTorch prints for a parameter or a buffer.
    private static func text(_ value: ParameterValue) throws -> String {
        guard value.isParameter else { return value.tensor.text() }
        return try value.tensor.requiringGrad().text(isParameter: true)
    }

    private func put(_ exchange: Exchange, key: String) async throws -> Response {
        let representation = try exchange.representation(among: .json)
        let name = exchange.parameter("name")
        let moduleVersion = try await api.registry.module(name, toChange: true)
        let tensor = try tensor(exchange, for: moduleVersion, key: key)
        let changed = try await api.registry.setParameter(
            key,
            of: name,
            to: tensor,
            when: api.tags.precondition(of: exchange)
        )
        return ChangeAnswer(api: api).response(changed, as: representation)
    }

    /// Reads the new value; a bare list takes the dtype of the one that is there, or else of the module.
    private func tensor(_ exchange: Exchange, for moduleVersion: ModuleVersion, key: String) throws -> Tensor {
        guard try exchange.bodyType(among: [.json, .bytes]) == .json else {
            return try TensorBytes.tensor(exchange.request)
        }
        let dtype = (try? moduleVersion.tensor(key).tensor.dtype) ?? moduleVersion.listDType ?? .float32
        return try JSONBody.decode(exchange.request.body, JSONTensorReader(listDType: .fixed(dtype)).read)
    }

    private func deleteBias(_ exchange: Exchange) async throws -> Response {
        let representation = try exchange.representation(among: .json)
        let name = exchange.parameter("name")
        let changed = try await api.registry.setParameter(
            "bias",
            of: name,
            to: nil,
            when: api.tags.precondition(of: exchange)
        )
        return ChangeAnswer(api: api).response(changed, as: representation)
    }
}
