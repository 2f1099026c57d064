package import JSON
package import Logging
package import Metrics
package import Serving
package import Web

/// What the resources of modules stand on: the registry, and what users chose.
package struct API: Sendable {
    /// What the interface does where users may choose.
    package struct Options: Sendable {
        /// What becomes of NaN and infinity in a JSON answer: the strings "NaN", "Infinity" and "-Infinity" by default.
        package var nonFinite = NonFinitePolicy.strings
        /// The time after which a silent stream of events sends a comment, to keep it open; default 15 s.
        package var heartbeat = Duration.seconds(15)
        /// The time that a call may wait for its turn; beyond, 503; `nil`, the default, is no bound.
        package var callTimeout: Duration?
        /// The longest wait for what a client has seen elsewhere; default 1 s.
        package var syncWait = Duration.seconds(1)
        /// The name of this server among those that share a registry.
        package var replica = ""
        /// Whether people are sent to the console, which is somebody else's.
        package var showsConsole = false
        /// Whether a port of its own has what those who watch the server ask, and the metrics with it.
        package var hasOperationsPort = false
        /// What stands before every path where a proxy serves other things too.
        package var pathPrefix = PathPrefix()
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
    /// What `/metrics` shows.
    package let metrics: MetricsRegistry
    /// Where a line about each request goes; nowhere if `nil`.
    package let accessLog: AccessLog?
    /// Where defects are written to.
    package let logger: Logger

    package init(
        registry: Registry,
        readiness: Readiness = Readiness(),
        options: Options = Options(),
        repository: ModelRepository = ModelRepository(),
        metrics: MetricsRegistry = MetricsRegistry(),
        accessLog: AccessLog? = nil,
        logger: Logger = Logger(label: "callpath.api")
    ) {
        self.registry = registry
        self.readiness = readiness
        self.options = options
        self.repository = repository
        self.metrics = metrics
        self.accessLog = accessLog
        self.logger = logger
    }
}
