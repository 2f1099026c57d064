import HTTP
import HTTPTypes
import JSON
import Models
import ModuleAPI
import Serving
import Web

/// `/v2` and the models below it, as the Open Inference Protocol describes them.
struct OpenInferenceResource: Sendable {
    static let serverName = "callpath"
    /// The extensions that work, by the names of the protocol's clients.
    static let extensions = [
        "binary_tensor_data", "classification", "model_configuration", "model_repository", "parameters",
        "schedule_policy", "statistics", "callpath_hooks",
    ]

    let api: InferenceAPI

    var routes: [Route] {
        [
            Route(.get, "/v2", "inferenceServer", scope: .open, statuses: [200], endpoint: server),
            Route(.get, "/v2/", "inferenceServerRoot", scope: .open, statuses: [200], endpoint: server),
            health("/v2/health/live", "inferenceServerLive", live),
            health("/v2/health/ready", "inferenceServerReady", ready),
            Route(.get, "/v2/models", "inferenceModels", scope: .infer, statuses: [200], endpoint: models),
        ]
            + both("", "inferenceModel", metadata) + both("/ready", "inferenceModelReady", isProbe: true, modelReady)
            + both("/config", "inferenceModelConfiguration", configuration)
    }

    private func health(_ template: String, _ operation: String, _ endpoint: @escaping WaitingEndpoint) -> Route {
        Route(.get, template, operation, scope: .open, isProbe: true, statuses: [200], endpoint: endpoint)
    }

    /// Returns the routes of a model with and without a version.
    private func both(
        _ suffix: String,
        _ operation: String,
        isProbe: Bool = false,
        _ endpoint: @escaping WaitingEndpoint
    ) -> [Route] {
        ["/v2/models/{name}\(suffix)", "/v2/models/{name}/versions/{version}\(suffix)"].enumerated().map {
            index,
            template in
            let operation = index == 0 ? operation : operation + "Version"
            return Route(
                .get,
                template,
                operation,
                scope: .infer,
                isProbe: isProbe,
                statuses: [200, 404],
                endpoint: endpoint
            )
        }
    }

    private func server(_ exchange: Exchange) async throws -> Response {
        Self.json { writer in
            writer.member("name", Self.serverName)
            writer.member("version", ServerVersion.current)
            writer.key("extensions")
            writer.beginArray()
            for name in Self.extensions { writer.write(name) }
            writer.endArray()
        }
    }

    private func live(_ exchange: Exchange) async throws -> Response {
        Self.json { $0.member("live", true) }
    }

    private func ready(_ exchange: Exchange) async throws -> Response {
        try api.api.readiness.requireReady()
        return Self.json { $0.member("ready", true) }
    }

    private func models(_ exchange: Exchange) async throws -> Response {
        let entries = api.registry.entries(limit: api.registry.limits.maxModules).entries
        let names = entries.filter { $0.damage == nil }.map(\.name)
        return Self.json { writer in
            writer.key("models")
            writer.beginArray()
            for name in names { writer.write(name) }
            writer.endArray()
        }
    }

    private func metadata(_ exchange: Exchange) async throws -> Response {
        let model = try await api.outline(of: exchange)
        let versions = try api.registry.versions(of: model.name)
        return Self.json {
            ModelWriter(model: model, registry: api.registry).writeMetadata(versions: versions, to: &$0)
        }
    }

    private func modelReady(_ exchange: Exchange) async throws -> Response {
        let target = try ModelTarget(exchange)
        try api.requireReady(target)
        return Self.json { writer in
            writer.member("name", target.name)
            writer.member("ready", true)
        }
    }

    private func configuration(_ exchange: Exchange) async throws -> Response {
        let model = try await api.outline(of: exchange)
        return Self.json { ModelWriter(model: model, registry: api.registry).writeConfiguration(to: &$0) }
    }

    /// Returns an answer of one JSON object; its media type has no parameter, for kserve's client.
    static func json(_ members: (inout JSONWriter) -> Void) -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        members(&writer)
        writer.endObject()
        return json(writer.finish())
    }

    static func json(_ body: [UInt8]) -> Response {
        var fields: ResponseFields = [
            .contentType: "application/json", .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
        ]
        // tritonclient.http.aio asks for gzip and inflates answers to `infer` only.
        fields.isPlain = true
        return Response(status: .ok, fields: fields, body: .bytes(body))
    }
}

extension InferenceAPI {
    /// Returns the version of the model that a path names, or its current one, once it is in memory.
    func model(of exchange: Exchange) async throws -> ModuleVersion {
        try await lookUp(ModelTarget(exchange)) { try await registry.module($0, version: $1) }
    }

    /// Returns the same if it is in memory.
    func modelIfLoaded(of exchange: Exchange) throws -> ModuleVersion? {
        try modelIfLoaded(ModelTarget(exchange))
    }

    /// Returns what can be said of the same without its tensors.
    func outline(of exchange: Exchange) async throws -> ModuleOutline {
        try await outline(of: ModelTarget(exchange))
    }

    func modelIfLoaded(_ target: ModelTarget) throws -> ModuleVersion? {
        try lookUp(target) { name, version in
            guard let version else { return try registry.moduleIfLoaded(name) }
            return try registry.moduleIfLoaded(name, version: version)
        }
    }

    func outline(of target: ModelTarget) async throws -> ModuleOutline {
        try await lookUp(target) { try await registry.outline($0, version: $1) }
    }

    /// Refuses a model that cannot be called.
    func requireReady(_ target: ModelTarget) throws {
        try lookUp(target) { name, version in try registry.requireModule(name, version: version) }
        try api.readiness.requireNotDraining()
    }

    /// Runs `body` with the model and the version, if any, that a request names.
    ///
    /// - Throws: 503 for one that is still being loaded: it may be there in a moment.
    func lookUp<Result>(
        _ target: ModelTarget,
        _ body: (_ name: String, _ version: Int?) async throws -> Result
    ) async throws -> Result {
        do {
            return try await body(target.name, target.version)
        } catch { throw explained(error) }
    }

    /// The same for what does not wait.
    func lookUp<Result>(
        _ target: ModelTarget,
        _ body: (_ name: String, _ version: Int?) throws -> Result
    ) throws -> Result {
        do {
            return try body(target.name, target.version)
        } catch { throw explained(error) }
    }

    private func explained(_ error: any Error) -> any Error {
        guard case ServingError.unknownModule(let name) = error, repository.isLoading(name) else { return error }
        return Problem(.notReady, "Model '\(name)' is being loaded.", fields: [.retryAfter: "1"])
    }
}

/// A model, and the version of it that is meant; `nil` is the current one.
struct ModelTarget: Sendable {
    let name: String
    let version: Int?

    /// Reads a version as a client writes it; an empty one is none.
    init(name: String, version: String) throws(Problem) {
        self.name = name
        guard !version.isEmpty else {
            self.version = nil
            return
        }
        guard version.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(version) else {
            throw Problem(.moduleNotFound, "Request for unknown version of model '\(name)': '\(version.prefix(32))'")
        }
        self.version = number
    }

    /// Reads what a path names.
    init(_ exchange: Exchange) throws(Problem) {
        try self.init(name: exchange.parameter("name"), version: exchange.parameter("version"))
    }
}
