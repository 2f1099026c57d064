package import HTTP

/// What an endpoint makes of an exchange.
package enum Outcome: Sendable {
    /// The response; nothing had to be waited for.
    case now(Response)
    /// Work that waits, and brings the response.
    case later(@Sendable () async throws -> Response)

    /// The response, waited for where it must be.
    package var response: Response {
        get async throws {
            switch self {
            case .now(let response): response
            case .later(let work): try await work()
            }
        }
    }
}
