import HTTP
import HTTPTypes
import Logging

extension Interface {
    /// A middleware that turns errors into problem documents, and writes defects to the log.
    var answeringProblems: Middleware {
        Middleware { [self] route, next in
            let recover: @Sendable (any Error, Exchange) -> Response = { answer(to: $0, $1, route) }
            return { exchange in Reply.recovering(exchange, next, recover).orFailure }
        }
    }

    private func answer(to error: any Error, _ exchange: Exchange, _ route: Route) -> Response {
        let problem = Problem(error)
        if problem.code == .internalError { logger.error("\(route.operation) failed: \(error)") }
        return present(problem, exchange.request)
    }

    /// A middleware that puts the path prefix before the places that answers name.
    var prefixingLocations: Middleware {
        Middleware { [pathPrefix] _, next in
            guard !pathPrefix.isEmpty else { return next }
            return { exchange in try next(exchange).map(exchange) { response, _ in pathPrefix.added(to: response) } }
        }
    }

    /// A middleware that refuses queries where a route takes none; a route that takes some reads them, and refuses others.
    var refusingQueries: Middleware {
        Middleware { route, next in
            guard route.query == [] else { return next }
            return { exchange in
                if !exchange.request.queryOctets.isEmpty { _ = try Query(exchange) }
                return try next(exchange)
            }
        }
    }

    /// A middleware that takes the content coding off a request's body.
    var decodingContent: Middleware {
        Middleware { [limit = maxDecodedBodyBytes] _, next in
            { exchange in
                guard exchange.request.fields.contains(.contentEncoding) else { return try next(exchange) }
                let body = try exchange.request.decodedBody(limit: limit)
                let decoded = Request(exchange.request, body: body)
                return try next(Exchange(request: decoded, route: exchange.route, context: exchange.context))
            }
        }
    }

    /// A middleware that answers requests with much to read off the event loop.
    var sparingTheLoop: Middleware {
        Middleware { _, next in
            { exchange in
                let isLong = exchange.request.body.count >= LongWork.byteCount
                guard isLong || exchange.request.fields.contains(.contentEncoding) else {
                    return try next(exchange)
                }
                return .later { try await LongWork.answer(exchange, next) }
            }
        }
    }
}
