package import HTTP
package import Logging
package import Metrics

/// A web interface: routes, and the layers that each request passes on its way to one.
package struct Interface: Sendable {
    /// How a problem is answered, in the form that the request's path is answered in.
    package typealias Presentation = @Sendable (Problem, Request) -> Response

    /// The rows of the interface.
    package let routes: [Route]
    /// Makes answers of problems.
    let present: Presentation
    /// Watches requests.
    let telemetry: Telemetry
    /// Bytes of a body once its content coding is off; beyond, 413.
    let maxDecodedBodyBytes: Int
    /// Where defects are written to.
    let logger: Logger

    package init(
        routes: [Route],
        present: @escaping Presentation,
        maxDecodedBodyBytes: Int,
        metrics: MetricsRegistry,
        accessLog: AccessLog?,
        logger: Logger
    ) {
        self.routes = routes
        self.present = present
        self.maxDecodedBodyBytes = maxDecodedBodyBytes
        self.logger = logger
        telemetry = Telemetry(metrics: RequestMetrics(in: metrics), log: accessLog)
    }

    /// Returns the handler that a server runs; `rules` decide which requests reach a route of the `selection`.
    package func handler(rules: AccessRules = AccessRules(), offering selection: RouteSelection = .all) -> Handler {
        let outer = [Layer(telemetry.layer), Layer(rules.crossOrigin.layer), answeringProblems]
        let layers = outer + rules.guards + [refusingQueries, sparingTheLoop, decodingContent]
        let dispatcher = Dispatcher(routes.filter(selection.includes), layers: layers, present: present)
        return { request in dispatcher.answer(request) }
    }
}
