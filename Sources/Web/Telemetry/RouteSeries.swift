import HTTP
import HTTPTypes
import Metrics
import Synchronization

/// What is measured of the requests that one route answered.
final class RouteSeries: Sendable {
    /// The route's template, or `none` for requests that no route answers.
    let template: String
    private let requests: Family<Counter>
    private let durations: Histogram
    private let requestBytes: Counter
    private let responseBytes: Counter
    /// The counters of `requests` by method and status: looking them up by their labels for every request costs more.
    private let counters = Mutex<[(method: HTTPRequest.Method, status: Int, counter: Counter)]>([])

    init(template: String, metrics: RequestMetrics) {
        self.template = template
        requests = metrics.requests
        durations = metrics.durations[template]
        requestBytes = metrics.requestBytes[template]
        responseBytes = metrics.responseBytes[template]
    }

    /// Counts a request and its answer.
    func record(_ request: Request, _ response: Response, duration: Duration) {
        counter(method: request.method, status: response.status.code).increment()
        durations.observe(duration)
        requestBytes.increment(by: request.contentByteCount)
        responseBytes.increment(by: response.body.count ?? 0)
    }

    private func counter(method: HTTPRequest.Method, status: Int) -> Counter {
        counters.withLock { counters in
            let known = counters.first { $0.status == status && $0.method == method }
            if let known { return known.counter }
            // Clients can make up as many methods as they like: those that nobody knows are one, and not kept here.
            let isKnown = Router.knownMethods.contains(method)
            let counter = requests[template, isKnown ? method.rawValue : "OTHER", String(status)]
            if isKnown { counters.append((method, status, counter)) }
            return counter
        }
    }
}
