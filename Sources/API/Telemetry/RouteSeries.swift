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
    private let counters = Mutex<[(key: Int, counter: Counter)]>([])

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
        requestBytes.increment(by: request.body.count)
        responseBytes.increment(by: response.body.count ?? 0)
    }

    private func counter(method: HTTPRequest.Method, status: Int) -> Counter {
        // Clients can make up as many methods as they like: those that nobody knows are one.
        let place = Router.knownMethods.firstIndex(of: method)
        let key = (place ?? Router.knownMethods.count) << 16 | status
        return counters.withLock { counters in
            if let known = counters.first(where: { $0.key == key }) { return known.counter }
            let counter = requests[template, place == nil ? "OTHER" : method.rawValue, String(status)]
            counters.append((key, counter))
            return counter
        }
    }
}
