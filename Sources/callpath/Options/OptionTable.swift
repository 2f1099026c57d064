import HTTP
import HTTPServer
import JSON
import ModuleAPI
import OpenInference
import Web

/// The options of `callpath serve`, in the order of the table in docs/options.md.
enum OptionTable {
    static let options = listening + access + network + registry + computing + answers

    private static let listening: [ServeOption] = [
        ServeOption(
            "host",
            "addresses to listen on, all with one port",
            \.hosts,
            .init(words: HostList.expected) { !$0.hosts.isEmpty }
        ),
        ServeOption("port", "port to listen on; 0 takes a free one", \.server.port, .within(0...65_535)),
        ServeOption("port-file", "file to write the port to", \.portFile),
        ServeOption(
            "grpc-port",
            "second port with all that the first has, for clients of gRPC; 0 takes a free one; second line of --port-file",
            \.grpcPort
        ),
        ServeOption(
            "unix-socket",
            "path of a socket to listen on for plain HTTP; without --host and --port nowhere else",
            \.unixSocket
        ),
        ServeOption("unix-socket-mode", "mode of that socket's file", \.unixSocketMode),
        ServeOption(
            "operations-port",
            "port of /, /livez, /readyz, /metrics and /version without TLS and keys; 0 takes a free one",
            \.operationsPort
        ),
        ServeOption("operations-host", "addresses for that port", \.operationsHosts, shown: "that of --host"),
        ServeOption("operations-port-file", "file to write that port to", \.operationsPortFile),
        ServeOption("models", "folder of models to load at start", \.modelsFolder),
        ServeOption("skip-bad-models", "go on without a bad file of that folder", \.skipsBadModels),
        ServeOption("data", "folder that keeps the registry; in memory without one", \.dataFolder),
        ServeOption("max-data-bytes", "bytes of that folder; 0: what its disk holds", \.maxDataBytes),
        ServeOption("warm", "when modules of that folder are loaded: when needed, when idle, before ready", \.warming),
        ServeOption(
            "store",
            "database of a registry that many replicas share, postgresql://...; --data is its cache then",
            \.storeURL
        ),
        ServeOption("sync-interval", "time between two looks at it without a notice", \.syncInterval, .aboveZero),
        ServeOption("sync-wait", "longest wait for revisions that a client has seen elsewhere", \.api.syncWait),
        ServeOption("store-timeout", "longest wait of a change for the database", \.storeTimeout, .aboveZero),
        ServeOption(
            "store-connections",
            "connections to it that make changes; two more look",
            \.storeConnections,
            .within(1...100)
        ),
        ServeOption("replica", "name in Callpath-Replica", \.api.replica, .replicaName, shown: "name of the host"),
        ServeOption("ready-needs-store", "/readyz: 503 while changes are refused", \.readyNeedsStore),
        ServeOption("log-level", "least severe line to log, to standard error", \.logLevel),
        ServeOption("log-format", "form of log lines", \.logFormat),
        ServeOption("drain-delay", "time to go on accepting after SIGTERM, while /readyz is 503", \.drainDelay),
        ServeOption("shutdown-grace", "time for requests in flight to finish", \.shutdownGrace),
        ServeOption("loops", "event loops", \.server.loopCount, .atLeast(1), shown: "one per core"),
        ServeOption(
            "polling",
            "time a loop polls on before it sleeps",
            \.server.polling,
            shown: "10us, 0s on one core"
        ),
        ServeOption("backlog", "connections waiting to be accepted", \.server.backlog, .atLeast(1)),
    ]

    private static let answers: [ServeOption] = [
        .bytes("max-answer-bytes", "a JSON answer", \.api.maxAnswerBytes),
        ServeOption("non-finite", "NaN and infinity in JSON answers", \.api.nonFinite),
        ServeOption(
            "inference-non-finite",
            "NaN and infinity in JSON answers under /v2",
            \.inference.nonFinite,
            .init(words: "refuse or tokens") { [.refuse, .tokens].contains($0) }
        ),
        ServeOption("path-prefix", "path before every path, for proxies that serve other things too", \.api.pathPrefix),
        ServeOption("compression", "gzip and deflate for clients that ask for it", \.compresses),
        ServeOption("console", "the page that shows modules and calls, at /console", \.showsConsole),
        ServeOption("default-model", "module that /invocations calls if a request names none", \.defaultModel),
        ServeOption("vertex-health-route", "another path for /ping", \.vertexHealthRoute, .route),
        ServeOption("vertex-predict-route", "another path for /invocations", \.vertexPredictRoute, .route),
        ServeOption("heartbeat", "time after which a silent stream of events sends a comment", \.api.heartbeat),
    ]
}

extension ServeOption.Rule<Duration> {
    fileprivate static let aboveZero = Self(words: "a time above 0") { $0 > .zero }
}

extension ServeOption.Rule<String> {
    /// A name as modules have them, or none.
    fileprivate static let replicaName = Self(words: "1 to 128 letters, digits, '.', '_' and '-'") { name in
        name.utf8.count <= 128
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "._-".utf8.contains(byte)
            }
    }

    /// A path that a route can have, or none.
    fileprivate static let route = Self(words: "a path like /health") { path in
        path.isEmpty
            || (path.hasPrefix("/") && path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"?#{}%".utf8.contains($0) })
    }
}
