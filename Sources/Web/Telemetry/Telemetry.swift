import HTTP
package import HTTPTypes
import Logging

extension HTTPField.Name {
    /// How a call of gRPC ended.
    package static let grpcStatus = constant("grpc-status")
}

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
        guard log != nil, case .stream(let produce) = response.body else {
            let end = StreamWatch.End(byteCount: response.body.count ?? 0, trailers: response.trailers)
            log(response.status.code, end, exchange, route: series.template, duration: duration)
            return response
        }
        let watch = StreamWatch { [status = response.status.code, template = series.template] end in
            log(status, end, exchange, route: template, duration: .now - exchange.request.arrival)
        }
        response.body = .stream { try await produce(StreamWatch.Writer(watch: watch, target: $0)) }
        return response
    }

    /// Writes one line a request, once its answer is there; behind its end, if that comes over time.
    private func log(_ status: Int, _ end: StreamWatch.End, _ exchange: Exchange, route: String, duration: Duration) {
        let callStatus = end.trailers?[.grpcStatus].flatMap { Int($0) }
        let isExpected = exchange.route.isProbe && status < 400 && callStatus ?? 0 == 0
        let level = isExpected ? Logger.Level.debug : .info
        guard let log, level >= log.level else { return }
        let (request, context) = (exchange.request, exchange.context)
        log.write(
            AccessLine(
                level: level,
                status: status,
                callStatus: callStatus,
                microseconds: ServerTiming.microseconds(duration),
                method: request.method.rawValue,
                target: Self.cut(request.target),
                route: route,
                bytesIn: request.contentByteCount,
                bytesOut: end.byteCount,
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
