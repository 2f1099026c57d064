import HTTP
import HTTPTypes
import JSON
import Models
import Serving
import Web

/// `/v1/modules` and `/v1/modules/{name}`.
struct ModulesResource: Sendable {
    private static let defaultPage = 100
    private static let largestPage = 1_000

    let api: API

    var routes: [Route] {
        [
            Route(
                .get,
                "/v1/modules",
                "listModules",
                scope: .infer,
                query: ["prefix", "limit", "after"],
                statuses: [200, 400, 406],
                endpoint: list
            ),
            Route(
                .post,
                "/v1/modules",
                "createModule",
                scope: .admin,
                statuses: [201, 400, 406, 409, 412, 413, 415, 422],
                endpoint: create
            ),
            Route(
                .get,
                "/v1/modules/{name}",
                "getModule",
                scope: .infer,
                statuses: [200, 304, 404, 406, 412],
                endpoint: get
            ),
            Route(
                .put,
                "/v1/modules/{name}",
                "putModule",
                scope: .admin,
                statuses: [200, 201, 400, 406, 409, 412, 413, 415, 422],
                endpoint: put
            ),
            Route(
                .delete,
                "/v1/modules/{name}",
                "deleteModule",
                scope: .admin,
                statuses: [204, 404, 409, 412],
                endpoint: delete
            ),
        ]
    }

    private func list(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        let query = try Query(exchange)
        let limit = try query.count("limit", default: Self.defaultPage, maximum: Self.largestPage)
        let page = api.registry.entries(prefix: query["prefix"] ?? "", after: query["after"], limit: limit)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("modules")
        writer.beginArray()
        for entry in page.entries {
            writer.beginObject()
            writer.member("name", entry.name)
            writer.member("type", entry.type)
            writer.member("version", entry.version)
            if let damage = entry.damage { writer.member("damaged", damage) }
            writer.endObject()
        }
        writer.endArray()
        writer.key("next")
        if let next = page.next { writer.write(next) } else { writer.writeNull() }
        writer.endObject()
        return Response.json(writer, fields: .unstored(.json))
    }

    private func create(_ exchange: Exchange) async throws -> Response {
        let representation = try exchange.representation(among: .document)
        let description = try description(exchange)
        let moduleVersion: ModuleVersion
        do {
            moduleVersion = try await api.registry.create(description, when: api.tags.precondition(of: exchange))
        } catch ServingError.unknownModule(let name) {
            throw Self.unknownReference(to: name, in: description)
        } catch let error as ServingError where error.isAboutName {
            throw Problem(error).at("/name")
        }
        api.repository.forget(moduleVersion.name)
        return try changed(
            document(moduleVersion.outline, as: representation, status: .created),
            moduleVersion.revision
        )
    }

    private func get(_ exchange: Exchange) async throws -> Response {
        let representation = try exchange.representation(among: .document)
        let module = try await api.registry.outline(exchange.parameter("name"))
        let tag = api.tags.tag(version: module.number, as: representation)
        return try exchange.notModified(tag) ?? document(module, as: representation)
    }

    private func put(_ exchange: Exchange) async throws -> Response {
        let representation = try exchange.representation(among: .document)
        let name = exchange.parameter("name")
        let description = try description(exchange).named(name)
        let (moduleVersion, created) = try await replace(
            name,
            by: description,
            when: api.tags.precondition(of: exchange)
        )
        api.repository.forget(name)
        let status: HTTPResponse.Status = created ? .created : .ok
        return try changed(document(moduleVersion.outline, as: representation, status: status), moduleVersion.revision)
    }

    /// A condition that wants the module to exist fails if it does not: a module that PUT would create is never missing.
    private func replace(
        _ name: String,
        by description: ModuleDescription,
        when precondition: Precondition
    ) async throws -> (ModuleVersion, Bool) {
        do throws(any Error) {
            return try await api.registry.put(description, when: precondition)
        } catch ServingError.unknownModule(name) where precondition != .always {
            throw Problem(.preconditionFailed, "There is no module '\(name)' yet.")
        } catch ServingError.unknownModule(let other) {
            throw Self.unknownReference(to: other, in: description)
        }
    }

    private static func unknownReference(to name: String, in description: ModuleDescription) -> Problem {
        let error = ServingError.unknownModule(name)
        return Problem(
            .unknownReference,
            error.message,
            got: .string(name),
            pointer: description.root.pointer(toReference: name)
        )
    }

    private func delete(_ exchange: Exchange) async throws -> Response {
        let revision = try await api.registry.delete(
            exchange.parameter("name"),
            when: api.tags.precondition(of: exchange)
        )
        return changed(Response(status: .noContent), revision)
    }

    /// Returns the answer to a change, with the count of changes.
    private func changed(_ response: Response, _ revision: Int) -> Response {
        var response = response
        api.note(revision: revision, in: &response.fields)
        return response
    }

    private func description(_ exchange: Exchange) throws -> ModuleDescription {
        _ = try exchange.bodyType(among: [.json])
        return try DescriptionReader.description(
            in: exchange.request.body,
            maxModules: api.registry.limits.maxTreeModules,
            maxNodes: api.registry.limits.maxGraphNodes
        )
    }

    private func document(
        _ module: ModuleOutline,
        as representation: Representation,
        status: HTTPResponse.Status = .ok
    ) throws -> Response {
        var fields = ResponseFields.versioned(
            api.tags.tag(version: module.number, as: representation),
            as: representation
        )
        if status == .created { fields[.location] = "/v1/modules/\(module.name)" }
        guard representation == .json else {
            var response = Response.text(module.repr, fields: fields)
            response.status = status
            return response
        }
        var writer = JSONWriter(capacity: 1_024)
        try ModuleDocumentWriter.write(module, to: &writer)
        return Response.json(writer, status: status, fields: fields)
    }
}
