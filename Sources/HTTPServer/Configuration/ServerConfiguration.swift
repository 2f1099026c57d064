import CLinux
package import HTTP
package import Logging
package import Metrics

/// Where and how a server listens; every field has a default.
package struct ServerConfiguration: Sendable {
    /// Addresses of this machine or names that have one; none to listen on a Unix socket only.
    package var hosts = ["127.0.0.1"]
    /// The port of them all; 0 for any that is free.
    package var port = 8080
    /// A second port of the same addresses, for the same; 0 for any that is free.
    package var secondPort: Int?
    /// A socket in the file system, to listen on too, for plain HTTP.
    package var unixSocket: UnixSocket?
    /// A port for those who watch the server, for plain HTTP; its requests say that they came by it.
    package var operations: OperationsPort?
    /// Whose word on who their client is counts.
    package var trustedProxies = TrustedProxies()
    /// Event loops; each keeps one core busy at most.
    package var loopCount: Int
    /// How long a loop polls after its last event before it sleeps; zero on a single core.
    package var polling: Duration
    /// Connections that the kernel keeps until they are accepted; the kernel's own limit applies too.
    package var backlog = 4_096
    /// The bounds on what clients may send and how long they may take.
    package var limits = ServerLimits()
    /// Whether clients may speak HTTP/2: over TLS by ALPN, on plain connections by beginning with its preface.
    package var speaksHTTP2 = true
    /// The requests over HTTP/2 that are answered while their bodies come.
    package var streamsBody: @Sendable (RequestOutline) -> Bool = { _ in false }
    /// Certificate and key; nil for plain HTTP.
    package var tls: TLSConfiguration?
    /// The requests that are answered although `maxConnections` are open: health checks.
    package var isExempt: @Sendable (Request) -> Bool = { _ in false }
    /// How the server says no; problem documents by default.
    package var refusalForm: RefusalForm = { refusal, _ in refusal.problem }
    /// How the server says no to a request over HTTP/2 that wants to hear it in another form; `nil` for the usual one.
    package var streamRefusalForm: @Sendable (Refusal, RequestOutline) -> Response? = { _, _ in nil }
    /// Where the server's metrics are added; a server needs a registry of its own.
    package var metrics = MetricsRegistry()
    /// What the application wants to hear of.
    package var events = ServerEvents()
    /// Where the server writes what its operator should know.
    package var logger = Logger(label: "callpath.server")

    /// The number of cores that this process may run on, which can be fewer than are online.
    package static let coreCount = max(1, Int(clinux_processor_count()))

    /// Creates the default configuration for so many cores, or the time of so many.
    package init(coreCount: Int = ServerConfiguration.coreCount) {
        loopCount = coreCount
        polling = coreCount > 1 ? .microseconds(10) : .zero
    }
}

/// Where those who watch a server reach it.
package struct OperationsPort: Sendable, Equatable {
    /// Addresses of this machine or names that have one.
    package var hosts: [String]
    /// The port of them all; 0 for any that is free.
    package var port: Int

    package init(hosts: [String], port: Int) {
        self.hosts = hosts
        self.port = port
    }
}

/// Calls that tell the application of what its handler does not see.
package struct ServerEvents: Sendable {
    /// A request was refused before it reached the handler.
    package var refused: @Sendable (RefusedRequest) -> Void = { _ in }

    /// Creates events that nobody listens to.
    package init() {}
}

extension ServerLimits {
    /// The length of a slot of the deadline wheel: a tenth of the shortest timeout, within reason.
    var timerTick: Duration {
        let shortest = [
            headTimeout, bodyIdleTimeout, bodyTimeout, idleTimeout, writeTimeout, handshakeTimeout, lingerIdleTimeout,
            lingerTimeout,
        ].reduce(.seconds(1), min)
        return min(max(shortest / 10, .milliseconds(5)), .milliseconds(100))
    }
}

/// What is known of a request that was refused before it reached the handler.
package struct RefusedRequest: Sendable {
    /// The status of the answer.
    package let status: Int
    /// The code of what is wrong, as `https_required`.
    package let reason: String
    /// What the answer says behind its content, as the status of a call of gRPC.
    package let trailers: ResponseFields?
    /// The address of the client; `nil` behind a trusted proxy, if what it says of its client could not be read.
    package let peer: String?
    /// The address of the trusted proxy that it came through.
    package let proxy: String?
    /// Its method and path, as far as they came.
    package let outline: RequestOutline?
}
