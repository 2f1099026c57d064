package import HTTP
import HTTPTypes
package import JSON
package import Logging
package import Metrics
package import Serving

/// The interface: answers requests from a registry of modules.
package struct API: Sendable {
    /// The version of Callpath, as `/version` and `openapi.yaml` say it.
    package static let version = "0.1.0"

    /// What the interface does where users may choose.
    package struct Options: Sendable {
        /// What becomes of NaN and infinity in a JSON answer: the strings "NaN", "Infinity" and "-Infinity" by default.
        package var nonFinite = NonFinitePolicy.strings
        /// The time after which a silent stream of events sends a comment, to keep it open; default 15 s.
        package var heartbeat = Duration.seconds(15)
        /// The time that a call may wait for its turn; beyond, 503; `nil`, the default, is no bound.
        package var callTimeout: Duration?
        /// What becomes of NaN and infinity in a JSON answer of the Open Inference Protocol: refused by default.
        package var inferenceNonFinite = NonFinitePolicy.refuse
        /// The module that `/invocations` calls if a request names none; `nil` for the only one.
        package var defaultModel: String?
        /// Another path for `/ping`, as Vertex AI asks for.
        package var vertexHealthRoute: String?
        /// Another path for `/invocations`, as Vertex AI asks for.
        package var vertexPredictRoute: String?
        /// Bytes of a JSON answer; beyond, 422 that points to bytes and safetensors; default 256 MiB.
        package var maxAnswerBytes = 256 << 20
        /// Bytes of a body once its content coding is off; beyond, 413; default 32 MiB.
        package var maxDecodedBodyBytes = 32 << 20

        package init() {}
    }

    /// The modules.
    package let registry: Registry
    /// Whether the server takes requests.
    package let readiness: Readiness
    /// What users chose.
    package let options: Options
    /// The models that can be loaded by name.
    package let repository: ModelRepository
    /// What watches requests.
    package let telemetry: Telemetry
    /// What `/metrics` shows.
    package let metrics: MetricsRegistry
    /// Where defects are written to.
    package let logger: Logger

    package init(
        registry: Registry,
        readiness: Readiness = Readiness(),
        options: Options = Options(),
        repository: ModelRepository = ModelRepository(),
        metrics: MetricsRegistry = MetricsRegistry(),
        logger: Logger = Logger(label: "callpath.api")
    ) {
        self.registry = registry
        self.readiness = readiness
        self.options = options
        self.repository = repository
        self.metrics = metrics
        telemetry = Telemetry(metrics: RequestMetrics(in: metrics))
        self.logger = logger
    }

    /// The rows of the interface, in the order of `openapi.yaml`.
    package var routes: [Route] {
        let cloud = CloudResource(api: self)
        let routes = ownRoutes + protocolRoutes.map(\.ignoringQuery) + cloud.routes
        return routes + cloud.vertexRoutes(beside: routes)
    }

    private var ownRoutes: [Route] {
        ModulesResource(api: self).routes + ParametersResource(api: self).routes + StateDictResource(api: self).routes
            + CallsResource(api: self).routes + HooksResource(api: self).routes + GlobalHooksResource(api: self).routes
            + EventsResource(api: self).routes + OperationsResource(api: self).routes
    }

    /// The rows of the Open Inference Protocol, whose clients let their users add any query, for gateways on the way.
    private var protocolRoutes: [Route] {
        OpenInferenceResource(api: self).routes + InferResource(api: self).routes
            + StatisticsResource(api: self).routes + RepositoryResource(api: self).routes
    }

    /// Reads the description of a module, the body of `POST /v1/modules`.
    package func description(in bytes: [UInt8]) throws -> ModuleDescription {
        try JSONBody.decode(bytes) { reader in
            var description = DescriptionReader(maxModules: registry.limits.maxTreeModules)
            return try description.description(&reader)
        }
    }

    /// Returns the handler that a server runs; `rules` decide which requests reach a route.
    package func handler(rules: AccessRules = AccessRules()) -> Handler {
        let outer = [Layer(telemetry.layer), Layer(rules.crossOrigin.layer), answeringProblems]
        let layers = outer + rules.guards + [refusingQueries, sparingTheLoop, decodingContent]
        let dispatcher = Dispatcher(routes, layers: layers)
        return { request in dispatcher.answer(request) }
    }
}
