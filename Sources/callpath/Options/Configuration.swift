import GRPC
import HTTP
import HTTPServer
import Logging
import Logs
import Metrics
import ModuleAPI
import OpenInference
import Serving
import Tensors
import Web

/// All that users can choose; each field starts with its default.
struct Configuration {
    /// Where and how to listen, and the limits of the network wing.
    var server = HTTPServer.Configuration(coreCount: min(ServerConfiguration.coreCount, ProcessorCount.available))
    /// The limits of the registry and how it computes.
    var serving = ServingOptions()
    /// How the interface answers.
    var api = API.Options()
    /// How the Open Inference Protocol answers.
    var inference = InferenceAPI.Options()
    /// The instruction set to compute with; the fastest that the machine has if `auto`.
    var kernels = KernelChoice.auto
    /// The time that a call may wait for its turn; none if zero.
    var callTimeout = Duration.zero
    /// The addresses to listen on.
    var hosts = HostList(["127.0.0.1"])
    /// Whether an address or a port is asked for, and not only a Unix socket.
    var wantsPort = true
    /// The path of a Unix socket to listen on; none if empty.
    var unixSocket = ""
    /// Who may connect to it.
    var unixSocketMode = FileMode(0o660)
    /// The port for those who watch the server.
    var operationsPort = OptionalPort()
    /// A second port, for clients that look for gRPC at its usual one.
    var grpcPort = OptionalPort()
    /// Its addresses; those of the other port if empty.
    var operationsHosts = HostList([])
    /// The file to write that port to; none if empty.
    var operationsPortFile = ""
    /// The proxies whose word on who their client is counts.
    var trustedProxies = ProxyList()
    /// The field in which they say it.
    var forwardedField = TrustedProxies.Field.xForwardedFor
    /// The file to write the port to once it is known; none if empty.
    var portFile = ""
    /// The folder of models to load at start; none if empty.
    var modelsFolder = ""
    /// Whether a bad file of that folder is skipped; the start fails if not.
    var skipsBadModels = false
    /// The folder that keeps the registry; in memory if empty.
    var dataFolder = ""
    /// The bytes that it may have; what its disk holds if 0.
    var maxDataBytes = ByteCount(0)
    /// When modules of that folder are loaded.
    var warming = Warming.background
    /// The database of a registry that many replicas share; none if empty.
    var storeURL = StoreURL()
    /// The time between two looks at it without a notice.
    var syncInterval = Duration.seconds(1)
    /// The longest wait of a change for it.
    var storeTimeout = Duration.seconds(10)
    /// The most connections to it that make changes.
    var storeConnections = 4
    /// How many replicas share the limits of each client.
    var rateShare = 1
    /// Whether `/readyz` is 503 while changes are refused.
    var readyNeedsStore = false
    /// The module that `/invocations` calls if a request names none; the only one if empty.
    var defaultModel = ""
    /// Another path for `/ping`; none if empty.
    var vertexHealthRoute = ""
    /// Another path for `/invocations`; none if empty.
    var vertexPredictRoute = ""
    /// The least severe line to log.
    var logLevel = Logger.Level.info
    /// How log lines are written.
    var logFormat = LogFormat.text
    /// The file of access keys; anyone may do anything if empty.
    var keysFile = ""
    /// What whoever shows no key may do where there is such a file.
    var anonymousScope = AnonymousScope.none
    /// What one client may ask.
    var admission = AdmissionLimits()
    /// The origins whose scripts may read answers.
    var origins = OriginList()
    /// The names under which the server may be asked.
    var allowedHosts = HostNameList()
    /// Whether answers are compressed for clients that ask for it.
    var compresses = true
    /// Whether the page that shows modules and calls is served.
    var showsConsole = true
    /// TLS, if a certificate is named.
    var tls = TLSOptions()
    /// How long a server that was told to end still takes new connections, so that load balancers can notice.
    var drainDelay = Duration.zero
    /// What to tell about how all this was given.
    var warnings: [String] = []
    /// How long requests in flight may take once the server has stopped listening.
    var shutdownGrace = Duration.seconds(20)
}

extension Configuration {
    /// What one client may ask of this server, of all that share its limits.
    var ownAdmission: AdmissionLimits {
        guard rateShare > 1 else { return admission }
        let burst = admission.burst ?? admission.requestsPerSecond.map { 2 * $0 }
        return AdmissionLimits(
            requestsPerSecond: admission.requestsPerSecond.map { $0 / Double(rateShare) },
            burst: burst.map { max(1, $0 / Double(rateShare)) },
            concurrentRequests: admission.concurrentRequests.map { max(1, $0 / rateShare) }
        )
    }

