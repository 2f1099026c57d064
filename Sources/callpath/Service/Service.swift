import Console
import GRPC
import Glibc
import HTTP
import HTTPServer
import Logging
import Logs
import Metrics
import Models
import ModuleAPI
import OpenInference
import Postgres
import Serving
import Store
import Tensors
import Web

/// The running server: a registry, the interface in front of it, and the sockets in front of that.
struct Service {
    private let configuration: Configuration
    private let logQueue: LogQueue
    private let logger: Logger
    private let registry: Registry
    private let inference: InferenceAPI
    private let readiness: Readiness
    private let health: GRPC.Health
    private let keys: KeyFileReader?
    private let server: HTTPServer

    init(_ configuration: Configuration, _ logQueue: LogQueue) throws {
        self.configuration = configuration
        self.logQueue = logQueue
        LoggingSystem.bootstrap { [level = configuration.logLevel] label in
            QueuedLogHandler(label: label, level: level, queue: logQueue)
        }
        logger = Logger(label: "callpath")
        for warning in configuration.warnings { logger.warning("\(warning)") }
        configuration.kernels.select()
        logger.debug("computing with the \(KernelSet.current) kernels")
        keys = configuration.keysFile.isEmpty ? nil : try KeyFileReader(path: configuration.keysFile)
        let metrics = Self.metrics(logQueue)
        let registry = try Self.registry(configuration, metrics, logger)
        self.registry = registry
        registry.addGauges(to: metrics)
        let warmsAll =
            configuration.warming == .all && !configuration.dataFolder.isEmpty && configuration.storeURL.isEmpty
        readiness = Readiness(.loading) {
            guard warmsAll else { return nil }
            let facts = registry.facts
            return "\(facts.coldModules) of \(facts.modules) modules are still to be loaded"
        } hindrance: {
            guard registry.isLoaded else { return "The registry's database was not reached yet." }
            guard configuration.readyNeedsStore, !registry.isWritable else { return nil }
            return "The store takes no changes."
        } notes: {
            guard let since = registry.contact?.lostAt else { return [] }
            return [("store", "unreachable"), ("since", Self.text(of: since))]
        }
        let api = API(
            registry: registry,
            readiness: readiness,
            options: Self.interface(configuration),
            repository: ModelRepository(
                folder: configuration.modelsFolder.isEmpty ? nil : ModelFolder(path: configuration.modelsFolder)
            ),
            metrics: metrics,
            accessLog: AccessLog(level: configuration.logLevel, write: logQueue.append),
            logger: logger
        )
        inference = InferenceAPI(api: api, options: configuration.protocolOptions)
        health = GRPC.Health(readiness)
        server = try HTTPServer(
            configuration: configuration.listening(metrics: metrics, logger: logger),
            handler: Self.handler(inference, health, keys?.ring, configuration)
        )
    }

    private static func interface(_ configuration: Configuration) -> API.Options {
        var options = configuration.interface
        if options.replica.isEmpty { options.replica = machineName }
        return options
    }

