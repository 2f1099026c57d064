import HTTP
import HTTPTypes
import JSON
import Models
import OrderedCollections
import Safetensors
import Serving
import Tensors
import Web

/// `/v1/modules/{name}/state_dict`: all parameters and buffers at once.
struct StateDictResource: Sendable {
    let api: API

    var routes: [Route] {
        let template = "/v1/modules/{name}/state_dict"
        return [
            Route(
                .get,
                template,
                "getStateDict",
                scope: .infer,
                statuses: [200, 304, 404, 406, 412, 422],
                endpoint: get
            ),
            Route(
                .put,
                template,
                "putStateDict",
                scope: .admin,
                query: ["strict"],
                statuses: [200, 400, 404, 406, 409, 412, 413, 415, 422],
                endpoint: put
            ),
        ]
    }

    private func get(_ exchange: Exchange) async throws -> Response {
        let representation = try exchange.representation(among: .stateDict)
        let moduleVersion = try await api.registry.module(exchange.parameter("name"))
        let tag = api.tags.tag(version: moduleVersion.version, as: representation)
        if let notModified = try exchange.notModified(tag) { return notModified }
        let tensors = moduleVersion.stateDict
        var fields = ResponseFields.versioned(tag, as: representation)
        fields[.moduleVersion] = String(moduleVersion.version)
        guard representation == .json else {
            return try await LongWork.run(for: exchange.request.client) { [fields] in
                try SafetensorsAnswer.state(of: moduleVersion, fields: fields)
            }
        }
        let elements = tensors.values.reduce(0) { $0 + $1.elementCount }
        let isLong = try LongWork.isLong(elements: elements, limit: api.options.maxAnswerBytes)
        return try await LongWork.run(if: isLong, for: exchange.request.client) { [fields] in
            try json(tensors, fields: fields)
        }
    }

    private func json(_ tensors: OrderedDictionary<String, Tensor>, fields: ResponseFields) throws -> Response {
        var writer = JSONWriter(capacity: 4_096)
        writer.beginObject()
        for (key, tensor) in tensors { try writer.member(key, tensor, api.options.nonFinite) }
        writer.endObject()
        return Response.json(writer, fields: fields)
    }

    private func put(_ exchange: Exchange) async throws -> Response {
        let representation = try exchange.representation(among: .json)
        let strict = try Query(exchange).flag("strict", default: true)
        let name = exchange.parameter("name")
        let moduleVersion = try await api.registry.module(name, toChange: true)
        let load = try await api.registry.loadStateDict(
            entries(exchange, for: moduleVersion),
            into: name,
            strict: strict,
            when: api.tags.precondition(of: exchange)
        )
        return ChangeAnswer(api: api).response(load.moduleVersion, as: representation) { writer in
            writer.member("missing_keys", .array(load.missingKeys.map { .string($0) }))
            writer.member("unexpected_keys", .array(load.unexpectedKeys.map { .string($0) }))
        }
    }

    private func entries(
        _ exchange: Exchange,
        for moduleVersion: ModuleVersion
    ) throws -> OrderedDictionary<String, Tensor> {
        let known = moduleVersion.stateDict
        guard try exchange.bodyType(among: [.json, .safetensors, .plainSafetensors]) == .json else {
            let contents = try Safetensors.contents(of: exchange.request.body)
            return try StateSource(contents).entries(for: known, ties: moduleVersion.ties)
        }
        let entries = try JSONBody.decode(exchange.request.body) { reader in
            try StateDictReader.entries(&reader) { key in known[key].map { .fixed($0.dtype) } ?? .widest }
        }
        return try StateSource(entries).entries(for: known, ties: moduleVersion.ties)
    }
}