    /// How the interface answers, with the limits that it shares with others.
    var interface: API.Options {
        var options = api
        options.callTimeout = callTimeout == .zero ? nil : callTimeout
        options.showsConsole = showsConsole
        options.hasOperationsPort = operationsPort.port != nil
        options.maxDecodedBodyBytes = server.limits.maxDecodedBodyBytes
        return options
    }

    /// How the Open Inference Protocol and the clouds are answered.
    var protocolOptions: InferenceAPI.Options {
        var options = inference
        options.defaultModel = defaultModel.isEmpty ? nil : defaultModel
        options.vertexHealthRoute = vertexHealthRoute.isEmpty ? nil : vertexHealthRoute
        options.vertexPredictRoute = vertexPredictRoute.isEmpty ? nil : vertexPredictRoute
        return options
    }

    /// How calls of gRPC are answered.
    var calls: CallOptions {
        var options = CallOptions()
        options.limits.maxByteCount = server.limits.maxBodyBytes
        options.limits.maxDecodedByteCount = server.limits.maxDecodedBodyBytes
        options.compresses = compresses
        return options
    }

    /// How to compute, with the hooks that log writing to `logger`.
    func serving(logger: Logger) -> ServingOptions {
        var options = serving
        options.log = { logger.log($0) }
        options.damageFound = { name, reason in logger.error("module \(name) is damaged: \(reason)") }
        return options
    }

    /// Whether nobody can reach the server from another machine, as far as the options say.
    var isLocal: Bool {
        !wantsPort || hosts.hosts.allSatisfy { $0.hasPrefix("127.") || $0 == "::1" || $0 == "localhost" }
    }

    /// How to listen; health checks are answered even when there are too many connections.
    func listening(metrics: MetricsRegistry, logger: Logger) -> HTTPServer.Configuration {
        let access = Logger(label: "callpath.access")
        var configuration = server
        configuration.metrics = metrics
        configuration.logger = logger
        configuration.tls = tls.configuration
        configuration.hosts = wantsPort ? hosts.hosts : []
        if !unixSocket.isEmpty {
            configuration.unixSocket = UnixSocket(path: unixSocket)
            configuration.unixSocket?.mode = unixSocketMode.bits
        }
        configuration.operations = operationsPort.port.map {
            let isElsewhere = !operationsHosts.hosts.isEmpty
            return OperationsPort(hosts: isElsewhere ? operationsHosts.hosts : hosts.hosts, port: $0)
        }
        configuration.trustedProxies.networks = trustedProxies.networks
        configuration.trustedProxies.includesUnix = trustedProxies.includesUnix
        configuration.trustedProxies.field = forwardedField
        configuration.events.refused = { request in
            var metadata: Logger.Metadata = ["status": "\(request.status)", "reason": "\(request.reason)"]
            if let status = request.trailers?[.grpcStatus] { metadata["grpc_status"] = "\(status)" }
            if let peer = request.peer { metadata["peer"] = "\(peer)" }
            if let proxy = request.proxy { metadata["proxy"] = "\(proxy)" }
            if let outline = request.outline {
                metadata["method"] = "\(outline.method)"
                metadata["path"] = "\(String(decoding: outline.path.prefix(1024), as: UTF8.self))"
            }
            access.log(level: request.isPlainProbe ? .debug : .info, "refused", metadata: metadata)
        }
        configuration.refusalForm = InferenceAPI.refusalForm(behind: api.pathPrefix)
        configuration.secondPort = grpcPort.port
        configuration.streamsBody = CallInterface.readsContentWhileItComes
        configuration.streamRefusalForm = CallInterface.refusal
        configuration.isExempt = { [prefix = api.pathPrefix] request in
            let path = prefix.removed(from: request.pathOctets)
            return path.elementsEqual("/livez".utf8) || path.elementsEqual("/readyz".utf8)
        }
        return configuration
    }
}

extension RefusedRequest {
    /// Whether somebody on this machine spoke plain HTTP to a port that speaks TLS: that is how a health check finds it out.
    fileprivate var isPlainProbe: Bool {
        guard reason == "https_required", let address = IPAddress(peer ?? "") else { return false }
        return ["127.0.0.0/8", "::1"].compactMap { IPNetwork($0) }.contains { $0.contains(address) }
    }
}
