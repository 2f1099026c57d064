import GRPC
import HTTP
import JSON
import Models
import ModuleAPI
import Serving
import Web

/// `inference.GRPCInferenceService`: what `/v2` says, in messages.
struct InferenceService: Sendable {
    static let name = "inference.GRPCInferenceService"

    let api: InferenceAPI

    var methods: [Method] {
        [
            open("ServerLive") { _ in Self.flag(true) },
            open("ServerReady") { _ in Self.flag(api.api.readiness.phase == .ready) },
            open("ServerMetadata", isProbe: false) { _ in Self.metadata },
            method("ModelReady", isProbe: true, modelReady),
            method("ModelMetadata", modelMetadata),
            method("ModelConfig", modelConfig),
            method("ModelStatistics", modelStatistics),
            method("RepositoryIndex", repositoryIndex),
            Method(Self.name, "ModelInfer", scope: .infer, .unary(ModelInferMethod(api: api).answer)),
            Method(Self.name, "ModelStreamInfer", scope: .infer, .streaming(ModelStreamInferMethod(api: api).answer)),
            method("RepositoryModelLoad", scope: .admin, load),
            method("RepositoryModelUnload", scope: .admin, unload),
        ]
    }

    /// Returns a method that anyone may call, and that looks at nothing in its message.
    private func open(
        _ name: String,
        isProbe: Bool = true,
        _ body: @escaping @Sendable (EmptyMessage) -> ProtobufWriter
    ) -> Method {
        Method(
            Self.name,
            name,
            scope: .open,
            isProbe: isProbe,
            .unary { _, message in .now(Response(body(try message.read()))) }
        )
    }

    /// Returns a method whose answer may have to be waited for.
    private func method<Message: ProtobufMessage>(
        _ name: String,
        scope: Scope = .infer,
        isProbe: Bool = false,
        _ body: @escaping @Sendable (Message, MessageBytes) async throws -> Response
    ) -> Method {
        Method(
            Self.name,
            name,
            scope: scope,
            isProbe: isProbe,
            .unary { _, bytes in
                let message = try bytes.read(Message.self)
                return .later { try await body(message, bytes) }
            }
        )
    }

    // MARK: - The server

    /// Returns a message of one truth value: `ServerLiveResponse` and its like.
    private static func flag(_ flag: Bool) -> ProtobufWriter {
        var writer = MessageEncoder.writer()
        writer.field(1, flag)
        return writer
    }

    private static var metadata: ProtobufWriter {
        var writer = MessageEncoder.writer()
        writer.field(1, OpenInferenceResource.serverName)
        writer.field(2, ServerVersion.current)
        for name in OpenInferenceResource.extensions { writer.element(3, name) }
        return writer
    }

    // MARK: - Models

    private func modelReady(_ request: ModelRequest, _: MessageBytes) -> Response {
        let isReady: Void? = try? api.requireReady(ModelTarget(name: request.name, version: request.version))
        return Response(Self.flag(isReady != nil))
    }

    private func modelMetadata(_ request: ModelRequest, _: MessageBytes) async throws -> Response {
        let model = try await api.outline(of: ModelTarget(name: request.name, version: request.version))
        var writer = MessageEncoder.writer()
        ModelWriter(model: model, registry: api.registry)
            .writeMetadata(versions: try api.registry.versions(of: model.name), to: &writer)
        return Response(writer)
    }

    private func modelConfig(_ request: ModelRequest, _: MessageBytes) async throws -> Response {
        let model = try await api.outline(of: ModelTarget(name: request.name, version: request.version))
        var writer = MessageEncoder.writer()
        writer.message(1) { ModelWriter(model: model, registry: api.registry).writeConfiguration(to: &$0) }
        return Response(writer)
    }

    private func modelStatistics(_ request: ModelRequest, _: MessageBytes) throws -> Response {
        guard !request.name.isEmpty else { return Response(Self.statistics(api.registry.statistics)) }
        let target = try ModelTarget(name: request.name, version: request.version)
        return Response(Self.statistics(try api.lookUp(target) { try api.registry.statistics(of: $0, version: $1) }))
    }

    private static func statistics(_ models: [VersionStatistics]) -> ProtobufWriter {
        var writer = MessageEncoder.writer()
        for model in models { writer.message(1) { model.write(to: &$0) } }
        return writer
    }

    // MARK: - The repository

    private func repositoryIndex(_ request: RepositoryIndexRequest, _: MessageBytes) -> Response {
        var writer = MessageEncoder.writer()
        for row in RepositoryIndex(api, isReadyOnly: request.isReadyOnly).rows {
            writer.message(1) { writer in
                writer.field(1, row.name)
                writer.field(2, row.version.map(String.init) ?? "")
                writer.field(3, row.state.rawValue)
                writer.field(4, row.reason)
            }
        }
        return Response(writer)
    }

    private func load(_ request: RepositoryModelRequest, _ bytes: MessageBytes) async throws -> Response {
        let parameters = try LoadParameters(request.parameters, in: bytes.octets)
        return changed(try await RepositoryResource(api: api).load(request.modelName, parameters))
    }

    private func unload(_ request: RepositoryModelRequest, _: MessageBytes) async throws -> Response {
        let parameters = try RepositoryResource.unloadParameters(request.parameters)
        return changed(try await RepositoryResource(api: api).unload(request.modelName, parameters))
    }

    private func changed(_ revision: Int) -> Response {
        var response = Response(MessageEncoder.writer())
        api.api.note(revision: revision, in: &response.fields)
        return response
    }
}

extension RepositoryResource {
    /// Returns the parameters of an unload as JSON has them.
    static func unloadParameters(_ parameters: ProtobufMap<RepositoryParameter>) throws(InferenceError) -> JSONValue {
        var object = JSONObject()
        for (name, parameter) in parameters {
            switch parameter {
            case .unset: continue
            case .bool(let flag): object[name.text] = .bool(flag)
            case .int64(let number): object[name.text] = .number(.int(number))
            case .string(let text): object[name.text] = .string(text)
            case .bytes: throw .parameterKind(name.text, expected: "a string, a number or a boolean")
            }
        }
        return .object(object)
    }
}
