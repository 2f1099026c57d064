import HTTP
import HTTPTypes
import Logging

extension API {
    /// A layer that turns errors into problem documents, and writes defects to the log.
    var answeringProblems: Layer {
        { [logger] route, next in
            { exchange in
                do {
                    return try await next(exchange)
                } catch {
                    let problem = Problem(error)
                    if problem.code == .internalError {
                        logger.error("\(route.operation) failed: \(error)")
                    }
                    return problem.response(to: exchange.request)
                }
            }
        }
    }

    /// A layer that takes the content coding off a request's body.
    var decodingContent: Layer {
        { [limit = options.maxDecodedBodyBytes] _, next in
            { exchange in
                guard exchange.request.fields.contains(.contentEncoding) else { return try await next(exchange) }
                var decoded = exchange
                decoded.request.body = try exchange.request.decodedBody(limit: limit)
                return try await next(decoded)
            }
        }
    }
}
