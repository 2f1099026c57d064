import HTTP
import HTTPTypes
import Serving
import Synchronization

/// What is known of one request on its way through the server, beside what the client sent.
package final class RequestContext: Sendable {
    private struct Notes {
        var key: AccessKey?
        var timing = ServerTiming()
    }

    let id: RequestID
    let traceParent: TraceParent?
    /// Whether the client wants to know where the time went: `Prefer: server-timing` (RFC 7240).
    let isTimed: Bool
    private let client: Client?
    private let notes = Mutex(Notes())

    init(_ request: Request) {
        client = request.client
        id = RequestID(sent: request.fields[.xRequestID])
        traceParent = TraceParent(request.fields[.traceParent])
        isTimed = request.fields[.prefer]?.contains("server-timing") ?? false
    }

    /// The key that the client showed, if it is known.
    var key: AccessKey? {
        get { notes.withLock { $0.key } }
        set { notes.withLock { $0.key = newValue } }
    }

    /// Where the time went, as far as it is known.
    var timing: ServerTiming {
        get { notes.withLock { $0.timing } }
        set { notes.withLock { $0.timing = newValue } }
    }
}

extension RequestContext: CallOrigin {
    package var requestID: String { id.text }
    package var traceID: String? { traceParent.map { String($0.traceID) } }

    package func whenGone(_ body: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        guard let client else { return {} }
        let watch = client.whenGone(body)
        return { client.forget(watch) }
    }
}

extension RequestContext {
    /// Runs `body`, and notes how long it took if the client wants to know.
    func measure<Result>(
        _ part: ServerTiming.Part,
        _ body: () throws -> Result
    ) rethrows -> Result {
        guard isTimed else { return try body() }
        let start = ContinuousClock.now
        defer { timing[part] = .now - start }
        return try body()
    }

    /// Notes how long a call waited and computed.
    func note(_ timing: CallTiming) {
        guard isTimed else { return }
        self.timing[.queue] = timing.queue
        self.timing[.compute] = timing.compute
    }
}

extension HTTPField.Name {
    static let xRequestID = constant("X-Request-Id")
    static let traceParent = constant("Traceparent")
    static let prefer = constant("Prefer")
    static let serverTiming = constant("Server-Timing")
}
