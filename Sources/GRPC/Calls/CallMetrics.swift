package import Metrics
import Synchronization

/// The measurements of all calls.
package struct CallMetrics: Sendable {
    /// The counters of a method by status, made when they are first asked for: a look-up by labels costs more.
    private final class Counters: Sendable {
        private let method: String
        private let requests: Family<Counter>
        private let counters = Mutex([Counter?](repeating: nil, count: StatusCode.allCases.count))

        init(of method: String, in requests: Family<Counter>) {
            self.method = method
            self.requests = requests
        }

        func count(_ status: StatusCode) {
            let counter = counters.withLock { counters in
                if let known = counters[status.rawValue] { return known }
                let new = requests[method, String(status.rawValue)]
                counters[status.rawValue] = new
                return new
            }
            counter.increment()
        }
    }

    private let methods: [ArraySlice<UInt8>: Counters]
    /// Those of paths at which there is no method.
    private let others: Counters

    /// - Parameter paths: Those of the methods that there are.
    package init(of paths: [String], in registry: MetricsRegistry) {
        let requests = registry.counters(
            "callpath_grpc_requests_total",
            "gRPC calls that ended, by method and status; method is 'none' for those that there are not.",
            labels: ["method", "status"]
        )
        methods = Dictionary(paths.map { (Array($0.utf8)[...], Counters(of: $0, in: requests)) }) { first, _ in first }
        others = Counters(of: "none", in: requests)
    }

    func count(_ path: ArraySlice<UInt8>, status: StatusCode) {
        (methods[path] ?? others).count(status)
    }
}