    /// Returns a time as RFC 3339 has it.
    private static func text(of seconds: Int) -> String {
        var (time, parts, text) = (time_t(seconds), tm(), [CChar](repeating: 0, count: 32))
        gmtime_r(&time, &parts)
        strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Opens the registry that a database holds for many replicas; the database may come later.
    private static func sharedRegistry(
        _ configuration: Configuration,
        _ metrics: MetricsRegistry,
        _ logger: Logger
    ) throws -> Registry {
        var serving = configuration.serving(logger: logger)
        serving.storeNews = { logger.log($0) }
        var options = PostgresStore.Options()
        options.interval = configuration.syncInterval
        options.timeout = configuration.storeTimeout
        options.connections = configuration.storeConnections
        options.cachePath = configuration.dataFolder
        options.maxCacheBytes = configuration.maxDataBytes.bytes
        let address: DatabaseAddress
        do throws(PostgresError) {
            address = try DatabaseAddress(configuration.storeURL.secret)
        } catch { throw StartFailure(error) }
        let (store, reason) = try open(address, options)
        if let reason {
            logger.warning("the registry's database is out of reach, and is tried again: \(reason)")
        }
        let metrics = ServingMetrics(in: metrics, hasStore: true)
        return Registry(options: serving, metrics: metrics, shared: store)
    }

    private static func open(
        _ address: DatabaseAddress,
        _ options: PostgresStore.Options
    ) throws(StartFailure) -> (PostgresStore, hindrance: String?) {
        do throws(StoreError) {
            let store = try PostgresStore(address, options)
            return (store, try store.probe())
        } catch {
            if case .newerSchema = error { throw StartFailure("--store", error.message) }
            throw StartFailure(error)
        }
    }

    /// Opens the registry that the store holds, or one that lives in memory.
    private static func registry(
        _ configuration: Configuration,
        _ metrics: MetricsRegistry,
        _ logger: Logger
    ) throws -> Registry {
        guard configuration.storeURL.isEmpty else { return try sharedRegistry(configuration, metrics, logger) }
        let options = configuration.serving(logger: logger)
        let serving = ServingMetrics(in: metrics, hasStore: !configuration.dataFolder.isEmpty)
        guard !configuration.dataFolder.isEmpty else { return Registry(options: options, metrics: serving) }
        do throws(StoreError) {
            let store = try Store(
                path: configuration.dataFolder,
                maxBytes: configuration.maxDataBytes.bytes,
                didFail: { logger.error("\($0)") }
            )
            let registry = try Registry(options: options, metrics: serving, store: store)
            for module in registry.damagedModules {
                logger.error("module \(module.name) is damaged: \(module.reason)")
            }
            let count = registry.facts.modules
            let modules = "\(count) module\(count == 1 ? "" : "s")"
            logger.info("the registry in '\(configuration.dataFolder)' holds \(modules)")
            return registry
        } catch { throw StartFailure(error) }
    }

    private static func metrics(_ logQueue: LogQueue) -> MetricsRegistry {
        let metrics = MetricsRegistry()
        metrics.addProcessMetrics()
        metrics.counter(
            "callpath_log_lines_dropped_total",
            "Log lines dropped because too many waited, or the output took none."
        ) { Double(logQueue.droppedCount) }
        return metrics
    }

    private static func handler(
        _ inference: InferenceAPI,
        _ health: GRPC.Health,
        _ keys: KeyRing?,
        _ configuration: Configuration
    ) throws(StartFailure) -> Handler {
        let rules = AccessRules(
            keys: keys,
            anonymousScope: configuration.anonymousScope.scope,
            limits: configuration.ownAdmission,
            crossOrigin: CrossOrigin(origins: Set(configuration.origins.origins)),
            hosts: HostRule(
                allowed: configuration.allowedHosts.names,
                isLocal: configuration.isLocal,
                machineName: machineName
            )
        )
        let interface = inference.interface(configuration.showsConsole ? ConsoleResource().routes : [])
        let prefix = configuration.api.pathPrefix
        if let own = interface.routes.first(where: { prefix.isBeginning(of: $0.template) })?.template {
            let words = "expected a path that no path of the server begins with, got '\(prefix.text)', as '\(own)' does"
            throw StartFailure("--path-prefix", words)
        }
        let hasOperationsPort = configuration.operationsPort.port != nil
        let main = interface.handler(rules: rules, offering: hasOperationsPort ? .allButMetrics : .all)
        let routes = configuration.compresses ? Compression.wrap(main) : main
        let handler = inference.serving(configuration.calls, health: health, beside: interface, rules: rules, routes)
        guard hasOperationsPort else { return handler }
        let operations = interface.handler(offering: .operations)
        return { $0.client?.isOnOperationsPort == true ? operations($0) : handler($0) }
    }

    private static func isLoopback(_ host: String) -> Bool {
        host.hasPrefix("127.") || host == "::1" || host == "localhost"
    }

    private static var machineName: String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Listens, loads, says so, serves until a signal comes, and goes without losing a request.
    func run(_ signals: ServerSignals) async throws {
        defer { logQueue.flush() }
        signals.beginServing { [readiness] in readiness.phase = .draining }
        let background = [
            Task { await reload(at: signals.reloads) }, Task { await watchFiles() },
            Task { await ignore(signals.ignored) },
        ]
        let ending = Task { await signals.endings.next() }
        do {
            let addresses = try await started(before: ending)
            if let addresses {
                readiness.becomeReady()
                try announce(addresses)
                let warming = Task { if configuration.warming == .background { await registry.warmInBackground() } }
                _ = await ending.value
                warming.cancel()
            }
            for task in background { task.cancel() }
            await drain(signals.endings, delay: addresses == nil ? .zero : configuration.drainDelay)
        } catch {
            // What the server has made goes with it, as the file of a Unix socket.
            await server.shutdown(grace: .zero)
            throw error
        }
    }

    /// Returns the addresses once all is listening and loaded; nil if the signal that asks for the end comes first.
    private func started(before ending: Task<Int32?, Never>) async throws -> HTTPServer.Addresses? {
        let (stream, continuation) = AsyncStream.makeStream(of: Result<HTTPServer.Addresses?, any Error>.self)
        let start = Task {
            do {
                continuation.yield(.success(try await self.start()))
            } catch {
                continuation.yield(.failure(error))
            }
        }
        Task {
            _ = await ending.value
            continuation.yield(.success(nil))
        }
        defer { start.cancel() }
        var iterator = stream.makeAsyncIterator()
        return try await iterator.next()?.get()
    }

    private func start() async throws -> HTTPServer.Addresses {
        let addresses = try await server.start()
        (addresses.main + addresses.second).forEach(warnIfOpen)
        if configuration.dataFolder.isEmpty, configuration.storeURL.isEmpty {
            logger.info("what is registered over HTTP is not kept; --data names a folder that keeps it")
        }
        await registry.loaded(waitingForDatabase: false)
        try await load()
        if configuration.warming == .all { await warm() }
        return addresses
    }

    /// Loads what the registry has on the disk alone.
    private func warm() async {
        await registry.warmAll(atOnce: ProcessorCount.available)
        let count = registry.facts.coldModules
        guard count > 0, !Task.isCancelled else { return }
        logger.warning(
            "\(count) module\(count == 1 ? "" : "s") cannot be loaded before they are called: --max-bytes is reached"
        )
    }

    private func ignore(_ signals: Signals) async {
        while let number = await signals.next() { logger.debug("ignored signal \(number)") }
    }

    private func announce(_ addresses: HTTPServer.Addresses) throws {
        let ports = [addresses.main.first, addresses.second.first].compactMap(\.self)
        try writeDown(ports, to: configuration.portFile, of: "--port-file")
        try writeDown(
            Array(addresses.operations.prefix(1)),
            to: configuration.operationsPortFile,
            of: "--operations-port-file"
        )
        for address in addresses.operations { logger.info("operations on http://\(address)") }
        let scheme = configuration.tls.configuration == nil ? "http" : "https"
        let prefix = configuration.api.pathPrefix.text
        let socket = "unix:\(configuration.unixSocket)\(prefix.isEmpty ? "" : ":")\(prefix)"
        let places = configuration.unixSocket.isEmpty ? [] : [socket]
        let all = places + (addresses.main + addresses.second).map { "\(scheme)://\($0)\(prefix)" }
        print("callpath is ready on \(all.joined(separator: ", "))")
        // Whoever started the server may read a pipe, and waits for this line.
        fflush(nil)
    }

    private func writeDown(_ addresses: [SocketAddress], to file: String, of option: String) throws {
        guard !file.isEmpty, !addresses.isEmpty else { return }
        do {
            try NamedFile.write(Array(addresses.map { "\($0.port)\n" }.joined().utf8), to: file)
        } catch {
            throw StartFailure(option, "cannot write '\(file)': \(error)")
        }
    }

    /// Warns whoever lets the whole network in.
    private func warnIfOpen(_ address: SocketAddress) {
        let isGuarded = keys != nil || configuration.tls.configuration?.clientAuthentication == .required
        guard !Self.isLoopback(address.host), !isGuarded else { return }
        logger.warning("listening beyond loopback without keys: anyone who reaches this port may change every module")
    }

    private func load() async throws {
        guard !configuration.modelsFolder.isEmpty else { return }
        await registry.loaded(waitingForDatabase: true)
        let folder = ModelFolder(path: configuration.modelsFolder)
        do {
            let listing = try folder.listing
            for name in listing.hidden { logger.debug("passed over \(name): its name begins with a dot") }
            for entry in listing.leftOut { logger.warning("not served: \(entry.name): \(entry.reason)") }
            if listing.models.isEmpty { logger.warning("the folder of models holds no model") }
            try await inference.loadModels(from: folder) { name, loaded, count in
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
        while await signals.next() != nil {
            if configuration.tls.configuration != nil { attempt("the certificate") { try server.reloadTLS() } }
            if let keys { attempt("the keys") { try keys.reload() } }
        }
    }

    /// Looks every few seconds whether one of those files has changed: not everyone who swaps them sends a signal.
    private func watchFiles() async {
        while (try? await Task.sleep(for: .seconds(3))) != nil {
            if configuration.tls.configuration != nil { attempt("the certificate", server.reloadTLSIfChanged) }
            if let keys { attempt("the keys", keys.reloadIfChanged) }
        }
    }

    /// Says how a look at files went; `read` returns false if they have not changed.
    private func attempt(_ what: String, _ read: () throws -> Bool) {
        do {
            if try read() { logger.notice("read \(what) again") }
        } catch {
            let reason = (error as? TLSError).map { StartFailure($0).description } ?? "\(error)"
            logger.error("could not read \(what) again, what was read before stays in use: \(reason)")
        }
    }

    private func attempt(_ what: String, _ read: () throws -> Void) {
        attempt(what) {
            try read()
            return true
        }
    }

    /// Tells load balancers, stops listening and lets requests finish; a second signal ends it all at once.
    private func drain(_ signals: Signals, delay: Duration) async {
        logger.info("draining")
        readiness.phase = .draining
        let waiting = Task { try? await Task.sleep(for: delay) }
        let second = Task {
            guard await signals.next() != nil else { return false }
            waiting.cancel()
            server.shutdownNow()
            return true
        }
        await waiting.value
        registry.events.finish()
        health.finish()
        registry.stopFollowing()
        let cutOff = await server.shutdown(grace: configuration.shutdownGrace)
        if cutOff == 0 { await registry.close() }
        second.cancel()
        registry.keepHint()
        guard cutOff > 0 else { return }
        let requests = "\(cutOff) request\(cutOff == 1 ? "" : "s")"
        let isHurried = await second.value
        let reason = isHurried ? "before a second signal" : "within \(configuration.shutdownGrace)"
        logger.warning("\(requests) did not finish \(reason)")
    }
}
