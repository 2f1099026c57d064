package import HTTP
package import Logging
package import Metrics

/// A web interface: routes, and the middleware that each request passes on its way to one.
package struct Interface: Sendable {
    /// How a problem is answered, in the form that the request's path is answered in.
    package typealias Presentation = @Sendable (Problem, Request) -> Response

    /// The rows of the interface.
    package private(set) var routes: [Route]
    /// Adds to each answer, problems too, what is to be said of the server; `nil` for nothing.
    let signing: Middleware?
    /// Makes answers of problems.
    private(set) var present: Presentation
    /// Watches requests.
    let telemetry: Telemetry
    /// Bytes of a body once its content coding is off; beyond, 413.
    let maxDecodedBodyBytes: Int
    /// What stands before every path where a proxy serves other things too; routes answer with it and without.
    let pathPrefix: PathPrefix
    /// Where defects are written to.
    let logger: Logger

    package init(
        routes: [Route],
        signing: Middleware? = nil,
        present: @escaping Presentation,
        maxDecodedBodyBytes: Int,
        pathPrefix: PathPrefix = PathPrefix(),
        metrics: MetricsRegistry,
        accessLog: AccessLog?,
        logger: Logger
    ) {
        self.routes = routes
        self.signing = signing
        self.present = present
        self.maxDecodedBodyBytes = maxDecodedBodyBytes
        self.pathPrefix = pathPrefix
        self.logger = logger
        telemetry = Telemetry(metrics: RequestMetrics(in: metrics), log: accessLog)
    }

    /// Returns an interface of other routes in another form, whose requests are watched with those of this one.
    package func beside(_ routes: [Route], present: @escaping Presentation) -> Interface {
        var other = self
        (other.routes, other.present) = (routes, present)
        return other
    }

    /// Returns the handler that a server runs; `rules` decide which requests reach a route of the `selection`.
    package func handler(rules: AccessRules = AccessRules(), offering selection: RouteSelection = .all) -> Handler {
        let outer =
            [Middleware(telemetry.wrap), prefixingLocations] + [signing].compactMap(\.self)
            + [answeringProblems, Middleware(rules.hosts.wrap)]
        // Scripts that may read answers may read what is wrong too.
        let opening = rules.crossOrigin.origins.isEmpty ? [] : [Middleware(rules.crossOrigin.wrap), answeringProblems]
        let guards = [Middleware(rules.crossOrigin.protect)] + rules.guards
        let all = outer + opening + guards + [refusingQueries, sparingTheLoop, decodingContent]
        let dispatcher = Dispatcher(routes.filter(selection.includes), middleware: all, present: present)
        guard !pathPrefix.isEmpty else { return { request in dispatcher.answer(request) } }
        return { [pathPrefix] request in dispatcher.answer(pathPrefix.removed(from: request)) }
    }
}
