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
    private let counters = Mutex<[Key: Counter]>([:])

    private struct Key: Hashable {
        let method: HTTPRequest.Method
        let status: Int
    }

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
        let key = Key(method: Self.knownMethod(method), status: status)
        return counters.withLock { counters in
            if let counter = counters[key] { return counter }
            let counter = requests[template, key.method.rawValue, String(status)]
            counters[key] = counter
            return counter
        }
    }

    /// Returns a method that is one of a few: clients can make up as many as they like.
    private static func knownMethod(_ method: HTTPRequest.Method) -> HTTPRequest.Method {
        Router.knownMethods.contains(method) ? method : HTTPRequest.Method("OTHER") ?? .trace
    }
}
