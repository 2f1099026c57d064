package import HTTP

/// What wraps an endpoint, now and later in the same way.
///
/// What differs from request to request goes through the exchange, not through what a closure captures: the functions are made
/// once for a route, and a response that is there costs no allocation. (A context of any type would cost one: a generic function
/// takes closures through a thunk.)
extension Reply where Failure == any Error {
    /// Returns this reply with its response changed by `transform`.
    @inline(__always)
    package consuming func map(
        _ exchange: Exchange,
        _ transform: @escaping @Sendable (consuming Response, Exchange) -> Response
    ) -> Reply {
        switch consume self {
        case .now(let response): return .now(transform(response, exchange))
        case .waiting(let work): return .later { transform(try await work.body(), exchange) }
        }
    }

    /// Returns what `endpoint` returns, and what `recover` makes of what it throws.
    @inline(__always)
    package static func recovering(
        _ exchange: Exchange,
        _ endpoint: (Exchange) throws -> Reply,
        _ recover: @escaping @Sendable (any Error, Exchange) -> Response
    ) -> Reply<Never> {
        do {
            switch try endpoint(exchange) {
            case .now(let response): return .now(response)
            case .waiting(let work):
                return .later {
                    do { return try await work.body() } catch { return recover(error, exchange) }
                }
            }
        } catch { return .now(recover(error, exchange)) }
    }

    /// Returns what `endpoint` returns, and what `recover` makes of what it throws: a response or another error.
    @inline(__always)
    package static func recovering(
        _ exchange: Exchange,
        _ endpoint: (Exchange) throws -> Reply,
        orThrowing recover: @escaping @Sendable (any Error, Exchange) throws -> Response
    ) throws -> Reply {
        do {
            switch try endpoint(exchange) {
            case .now(let response): return .now(response)
            case .waiting(let work):
                return .later {
                    do { return try await work.body() } catch { return try recover(error, exchange) }
                }
            }
        } catch { return .now(try recover(error, exchange)) }
    }

    /// Returns what `endpoint` returns, and calls `action` once that is there or was thrown.
    @inline(__always)
    package static func finally(
        _ exchange: Exchange,
        _ endpoint: (Exchange) throws -> Reply,
        _ action: @escaping @Sendable (Exchange) -> Void
    ) throws -> Reply {
        do {
            switch try endpoint(exchange) {
            case .now(let response):
                action(exchange)
                return .now(response)
            case .waiting(let work):
                return .later {
                    defer { action(exchange) }
                    return try await work.body()
                }
            }
        } catch {
            action(exchange)
            throw error
        }
    }
}
