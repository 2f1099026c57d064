/// What is said to a request: a response that is there, or work that brings it.
///
/// What wraps an endpoint works on a reply by Web's `map`, `recovering` and `finally`, which do the same now and later.
package enum Reply<Failure: Error>: Sendable {
    /// The response: nothing had to be waited for, and no task was made.
    case now(Response)
    /// What `later` was given.
    case waiting(Work)

    /// Work that brings a response, and throws no other error than `Failure`.
    ///
    /// The closure's own type does not say so: the compiler (6.3) crashes where one of a generic error is taken out of an enum.
    package struct Work: Sendable {
        package let body: @Sendable () async throws -> Response

        package init(_ body: @escaping @Sendable () async throws -> Response) { self.body = body }
    }
}

extension Reply where Failure == any Error {
    /// Work that brings the response, done in a task that is cancelled when the client goes away.
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
}

extension Reply where Failure == Never {
    /// Work that brings the response, done in a task that is cancelled when the client goes away.
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
