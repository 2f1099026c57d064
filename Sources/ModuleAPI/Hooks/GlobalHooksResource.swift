import HTTP
import HTTPTypes
import JSON
import Models
import Serving
import Tensors
import Web

/// `/v1/hooks`, hooks that run before each module's own, on every module; they change no version.
struct GlobalHooksResource: Sendable {
    let api: API

    var routes: [Route] {
        let all = "/v1/hooks"
        let one = "/v1/hooks/{id}"
        return [
            Route(.get, all, "listGlobalHooks", scope: .infer, statuses: [200, 406, 422], endpoint: list),
            Route(
                .post,
                all,
                "createGlobalHook",
                scope: .admin,
                statuses: [201, 400, 406, 409, 413, 415, 422],
                endpoint: create
            ),
            Route(.get, one, "getGlobalHook", scope: .infer, statuses: [200, 404, 406], endpoint: get),
            Route(.put, one, "resetGlobalHook", scope: .admin, statuses: [200, 404, 406, 422], endpoint: reset),
            Route(.delete, one, "deleteGlobalHook", scope: .admin, statuses: [204, 404], endpoint: delete),
        ]
    }

    private func list(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        return try await HookAnswer.list(api.registry.globalHooks, api.options, for: exchange.request.client)
    }

    private func create(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        _ = try exchange.bodyType(among: [.json])
        let reader = HookReader(listDType: .fixed(.float32), isGlobal: true)
        let description = try JSONBody.decode(exchange.request.body, reader.hook)
        let (hook, revision) = try await api.registry.registerGlobalHook(description)
        var fields = ResponseFields.unstored(.json)
        fields[.location] = "/v1/hooks/\(hook.id)"
        api.note(revision: revision, in: &fields)
        return try HookAnswer.one(hook, api.options.nonFinite, status: .created, fields: fields)
    }

    private func get(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        return try HookAnswer.one(hook(exchange), api.options.nonFinite)
    }

    private func reset(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        return try HookAnswer.reset(hook(exchange), api.options.nonFinite)
    }

    private func delete(_ exchange: Exchange) async throws -> Response {
        var response = Response(status: .noContent)
        api.note(revision: try await api.registry.removeGlobalHook(HookAnswer.id(exchange)), in: &response.fields)
        return response
    }

    private func hook(_ exchange: Exchange) throws -> ListedHook {
        try api.registry.globalHook(HookAnswer.id(exchange))
    }
}
