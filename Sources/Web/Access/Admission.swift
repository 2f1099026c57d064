import HTTP
import HTTPTypes
import Synchronization

/// What one client may ask of the server, by key if it shows one and by address if not.
package struct AdmissionLimits: Sendable {
    /// Requests a second, on average (default: no limit).
    package var requestsPerSecond: Double?
    /// Requests at once before the rate counts (default: twice the rate, at least 1).
    package var burst: Double?
    /// Requests being worked on (default: no limit).
    package var concurrentRequests: Int?

    package init(requestsPerSecond: Double? = nil, burst: Double? = nil, concurrentRequests: Int? = nil) {
        self.requestsPerSecond = requestsPerSecond
        self.burst = burst
        self.concurrentRequests = concurrentRequests
    }

    /// Whether there is any limit.
    package var isUnlimited: Bool { requestsPerSecond == nil && concurrentRequests == nil }
}

/// Keeps each client within its limits; beyond them the answer is 429 with `Retry-After`.
final class Admission: Sendable {
    private struct Client {
        var bucket: TokenBucket
        var active = 0
    }

    /// The most clients that are remembered.
    ///
    /// Beyond them the idle ones are forgotten, and if none is, newcomers wait.
    static let maximumClientCount = 65_536

    private let limits: AdmissionLimits
    private let rate: Double
    private let burst: Double
    private let clients = Mutex<[String: Client]>([:])

    init(limits: AdmissionLimits) {
        self.limits = limits
        rate = limits.requestsPerSecond ?? .infinity
        burst = max(1, limits.burst ?? 2 * rate)
    }

    /// The middleware that wraps every route that is not open to anyone.
    ///
    /// It stands between finding out whose key a request shows and refusing those who show none.
    func wrap(_ route: Route, _ next: @escaping Endpoint) -> Endpoint {
        guard route.scope != .open, !limits.isUnlimited else { return next }
        let leave: @Sendable (Exchange) -> Void = { self.leave(Self.client(of: $0)) }
        return { exchange in
            let client = Self.client(of: exchange)
            try self.enter(client, now: .now)
            if self.rate.isFinite {
                exchange.context.count = { () throws(Problem) in try self.count(client, now: .now) }
            }
            return try Reply.finally(exchange, next, leave)
        }
    }

    private static func client(of exchange: Exchange) -> String {
        exchange.context.key.map { "key " + $0.name } ?? address(of: exchange.request)
    }

    /// Counts a request within another that is being worked on.
    private func count(_ name: String, now: ContinuousClock.Instant) throws(Problem) {
        let wait = clients.withLock { $0[name]?.bucket.take(rate: rate, burst: burst, now: now) }
        if let wait { throw Self.refusal(wait) }
    }

    /// Counts a request in.
    func enter(_ name: String, now: ContinuousClock.Instant) throws(Problem) {
        let refusal: Duration? = clients.withLock { clients in
            guard makeRoom(in: &clients, for: name, now: now) else { return .seconds(1) }
            return enter(&clients[name, default: Client(bucket: TokenBucket(burst: burst, now: now))], now: now)
        }
        guard let refusal else { return }
        throw Self.refusal(refusal)
    }

    private func enter(_ client: inout Client, now: ContinuousClock.Instant) -> Duration? {
        if let most = limits.concurrentRequests, client.active >= most { return .seconds(1) }
        if rate.isFinite, let wait = client.bucket.take(rate: rate, burst: burst, now: now) { return wait }
        client.active += 1
        return nil
    }

    private static func refusal(_ wait: Duration) -> Problem {
        let seconds = max(1, Int((wait / .seconds(1)).rounded(.up)))
        return Problem(
            .tooManyRequests,
            "Too many requests from this client; try again in \(seconds) s.",
            fields: [.retryAfter: String(seconds)]
        )
    }

    /// Counts a request out.
    func leave(_ name: String) {
        clients.withLock { clients in clients[name]?.active -= 1 }
    }

    private func makeRoom(
        in clients: inout [String: Client],
        for name: String,
        now: ContinuousClock.Instant
    ) -> Bool {
        guard clients.count >= Self.maximumClientCount, clients[name] == nil else { return true }
        clients = clients.filter { entry in
            var bucket = entry.value.bucket
            return entry.value.active > 0 || (rate.isFinite && !bucket.isFull(rate: rate, burst: burst, now: now))
        }
        return clients.count < Self.maximumClientCount
    }

    static func address(of request: Request) -> String {
        "address " + (request.client?.address ?? "")
    }
}
