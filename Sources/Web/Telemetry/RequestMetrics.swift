package import Metrics

/// The measurements of all routes.
package struct RequestMetrics: Sendable {
    let requests: Family<Counter>
    let durations: Family<Histogram>
    let requestBytes: Family<Counter>
    let responseBytes: Family<Counter>

    package init(in registry: MetricsRegistry) {
        requests = registry.counters(
            "callpath_http_requests_total",
            "Requests answered, by route, method and status.",
            labels: ["route", "method", "status"]
        )
        durations = registry.histograms(
            "callpath_http_request_duration_seconds",
            "Time from the first octet of a request to its answer.",
            labels: ["route"]
        )
        requestBytes = registry.counters(
            "callpath_http_request_body_bytes_total",
            "Octets of request bodies, content codings taken off.",
            labels: ["route"]
        )
        responseBytes = registry.counters(
            "callpath_http_response_body_bytes_total",
            "Octets of answers' bodies before content coding.",
            labels: ["route"]
        )
    }
}
