/// What is said to a request: a response that is there, or work that brings it.
///
/// What wraps a handler works on a reply by `map`, `recovering` and `finally`, which do the same now and later. What
/// differs from request to request goes through them as `context`, so that their functions are made once and a response that is
/// there costs no allocation.
@frozen package enum Reply<Failure: Error>: Sendable {
    /// The response: nothing had to be waited for, and no task was made.
    case now(Response)
    /// What `later` was given.
    case waiting(Work)

    /// Work that brings a response, and throws no other error than `Failure`.
    ///
    /// The closure's own type does not say so: the compiler (6.3) crashes where one of a generic error is taken out of an enum.
    @frozen package struct Work: Sendable {
        @usableFromInline let body: @Sendable () async throws -> Response

        @inlinable @inline(__always)
        init(_ body: @escaping @Sendable () async throws -> Response) { self.body = body }
    }

    /// Returns this reply with its response changed by `transform`.
    @inlinable @inline(__always)
    package consuming func map<Context: Sendable>(
        _ context: Context,
        _ transform: @escaping @Sendable (consuming Response, Context) -> Response
    ) -> Reply {
        switch consume self {
        case .now(let response): return .now(transform(response, context))
        case .waiting(let work):
            let body = work.body
            return .waiting(Work { transform(try await body(), context) })
        }
    }
}

extension Reply where Failure == any Error {
    /// Work that brings the response, done in a task that is cancelled when the client goes away.
    @inlinable @inline(__always)
    package static func later(_ work: @escaping @Sendable () async throws -> Response) -> Reply { .waiting(Work(work)) }

    /// The response, waited for where it must be.
    package var response: Response {
        get async throws {
            switch self {
            case .now(let response): response
            case .waiting(let work): try await work.body()
            }
        }
    }

    /// Returns what `reply` returns, and what `recover` makes of what it throws, now or later.
    @inlinable @inline(__always)
    package static func recovering<Context: Sendable>(
        _ context: Context,
        _ reply: (Context) throws -> Reply,
        _ recover: @escaping @Sendable (any Error, Context) -> Response
    ) -> Reply<Never> {
        do {
            switch try reply(context) {
            case .now(let response): return .now(response)
            case .waiting(let work):
                return .later {
                    do { return try await work.body() } catch { return recover(error, context) }
                }
            }
        } catch { return .now(recover(error, context)) }
    }

    /// Returns what `reply` returns, and what `recover` makes of what it throws, now or later: a response or another error.
    @inlinable @inline(__always)
    package static func recovering<Context: Sendable>(
        _ context: Context,
        _ reply: (Context) throws -> Reply,
        orThrowing recover: @escaping @Sendable (any Error, Context) throws -> Response
    ) throws -> Reply {
        do {
            switch try reply(context) {
            case .now(let response): return .now(response)
            case .waiting(let work):
                return .later {
                    do { return try await work.body() } catch { return try recover(error, context) }
                }
            }
        } catch { return .now(try recover(error, context)) }
    }

    /// Returns what `reply` returns, and calls `action` once that is there or was thrown.
    @inlinable @inline(__always)
    package static func finally<Context: Sendable>(
        _ context: Context,
        _ reply: () throws -> Reply,
        _ action: @escaping @Sendable (Context) -> Void
    ) throws -> Reply {
        do {
            switch try reply() {
            case .now(let response):
                action(context)
                return .now(response)
            case .waiting(let work):
                return .later {
                    defer { action(context) }
                    return try await work.body()
                }
            }
        } catch {
            action(context)
            throw error
        }
    }
}

extension Reply where Failure == Never {
    /// Work that brings the response, done in a task that is cancelled when the client goes away.
    @inlinable @inline(__always)
    package static func later(_ work: @escaping @Sendable () async -> Response) -> Reply { .waiting(Work(work)) }

    /// The response, waited for where it must be.
    package var response: Response {
        get async {
            switch self {
            case .now(let response): response
            case .waiting(let work): await work.response
            }
        }
    }

    /// This reply where one that may fail is wanted.
    @inlinable @inline(__always)
    package var orFailure: Reply<any Error> {
        switch self {
        case .now(let response): .now(response)
        case .waiting(let work): .waiting(.init(work.body))
        }
    }
}

extension Reply.Work where Failure == Never {
    /// The response, once it is there.
    package var response: Response {
        get async {
            do {
                return try await body()
            } catch {
                preconditionFailure("work that cannot fail has thrown \(error)")
            }
        }
    }
}

/// Answers one request: the only seam between the network and the application.
///
/// It runs in a turn of an event loop, so what takes long or waits belongs in `Reply.later`.
package typealias Handler = @Sendable (Request) -> Reply<Never>
