import HTTP
import HTTPTypes
import JSON
import Models
import ModuleAPI
import Safetensors
import Serving
import Web

/// The model repository extension: what can be had, and loading and unloading it.
struct RepositoryResource: Sendable {
    private static let statuses = [200, 404]

    let api: InferenceAPI

    var routes: [Route] {
        // A repository may be named; there is one.
        ["/v2/repository", "/v2/repository/{repository}"].enumerated().flatMap { index, prefix in
            let suffix = index == 0 ? "" : "Named"
            return [
                Route(
                    .post,
                    "\(prefix)/index",
                    "repositoryIndex\(suffix)",
                    scope: .infer,
                    statuses: [200],
                    endpoint: self.index
                ),
                Route(
                    .post,
                    "\(prefix)/models/{name}/load",
                    "loadModel\(suffix)",
                    scope: .admin,
                    statuses: Self.statuses,
                    endpoint: load
                ),
                Route(
                    .post,
                    "\(prefix)/models/{name}/unload",
                    "unloadModel\(suffix)",
                    scope: .admin,
                    statuses: Self.statuses,
                    endpoint: unload
                ),
            ]
        }
    }

    // MARK: - Index

    private func index(_ exchange: Exchange) async throws -> Response {
        let wanted = try Self.member("ready", of: exchange.request.body)
        guard wanted == nil || wanted?.asBool != nil else {
            throw InferenceError.parameterKind("ready", expected: "true or false")
        }
        let page = try RepositoryIndex.Page(
            limit: Self.member("limit", of: exchange.request.body),
            after: Self.member("after", of: exchange.request.body)
        )
        let index = RepositoryIndex(api, isReadyOnly: wanted?.asBool ?? false, page)
        return OpenInferenceResource.json(index.content)
    }

    // MARK: - Load and unload

    private func load(_ exchange: Exchange) async throws -> Response {
        let parameters = try LoadParameters(Self.member("parameters", of: exchange.request.body))
        return changed(try await load(exchange.parameter("name"), parameters))
    }

    /// Loads a model, and returns the count of changes.
    func load(_ name: String, _ parameters: LoadParameters) async throws -> Int {
        do {
            let loaded = try await api.repository.loading(name) { try await moduleVersion(of: name, parameters) }
            api.repository.forget(name)
            return loaded.revision
        } catch {
            note(error, of: name)
            throw error
        }
    }

    /// Returns the answer to a change, with the count of changes.
    private func changed(_ revision: Int) -> Response {
        var response = OpenInferenceResource.json { _ in }
        api.api.note(revision: revision, in: &response.fields)
        return response
    }

    /// Notes why a load failed, unless there is no such model, or the old one goes on serving.
    private func note(_ error: any Error, of name: String) {
        if case ModelFileError.noFile = error { return }
        guard (try? api.registry.requireModule(name)) == nil, (try? ModuleName.check(name)) != nil else { return }
        api.repository.note(name, reason: Problem(error).detail)
    }

    private func moduleVersion(of name: String, _ parameters: LoadParameters) async throws -> ModuleVersion {
        let description = try parameters.configuration.map { text in
            try Self.naming("parameter 'config'") {
                try DescriptionReader.description(
                    in: Array(text.utf8),
                    maxModules: api.registry.limits.maxTreeModules,
                    maxNodes: api.registry.limits.maxGraphNodes
                )
                .named(name)
            }
        }
        if let file = parameters.file {
            return try await api.registry.load(
                name,
                safetensors: Self.naming("parameter '\(file.name)'") { try Safetensors.contents(of: file.bytes) },
                description: description
            )
        } else if let description {
            return try await api.registry.put(description).moduleVersion
        } else {
            guard let folder = api.repository.folder else { throw ModelFileError.noFile(name: name) }
            return try await api.registry.loadModel(named: name, from: folder)
        }
    }

    /// Runs `body`, and puts what it is about before its error.
    private static func naming<Result>(_ subject: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            var problem = Problem(error)
            problem.detail = "\(subject): \(problem.detail)"
            throw problem
        }
    }

    private func unload(_ exchange: Exchange) async throws -> Response {
        let parameters = try Self.member("parameters", of: exchange.request.body)
        return changed(try await unload(exchange.parameter("name"), parameters))
    }

    /// Unloads a model, and returns the count of changes.
    func unload(_ name: String, _ parameters: JSONValue?) async throws -> Int {
        try Self.checkUnload(parameters)
        let revision = try await api.repository.unloading(name) { try await api.registry.unload(name) }
        api.repository.note(name, reason: "unloaded")
        return revision
    }

    /// Refuses parameters of an unload that are none.
    ///
    /// A load brings no other model along, so `unload_dependents` finds none to unload.
    private static func checkUnload(_ parameters: JSONValue?) throws(InferenceError) {
        for (name, parameter) in try InferParameters.members(of: parameters, field: "parameters") {
            try InferParameters.requireScalar(parameter, name: name)
            guard name == "unload_dependents", parameter.asBool == nil else { continue }
            throw .parameterKind(name, expected: "true or false")
        }
    }

    /// Returns a member of the object that a body holds; none if it is null, or if there is no body.
    private static func member(_ name: String, of body: [UInt8]) throws(InferenceError) -> JSONValue? {
        guard !body.isEmpty else { return nil }
        do {
            guard let object = try JSONValue(parsing: body).asObject else {
                throw InferenceError.wrongKind(field: "the request", expected: "an object")
            }
            guard let value = object[name], value != .null else { return nil }
            return value
        } catch let error as JSONError {
            throw .notJSON(error)
        } catch {
            throw .wrongKind(field: "the request", expected: "an object")
        }
    }
}
