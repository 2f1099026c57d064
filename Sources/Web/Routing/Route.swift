package import HTTP
package import HTTPTypes

/// A request on its way to an endpoint: what was asked, and the route that was found for it.
package struct Exchange: Sendable {
    /// The request, its body already decoded.
    package let request: Request
    /// The route that its method and path lead to.
    package let route: Route
    /// What is known of the request beside what the client sent.
    package let context: RequestContext

    /// Returns what the path says where its template has `{name}`, decoded; empty if it has no such parameter.
    package func parameter(_ name: String) -> String {
        route.template.value(of: name, in: request.pathOctets.span)
    }
}

/// What answers an exchange, or says how it will be; errors become problem documents outside of it.
package typealias Endpoint = @Sendable (Exchange) throws -> Reply<any Error>

/// What answers an exchange in a task of its own.
package typealias WaitingEndpoint = @Sendable (Exchange) async throws -> Response

/// A function that wraps the endpoint of a route, once, when the router is made.
///
/// A type of its own: functions in an array are called through two thunks each.
package struct Middleware: Sendable {
    package let wrap: @Sendable (_ route: Route, _ next: @escaping Endpoint) -> Endpoint

    package init(_ wrap: @escaping @Sendable (_ route: Route, _ next: @escaping Endpoint) -> Endpoint) {
        self.wrap = wrap
    }
}

/// One row of the interface: a method on a path, and who answers it.
package final class Route: Sendable {
    /// The method; a route for GET answers HEAD too.
    package let method: HTTPRequest.Method
    /// The form of its path.
    package let template: PathTemplate
    /// The name of the operation, as `operationId` in `openapi.yaml`.
    package let operation: String
    /// Who may ask.
    package let scope: Scope
    /// The parameters that its query may have; `nil` if others than we say what may stand there.
    package let query: [String]?
    /// Whether balancers and monitors ask it all the time: it is answered under any name, and its lines are for debugging.
    package let isProbe: Bool
    /// The status codes that it can answer, beside those that any route can (`Route.universalStatuses`).
    package let statuses: [Int]
    /// The endpoint with its middleware.
    package let endpoint: Endpoint

    /// The status codes that any route can answer: a bad target, wrong keys, a foreign page or name, a method or coding that nobody takes,
    /// overload, a defect, what a store cannot do, and what a client has seen of another registry.
    package static let universalStatuses = [
        400, 401, 403, 405, 409, 412, 413, 415, 421, 429, 500, 501, 503, 507,
    ]

    /// Creates a row whose endpoint may wait.
    package convenience init(
        _ method: HTTPRequest.Method,
        _ template: String,
        _ operation: String,
        scope: Scope,
        query: [String]? = [],
        isProbe: Bool = false,
        statuses: [Int],
        endpoint: @escaping WaitingEndpoint
    ) {
        self.init(
            method,
            template,
            operation,
            scope: scope,
            query: query,
            isProbe: isProbe,
            statuses: statuses,
            reply: { exchange in .later { try await endpoint(exchange) } }
        )
    }

    /// Creates a row whose endpoint says whether it has to wait.
    package init(
        _ method: HTTPRequest.Method,
        _ template: String,
        _ operation: String,
        scope: Scope,
        query: [String]? = [],
        isProbe: Bool = false,
        statuses: [Int],
        reply endpoint: @escaping Endpoint
    ) {
        self.method = method
        self.template = PathTemplate(template)
        self.operation = operation
        self.scope = scope
        self.query = query
        self.isProbe = isProbe
        self.statuses = statuses
        self.endpoint = endpoint
    }

    /// Returns the route with its endpoint in `middleware`, the first outermost.
    package func wrapped(in middleware: [Middleware]) -> Route {
        var endpoint = endpoint
        for each in middleware.reversed() { endpoint = each.wrap(self, endpoint) }
        return copy(endpoint, query: query)
    }

    /// The route as it is for clients that put into its query what is none of our business.
    package var ignoringQuery: Route { copy(endpoint, query: nil) }

    private func copy(_ endpoint: @escaping Endpoint, query: [String]?) -> Route {
        Route(
            method,
            template.description,
            operation,
            scope: scope,
            query: query,
            isProbe: isProbe,
            statuses: statuses,
            reply: endpoint
        )
    }
}
