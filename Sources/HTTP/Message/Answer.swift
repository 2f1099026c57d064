/// What a handler says to a request.
package enum Answer: Sendable {
    /// The response: nothing had to be waited for, and no task was made.
    case now(Response)
    /// Work that brings the response, done in a task that is cancelled when the client goes away.
    case later(@Sendable () async -> Response)

    /// The response, waited for where it must be.
    package var response: Response {
        get async {
            switch self {
            case .now(let response): response
            case .later(let work): await work()
            }
        }
    }
}

/// Answers one request: the only seam between the network and the application.
///
/// It runs in a turn of an event loop, so what takes long or waits belongs in `Answer.later`.
package typealias Handler = @Sendable (Request) -> Answer
