import HTTP
import HTTPTypes
import JSON
import Models
import ModuleAPI
import OrderedCollections
import Serving
import Tensors
import Web

/// What SageMaker and Vertex AI ask of a container: `/ping` and `/invocations`, and the routes that Vertex names.
struct CloudResource: Sendable {
    private static let statuses = [200, 400, 404, 406, 422, 503]

    let api: InferenceAPI
    let calls: CallsResource
    let inference: InferResource

    init(api: InferenceAPI) {
        self.api = api
        calls = CallsResource(api: api.api)
        inference = InferResource(api: api)
    }

    var routes: [Route] {
        [
            Route(.get, "/ping", "ping", scope: .open, query: nil, isProbe: true, statuses: [200], endpoint: ping),
            Route(
                .post,
                "/invocations",
                "invoke",
                scope: .infer,
                query: nil,
                statuses: Self.statuses,
                reply: invoke
            ),
        ]
    }

    /// The routes that `AIP_HEALTH_ROUTE` and `AIP_PREDICT_ROUTE` ask for, where `others` do not take them anyway.
    func vertexRoutes(beside others: [Route]) -> [Route] {
        let router = Router(others)
        let health = api.options.vertexHealthRoute.map {
            Route(.get, $0, "vertexHealth", scope: .open, query: nil, isProbe: true, statuses: [200], endpoint: ping)
        }
        let predict = api.options.vertexPredictRoute.map {
            Route(.post, $0, "vertexPredict", scope: .infer, query: nil, statuses: Self.statuses, reply: invoke)
        }
        return [health, predict].compactMap(\.self).filter { route in
            guard case .route = router.resolve(route.method, path: Array(route.template.description.utf8)[...]) else {
                return true
            }
            return false
        }
    }

    private func ping(_ exchange: Exchange) async throws -> Response {
        try api.api.readiness.requireReady()
        return OpenInferenceResource.json { $0.member("status", "ready") }
    }

    private func invoke(_ exchange: Exchange) throws -> Reply<any Error> {
        let name = try target(of: exchange.request)
        let form = try InvocationForm(of: exchange)
        guard form != .native else { return try calls.call(exchange, of: name) }
        guard let model = try api.registry.moduleIfLoaded(name) else {
            return .later { try await invoke(exchange, form, with: api.registry.module(name)).response }
        }
        return try invoke(exchange, form, with: model)
    }

    private func invoke(
        _ exchange: Exchange,
        _ form: InvocationForm,
        with model: ModuleVersion
    ) throws -> Reply<any Error> {
        switch form {
        case .native: try calls.call(exchange, of: model.name)
        case .openInference: try infer(exchange, with: model)
        case .vertex: try predict(exchange, with: model)
        }
    }

    /// Answers a request of the protocol, in its form also where something is wrong with it.
    private func infer(_ exchange: Exchange, with model: ModuleVersion) throws -> Reply<any Error> {
        try Reply.recovering(exchange) { exchange in
            try inference.answer(exchange, from: model)
        } orThrowing: { [compatibility = model.compatibility] error, _ in
            let problem = Problem(error, compatibility: compatibility)
            guard problem.code != .internalError else { throw error }
            return problem.openInferenceResponse
        }
    }

    /// Returns the module that a request is for: the one it names, the default one, or the only one.
    private func target(of request: Request) throws -> String {
        if let name = request.fields[.targetModel] ?? api.options.defaultModel {
            try api.registry.requireModule(name)
            return name
        }
        let modules = api.registry.entries(limit: 2).entries.filter { $0.damage == nil }
        guard let only = modules.first, modules.count == 1 else {
            let count = modules.isEmpty ? "no modules" : "several modules"
            throw Problem(
                .moduleNotFound,
                "There are \(count), and the request names none: X-Amzn-SageMaker-Target-Model or --default-model does."
            )
        }
        return only.name
    }

    /// Answers a request of Vertex AI: `{"instances": ...}` with `{"predictions": ...}`.
    private func predict(_ exchange: Exchange, with model: ModuleVersion) throws -> Reply<any Error> {
        let tensors = JSONTensorReader(listDType: .init(ofModuleTaking: model.listDType))
        let instances = try JSONBody.decode(exchange.request.body) { reader in
            var object = try ObjectReader(&reader, "A prediction")
            let instances = try object.require("instances", tensors.read)
            object.ignore(["parameters"])
            try object.finish(known: ["instances", "parameters"])
            return instances
        }
        let deadline = api.api.options.callTimeout.map { exchange.request.arrival + $0 }
        let call = CallRequest(inputs: [instances], deadline: deadline, origin: exchange.context)
        let limit = api.api.options.maxAnswerBytes
        return .later {
            do {
                let outputs = try await api.registry.call(model, call).outputs
                guard let output = outputs.only else {
                    throw InferenceError.notOneOutput(outputs.tensors.keys.elements)
                }
                let isLong = try LongWork.isLong(elements: output.elementCount, limit: limit)
                return try await LongWork.run(if: isLong, for: exchange.request.client) { try predictions(output) }
            } catch {
                throw Problem(error, compatibility: model.compatibility)
            }
        }
    }

    private func predictions(_ output: Tensor) throws -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("predictions")
        try writer.write(output, api.api.options.nonFinite)
        writer.endObject()
        return OpenInferenceResource.json(writer.finish())
    }
}

extension HTTPField.Name {
    /// The model that SageMaker wants to be called.
    static let targetModel = constant("X-Amzn-SageMaker-Target-Model")
}
