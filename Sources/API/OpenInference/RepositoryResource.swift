import FoundationEssentials
import HTTP
import HTTPTypes
import JSON
import Safetensors
import Serving

/// The model repository extension: what can be had, and loading and unloading it.
struct RepositoryResource: Sendable {
    private static let statuses = [200, 404]

    let api: API

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
        let isReadyOnly = try Self.object(exchange.request.body)?["ready"].map { value throws(InferenceError) in
            guard let flag = value.asBool else { throw .parameterKind("ready", expected: "true or false") }
            return flag
        }
        let models = api.registry.list(limit: api.registry.limits.maxModules).publications
        var writer = JSONWriter()
        writer.beginArray()
        for model in models {
            Self.write(model.name, version: model.version, state: "READY", reason: "", to: &writer)
        }
        if isReadyOnly != true { writeUnavailable(except: Set(models.map(\.name)), to: &writer) }
        writer.endArray()
        return OpenInferenceResource.json(writer.finish())
    }

    private func writeUnavailable(except serving: Set<String>, to writer: inout JSONWriter) {
        var reasons = api.repository.unavailable
        for name in ((try? api.repository.folder?.names) ?? []) where reasons[name] == nil {
            reasons[name] = "not loaded"
        }
        for (name, reason) in reasons.sorted(by: { $0.key < $1.key }) where !serving.contains(name) {
            Self.write(name, version: nil, state: "UNAVAILABLE", reason: reason, to: &writer)
        }
    }

    private static func write(
        _ name: String,
        version: Int?,
        state: String,
        reason: String,
        to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.member("name", name)
        if let version { writer.member("version", String(version)) }
        writer.member("state", state)
        writer.member("reason", reason)
        writer.endObject()
    }

    // MARK: - Load and unload

    private func load(_ exchange: Exchange) async throws -> Response {
        let name = exchange.parameters["name"]
        let parameters = try Self.object(exchange.request.body)?["parameters"]
        do {
            try await load(name, parameters.map(LoadParameters.init) ?? LoadParameters())
        } catch {
            // The old module, if there is one, goes on serving.
            if (try? api.registry.publication(name)) == nil, (try? ModuleName.check(name)) != nil {
                api.repository.note(name, reason: Problem(error).detail)
            }
            throw error
        }
        api.repository.forget(name)
        return OpenInferenceResource.json { _ in }
    }

    private func load(_ name: String, _ parameters: LoadParameters) async throws {
        let description = try parameters.configuration.map { text in
            try Self.naming("parameter 'config'") { try api.description(in: Array(text.utf8)) }
        }
        if let file = parameters.file {
            _ = try await api.registry.load(
                name,
                safetensors: Self.naming("parameter '\(file.name)'") { try Safetensors.contents(of: file.bytes) },
                description: description,
                decoding: api.description
            )
        } else if var description {
            description.name = name
            _ = try await api.registry.put(description)
        } else {
            guard let folder = api.repository.folder else { throw ModelFileError.noFile(name: name) }
            _ = try await api.registry.loadModel(named: name, from: folder, decoding: api.description)
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
        let name = exchange.parameters["name"]
        try Self.checkUnload(Self.object(exchange.request.body)?["parameters"])
        try await api.registry.unload(name)
        api.repository.note(name, reason: "unloaded")
        return OpenInferenceResource.json { _ in }
    }

    /// Refuses parameters of an unload that are none.
    ///
    /// A load brings no other model along, so `unload_dependents` finds none to unload.
    private static func checkUnload(_ parameters: JSONValue?) throws(InferenceError) {
        guard let parameters else { return }
        for (name, parameter) in try InferParameters.members(of: parameters, field: "parameters") {
            try InferParameters.requireScalar(parameter, name: name)
            guard name == "unload_dependents", parameter.asBool == nil else { continue }
            throw .parameterKind(name, expected: "true or false")
        }
    }

    /// Returns the object that a body holds; none if there is no body.
    private static func object(_ body: [UInt8]) throws(InferenceError) -> JSONObject? {
        guard !body.isEmpty else { return nil }
        do {
            guard let object = try JSONValue(parsing: body).asObject else {
                throw InferenceError.wrongKind(field: "the request", expected: "an object")
            }
            return object
        } catch let error as JSONError {
            throw .notJSON(error)
        } catch {
            throw .wrongKind(field: "the request", expected: "an object")
        }
    }
}

/// What a load brings along in place of the model's folder.
struct LoadParameters {
    /// The description of the module as JSON; `nil` if a file or the folder has it.
    var configuration: String?
    /// A safetensors file, under the name that it came by.
    var file: (name: String, bytes: [UInt8])?

    init() {}

    /// Reads `{"config": "...", "file:1/model.safetensors": "<base64>"}`.
    init(_ value: JSONValue) throws(InferenceError) {
        for (name, parameter) in try InferParameters.members(of: value, field: "parameters") {
            guard name == "config" || name.hasPrefix("file:") else {
                try InferParameters.requireScalar(parameter, name: name)
                continue
            }
            guard let text = parameter.asString else { throw .parameterKind(name, expected: "a string") }
            if name == "config" { configuration = text } else { try readFile(name, text) }
        }
        guard file == nil || configuration != nil else {
            throw .repository("a load with files needs the parameter 'config', if only {}")
        }
        if configuration.map(Self.isEmptyObject) == true { configuration = nil }
    }

    /// Returns whether a configuration says nothing: `{}` leaves the description to the file.
    private static func isEmptyObject(_ text: String) -> Bool {
        (try? JSONValue(parsing: Array(text.utf8)))?.asObject?.isEmpty ?? false
    }

    private mutating func readFile(_ name: String, _ base64: String) throws(InferenceError) {
        guard file == nil else { throw .repository("a load takes one file, a safetensors file") }
        guard let data = Data(base64Encoded: base64) else { throw .parameterKind(name, expected: "base64") }
        file = (String(name.prefix(64)), Array(data))
    }
}
