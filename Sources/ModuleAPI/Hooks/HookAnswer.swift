import HTTP
import HTTPTypes
import JSON
import Models
import Serving
import Tensors
import Web

/// What the resources of hooks, of one module and of all, have in common.
enum HookAnswer {
    /// Returns the id in the path of a request.
    static func id(_ exchange: Exchange) throws(Problem) -> Int {
        let text = exchange.parameter("id")
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let id = Int(text) else {
            throw Problem(.hookNotFound, "The id of a hook is a whole number.", got: .string(text))
        }
        return id
    }

    /// Returns all `hooks`, each as its own resource shows it.
    static func list(_ hooks: [ListedHook], _ options: API.Options, for client: Client?) async throws -> Response {
        let elements = hooks.reduce(0) { $0 + ($1.record.lastCapture?.elementCount ?? 0) }
        let isLong = try LongWork.isLong(elements: elements, limit: options.maxAnswerBytes)
        return try await LongWork.run(if: isLong, for: client) { try list(hooks, options.nonFinite) }
    }

    private static func list(_ hooks: [ListedHook], _ policy: NonFinitePolicy) throws -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("hooks")
        writer.beginArray()
        for hook in hooks { try HookWriter.writeWhole(hook, policy, to: &writer) }
        writer.endArray()
        writer.endObject()
        return Response.json(writer, fields: .unstored(.json))
    }

    static func one(
        _ hook: ListedHook,
        _ policy: NonFinitePolicy,
        status: HTTPResponse.Status = .ok,
        fields: ResponseFields = .unstored(.json)
    ) throws(DocumentProblem) -> Response {
        var writer = JSONWriter()
        try HookWriter.writeWhole(hook, policy, to: &writer)
        return Response.json(writer, status: status, fields: fields)
    }

    /// Empties the statistics of a hook.
    static func reset(_ hook: ListedHook, _ policy: NonFinitePolicy) throws -> Response {
        guard case .statistics = hook.description.action else {
            throw Problem(
                .invalidHook,
                "Only a hook that gathers statistics can be reset.",
                expected: "statistics",
                got: .string(hook.description.action.typeName)
            )
        }
        hook.record.reset()
        return try one(hook, policy)
    }
}
