import HTTP
import HTTPTypes
import JSON
import Models
import Serving
import Tensors
import Web

/// `/v1/modules/{name}/hooks`: hooks on a module or on a child of it.
struct HooksResource: Sendable {
    let api: API

    var routes: [Route] {
        let all = "/v1/modules/{name}/hooks"
        let one = "/v1/modules/{name}/hooks/{id}"
        return [
            Route(.get, all, "listHooks", scope: .infer, statuses: [200, 404, 406, 422], endpoint: list),
            Route(
                .post,
                all,
                "createHook",
                scope: .admin,
                statuses: [201, 400, 404, 406, 409, 412, 413, 415, 422],
                endpoint: create
            ),
            Route(.get, one, "getHook", scope: .infer, statuses: [200, 404, 406], endpoint: get),
            Route(.put, one, "resetHook", scope: .admin, statuses: [200, 404, 406, 422], endpoint: reset),
            Route(.delete, one, "deleteHook", scope: .admin, statuses: [204, 404, 412], endpoint: delete),
        ]
    }

    private func list(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        let hooks = try await api.registry.outline(exchange.parameter("name")).hooks
        return try await HookAnswer.list(hooks, api.options, for: exchange.request.client)
    }

    private func create(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        let name = exchange.parameter("name")
        let moduleVersion = try await api.registry.module(name, toChange: true)
        _ = try exchange.bodyType(among: [.json])
        let reader = HookReader(listDType: .init(ofModuleTaking: moduleVersion.listDType))
        let description = try JSONBody.decode(exchange.request.body, reader.hook)
        let (hook, changed) = try await api.registry.registerHook(
            description,
            on: name,
            when: api.tags.precondition(of: exchange)
        )
        var fields = ChangeAnswer(api: api).fields(of: changed)
        fields[.location] = "/v1/modules/\(name)/hooks/\(hook.id)"
        return try HookAnswer.one(hook, api.options.nonFinite, status: .created, fields: fields)
    }

    private func get(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        return try await HookAnswer.one(hook(exchange), api.options.nonFinite)
    }

    private func reset(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        return try await HookAnswer.reset(hook(exchange), api.options.nonFinite)
    }

    private func delete(_ exchange: Exchange) async throws -> Response {
        let id = try HookAnswer.id(exchange)
        let changed = try await api.registry.removeHook(
            id,
            from: exchange.parameter("name"),
            when: api.tags.precondition(of: exchange)
        )
        var response = Response(
            status: .noContent,
            fields: [.eTag: api.tags.tag(version: changed.version, as: .json).description]
        )
        api.note(revision: changed.revision, in: &response.fields)
        return response
    }

    private func hook(_ exchange: Exchange) async throws -> ListedHook {
        let id = try HookAnswer.id(exchange)
        return try await api.registry.outline(exchange.parameter("name")).hook(id)
    }
}
