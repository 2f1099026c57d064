import HTTP
import HTTPTypes
import Synchronization

/// What is known of one request on its way through the server, beside what the client sent.
package final class RequestContext: Sendable {
    private struct Notes {
        package var key: AccessKey?
        var timing = ServerTiming()
        var count: (@Sendable () throws(Problem) -> Void)?
        var grant: GrantedStream?
    }

    package let id: RequestID
    package let traceParent: TraceParent?
    /// Whether the client wants to know where the time went: `Prefer: server-timing` (RFC 7240).
    package let isTimed: Bool
    private let client: Client?
    private let notes = Mutex(Notes())

    init(_ request: Request) {
        client = request.client
        id = RequestID(sent: request.fields[.xRequestID])
        traceParent = TraceParent(request.fields[.traceParent])
        isTimed = request.fields[.prefer]?.contains("server-timing") ?? false
    }

    /// The key that the client showed, if it is known.
    package var key: AccessKey? {
        get { notes.withLock { $0.key } }
        set { notes.withLock { $0.key = newValue } }
    }

    /// What ends a stream with the client's key, until somebody takes it.
    var grant: GrantedStream? {
        get { notes.withLock { $0.grant } }
        set { notes.withLock { $0.grant = newValue } }
    }

    /// Takes from the middleware what ends a stream with the client's key, to tell the client so in words of one's own.
    ///
    /// - Returns: `nil` where no key was asked for, or another has taken it.
    package func takeGrant() -> GrantedStream? {
        notes.withLock { notes in
            defer { notes.grant = nil }
            return notes.grant
        }
    }

    /// What counts another request of the client within this one; nothing where there is no limit.
    var count: (@Sendable () throws(Problem) -> Void)? {
        get { notes.withLock { $0.count } }
        set { notes.withLock { $0.count = newValue } }
    }

    /// Counts another request of the client within this one, as of a stream of them.
    ///
    /// - Throws: 429 beyond the client's rate.
    package func countAnother() throws(Problem) {
        try count?()
    }

    /// Where the time went, as far as it is known.
    package var timing: ServerTiming {
        get { notes.withLock { $0.timing } }
        set { notes.withLock { $0.timing = newValue } }
    }
}

extension RequestContext {
    /// Has `body` run once nobody may wait for the answer any more, and returns what ends that watch.
    package func whenGone(_ body: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        guard let client else { return {} }
        let watch = client.whenGone(body)
        return { client.forget(watch) }
    }

    /// Runs `body`, and notes how long it took if the client wants to know.
    @inlinable
    package func measure<Result>(
        _ part: ServerTiming.Part,
        _ body: () throws -> Result
    ) rethrows -> Result {
        guard isTimed else { return try body() }
        let start = ContinuousClock.now
        defer { timing[part] = .now - start }
        return try body()
    }
}

extension HTTPField.Name {
    static let xRequestID = constant("X-Request-Id")
    static let traceParent = constant("Traceparent")
    static let prefer = constant("Prefer")
    static let serverTiming = constant("Server-Timing")
}
