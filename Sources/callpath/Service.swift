import API
import FoundationEssentials
import Glibc
import HTTP
import HTTPServer
import Logging
import Logs
import Metrics
import Serving
import Tensors

/// The running server: a registry, the interface in front of it, and the sockets in front of that.
struct Service {
    private let configuration: Configuration
    private let logQueue: LogQueue
    private let logger: Logger
    private let registry: Registry
    private let api: API
    private let readiness = Readiness(.loading)
    private let keys: KeyFileReader?
    private let server: HTTPServer

    init(_ configuration: Configuration) throws {
        self.configuration = configuration
        let logQueue = LogQueue(format: configuration.logFormat)
        self.logQueue = logQueue
        LoggingSystem.bootstrap { [level = configuration.logLevel] label in
            QueuedLogHandler(label: label, level: level, queue: logQueue)
        }
        logger = Logger(label: "callpath")
        configuration.kernels.select()
        logger.debug("computing with the \(KernelSet.current) kernels")
        keys = configuration.keysFile.isEmpty ? nil : try KeyFileReader(path: configuration.keysFile)
        let metrics = Self.metrics(logQueue)
        registry = Registry(options: configuration.serving(logger: logger), metrics: ServingMetrics(in: metrics))
        registry.addGauges(to: metrics)
        api = API(
            registry: registry,
            readiness: readiness,
            options: configuration.interface,
            repository: ModelRepository(
                folder: configuration.modelsFolder.isEmpty ? nil : ModelFolder(path: configuration.modelsFolder)
            ),
            metrics: metrics,
            logger: logger
        )
        server = try HTTPServer(
            configuration: configuration.listening(metrics: metrics, logger: logger),
            handler: Self.handler(api, keys?.ring, configuration)
        )
    }

    private static func metrics(_ logQueue: LogQueue) -> MetricsRegistry {
        let metrics = MetricsRegistry()
        metrics.addProcessMetrics()
        metrics.counter("callpath_log_lines_dropped_total", "Log lines dropped because too many waited.") {
            Double(logQueue.droppedCount)
        }
        return metrics
    }

    private static func handler(_ api: API, _ keys: KeyRing?, _ configuration: Configuration) -> Handler {
        let rules = AccessRules(
            keys: keys,
            limits: configuration.admission,
            crossOrigin: CrossOrigin(origins: Set(configuration.origins.origins))
        )
        let handler = api.handler(rules: rules)
        return configuration.compresses ? Compression.wrap(handler) : handler
    }

    /// Listens, says so, serves until a signal comes, and goes without losing a request.
    func run() async throws {
        defer { logQueue.flush() }
        let (endings, reloads) = await (Signals(Signals.ending), Signals(Signals.reloading))
        let address = try await server.start()
        warnIfOpen(host: address.host)
        let reloading = Task { await reload(at: reloads) }
        try await load()
        readiness.phase = .ready
        try announce(host: address.host, port: address.port)
        await endings.next()
        reloading.cancel()
        await drain(endings)
    }

    private func announce(host: String, port: Int) throws {
        try writeDown(port)
        let scheme = configuration.tls.configuration == nil ? "http" : "https"
        print("callpath is ready on \(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)")
        // Whoever started the server may read a pipe, and waits for this line.
        fflush(nil)
    }

    private func writeDown(_ port: Int) throws {
        guard !configuration.portFile.isEmpty else { return }
        do {
            try Data("\(port)\n".utf8).write(to: URL(filePath: configuration.portFile), options: .atomic)
        } catch {
            throw StartFailure("--port-file", "cannot write '\(configuration.portFile)'")
        }
    }

    /// Warns whoever lets the whole network in.
    private func warnIfOpen(host: String) {
        let isLoopback = host.hasPrefix("127.") || host == "::1" || host == "localhost"
        let isGuarded = keys != nil || configuration.tls.configuration?.clientAuthentication == .required
        guard !isLoopback, !isGuarded else { return }
        logger.warning("listening beyond loopback without keys: anyone who reaches this port may change every module")
    }

    private func load() async throws {
        guard !configuration.modelsFolder.isEmpty else { return }
        let folder = ModelFolder(path: configuration.modelsFolder)
        do {
            try await api.loadModels(from: folder) { name, loaded, count in
                logger.info("loading model \(loaded + 1) of \(count): \(name)")
            } didRefuse: { name, reason in
                guard configuration.skipsBadModels else { throw StartFailure("--models", "\(name): \(reason)") }
                logger.error("skipped model \(name): \(reason)")
            }
        } catch let error as ModelFileError {
            throw StartFailure("--models", error.message)
        }
    }

    /// Reads the certificate and the keys again at each signal; what cannot be read leaves the old ones in use.
    private func reload(at signals: Signals) async {
        while await signals.next() {
            if configuration.tls.configuration != nil { attempt("the certificate", server.reloadTLS) }
            if let keys { attempt("the keys", keys.reload) }
        }
    }

    private func attempt(_ what: String, _ read: () throws -> Void) {
        do {
            try read()
            logger.notice("read \(what) again")
        } catch {
            let reason = (error as? TLSError).map { StartFailure($0).description } ?? "\(error)"
            logger.error("could not read \(what) again, what was read before stays in use: \(reason)")
        }
    }

    /// Tells load balancers, stops listening and lets requests finish; a second signal ends it all at once.
    private func drain(_ signals: Signals) async {
        logger.info("draining")
        readiness.phase = .draining
        let second = Task {
            if await signals.next() { server.shutdownNow() }
        }
        try? await Task.sleep(for: configuration.drainDelay)
        registry.events.finish()
        if await !server.shutdown(grace: configuration.shutdownGrace) {
            logger.warning("some requests did not finish within \(configuration.shutdownGrace)")
        }
        second.cancel()
    }
}
