import HTTP
import HTTPTypes
import Logging

/// Watches every request: counts it, logs it, and gives it an identity.
package struct Telemetry: Sendable {
    let metrics: RequestMetrics
    let log: AccessLog?

    package init(metrics: RequestMetrics, log: AccessLog?) {
        self.metrics = metrics
        self.log = log
    }

    /// The middleware that stands outside all others: what leaves it goes to the client.
    func wrap(_ route: Route, _ next: @escaping Endpoint) -> Endpoint {
        let series = RouteSeries(template: route.template.description, metrics: metrics)
        let finish: @Sendable (consuming Response, Exchange) -> Response = { finished($0, $1, series) }
        return { exchange in
            try next(exchange).map(exchange, finish)
        }
    }

    /// Finishes an answer: its identity goes with it, and it is counted and logged.
    private func finished(_ response: consuming Response, _ exchange: Exchange, _ series: RouteSeries) -> Response {
        let context = exchange.context
        response.fields.append("X-Request-Id", context.id.text)
        if let traceParent = context.traceParent { response.fields[.traceParent] = traceParent.text }
        let duration = ContinuousClock.now - exchange.request.arrival
        if context.isTimed { response.fields[.serverTiming] = context.timing.fieldValue(total: duration) }
        series.record(exchange.request, response, duration: duration)
        log(response, exchange, route: series.template, duration: duration)
        return response
    }

    /// Writes one line a request.
    private func log(_ response: Response, _ exchange: Exchange, route: String, duration: Duration) {
        let isExpected = exchange.route.isProbe && response.status.code < 400
        let level = isExpected ? Logger.Level.debug : .info
        guard let log, level >= log.level else { return }
        let (request, context) = (exchange.request, exchange.context)
        log.write(
            AccessLine(
                level: level,
                status: response.status.code,
                microseconds: ServerTiming.microseconds(duration),
                method: request.method.rawValue,
                target: Self.cut(request.target),
                route: route,
                bytesIn: request.body.count,
                bytesOut: response.body.count ?? 0,
                peer: request.client?.address ?? "",
                proxy: request.client?.proxy,
                requestID: context.id.text,
                key: context.key?.name,
                client: request.client?.name,
                traceID: context.traceParent.map { String($0.traceID) }
            )
        )
    }

    /// The octets of a target that a line shows.
    private static let shownTarget = 1024

    private static func cut(_ target: String) -> String {
        target.utf8.count <= shownTarget ? target : String(decoding: target.utf8.prefix(shownTarget), as: UTF8.self)
    }
}
