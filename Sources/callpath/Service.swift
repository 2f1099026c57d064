import API
import FoundationEssentials
import Glibc
import HTTPServer
import Logging
import Metrics
import Serving

/// The running server: a registry, the interface in front of it, and the sockets in front of that.
struct Service {
    private let configuration: Configuration
    private let logger: Logger
    private let registry: Registry
    private let api: API
    private let readiness = Readiness(.loading)
    private let server: HTTPServer

    init(_ configuration: Configuration) throws {
        self.configuration = configuration
        let level = configuration.logLevel
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        logger = Logger(label: "callpath")
        let metrics = MetricsRegistry()
        metrics.addProcessMetrics()
        registry = Registry(options: configuration.serving(logger: logger), metrics: ServingMetrics(in: metrics))
        registry.addGauges(to: metrics)
        api = API(
            registry: registry,
            readiness: readiness,
            options: configuration.interface,
            metrics: metrics,
            logger: logger
        )
        server = try HTTPServer(
            configuration: configuration.listening(metrics: metrics, logger: logger),
            handler: api.handler()
        )
    }

    /// Listens, says so, serves until a signal comes, and goes without losing a request.
    func run() async throws {
        let signals = Signals()
        let address = try await server.start()
        readiness.phase = .ready
        try announce(host: address.host, port: address.port)
        await signals.next()
        await drain(signals)
    }

    private func announce(host: String, port: Int) throws {
        if !configuration.portFile.isEmpty {
            try Data("\(port)\n".utf8).write(to: URL(filePath: configuration.portFile), options: .atomic)
        }
        let address = "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        print("callpath is ready on http://\(address)")
        // Whoever started the server may read a pipe, and waits for this line.
        fflush(nil)
    }

    /// Tells load balancers, stops listening and lets requests finish; a second signal ends it all at once.
    private func drain(_ signals: Signals) async {
        logger.info("draining")
        readiness.phase = .draining
        let second = Task {
            await signals.next()
            server.shutdownNow()
        }
        try? await Task.sleep(for: configuration.drainDelay)
        registry.events.finish()
        if await !server.shutdown(grace: configuration.shutdownGrace) {
            logger.warning("some requests did not finish within \(configuration.shutdownGrace)")
        }
        second.cancel()
    }
}
