package import Metrics

/// The measurements of all calls.
package struct CallMetrics: Sendable {
    private let requests: Family<Counter>

    package init(in registry: MetricsRegistry) {
        requests = registry.counters(
            "callpath_grpc_requests_total",
            "gRPC calls that ended, by method and status; method is 'none' for those that there are not.",
            labels: ["method", "status"]
        )
    }

    func count(_ method: String, status: StatusCode) {
        requests[method, String(status.rawValue)].increment()
    }
}
