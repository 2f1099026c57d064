import HTTP
import HTTPTypes
package import Logging

/// Watches every request: counts it, logs it, and gives it an identity.
package struct Telemetry: Sendable {
    let metrics: RequestMetrics
    let logger: Logger
    /// Asked of the logger once: its level is fixed at start, and asking costs as much as counting the request.
    private let writesLines: Bool

    package init(metrics: RequestMetrics, logger: Logger = Logger(label: "callpath.access")) {
        self.metrics = metrics
        self.logger = logger
        writesLines = logger.logLevel <= .info
    }

    /// The layer that stands outside all others: what leaves it goes to the client.
    func layer(_ route: Route, _ next: @escaping Endpoint) -> Endpoint {
        let series = RouteSeries(template: route.template.description, metrics: metrics)
        return { exchange in
            switch try next(exchange) {
            case .now(var response):
                finish(&response, exchange, series)
                return .now(response)
            case .later(let work):
                return .later {
                    var response = try await work()
                    finish(&response, exchange, series)
                    return response
                }
            }
        }
    }

    /// Finishes an answer: its identity goes with it, and it is counted and logged.
    private func finish(_ response: inout Response, _ exchange: Exchange, _ series: RouteSeries) {
        let context = exchange.context
        response.fields.append("X-Request-Id", context.id.text)
        if let traceParent = context.traceParent { response.fields[.traceParent] = traceParent.text }
        let duration = ContinuousClock.now - exchange.request.arrival
        if context.isTimed { response.fields[.serverTiming] = context.timing.fieldValue(total: duration) }
        series.record(exchange.request, response, duration: duration)
        log(response, exchange, route: series.template, duration: duration)
    }

    /// Writes one line a request, never with a secret or with tensor data.
    private func log(_ response: Response, _ exchange: Exchange, route: String, duration: Duration) {
        guard writesLines else { return }
        let (request, context) = (exchange.request, exchange.context)
        var metadata: Logger.Metadata = [
            "method": "\(request.method.rawValue)", "target": "\(request.target.prefix(1024))", "route": "\(route)",
            "status": "\(response.status.code)", "duration_ms": "\(ServerTiming.milliseconds(duration))",
            "bytes_in": "\(request.body.count)", "bytes_out": "\(response.body.count ?? 0)",
            "peer": "\(request.client?.address ?? "")", "request_id": "\(context.id.text)",
        ]
        if let proxy = request.client?.proxy { metadata["proxy"] = "\(proxy)" }
        if let key = context.key { metadata["key"] = "\(key.name)" }
        if let name = request.client?.name { metadata["client"] = "\(name)" }
        if let trace = context.traceParent?.traceID { metadata["trace_id"] = "\(trace)" }
        logger.info("request", metadata: metadata)
    }
}
