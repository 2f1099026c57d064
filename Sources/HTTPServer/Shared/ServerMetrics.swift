import Metrics

/// What one server counts, by Prometheus' conventions.
struct ServerMetrics: Sendable {
    /// A reason why a connection or request ran out of time.
    enum Timeout: String, CaseIterable {
        case handshake, head, body, idle, write, linger
    }

    let opening, reading, answering, lingering: Gauge
    let accepted: Counter
    let acceptPauses: Counter
    let handshakeFailures: Counter
    let refused: Family<Counter>
    private let timeouts: Family<Counter>
    /// The traffic of each loop: its own counters, so that no two cores write to one.
    let traffic: [Traffic]

    struct Traffic: Sendable {
        let requests = Counter()
        let receivedBytes = Counter()
        let sentBytes = Counter()
    }

    init(in registry: MetricsRegistry, loopCount: Int) {
        let connections = registry.gauges(
            "callpath_connections",
            "Connections open, by what they wait for.",
            labels: ["state"]
        )
        opening = connections["opening"]
        reading = connections["reading"]
        answering = connections["answering"]
        lingering = connections["lingering"]
        accepted = registry.counter("callpath_connections_accepted_total", "Connections accepted.")
        acceptPauses = registry.counter(
            "callpath_accept_pauses_total",
            "Times that accepting stood still for lack of descriptors or room."
        )
        handshakeFailures = registry.counter("callpath_tls_handshake_failures_total", "TLS handshakes that failed.")
        refused = registry.counters(
            "callpath_requests_refused_total",
            "Requests refused before they reached a handler, by status.",
            labels: ["status"],
            limit: 20
        )
        timeouts = registry.counters(
            "callpath_connection_timeouts_total",
            "Connections that ran out of time, by what was waited for.",
            labels: ["phase"],
            limit: Timeout.allCases.count
        )
        let traffic = (0..<loopCount).map { _ in Traffic() }
        self.traffic = traffic
        registry.counter("callpath_requests_received_total", "Requests that came whole.") {
            Double(traffic.reduce(0) { $0 + $1.requests.value })
        }
        registry.counter("callpath_received_bytes_total", "Octets received on connections.") {
            Double(traffic.reduce(0) { $0 + $1.receivedBytes.value })
        }
        registry.counter("callpath_sent_bytes_total", "Octets sent on connections.") {
            Double(traffic.reduce(0) { $0 + $1.sentBytes.value })
        }
    }

    func count(_ timeout: Timeout) {
        timeouts[timeout.rawValue].increment()
    }
}
