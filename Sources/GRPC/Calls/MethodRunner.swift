import HTTP
import HTTPTypes
import Web

/// Runs a method for the calls that come, and says in trailers how each ended.
struct MethodRunner: Sendable {
    /// Octets from which compressing is long work.
    private static let longByteCount = 65_536

    let method: Method
    let options: CallOptions
    let metrics: CallMetrics

    /// The method as a row of an interface.
    var route: Route {
        Route(
            .post,
            method.path,
            "grpc\(method.name)",
            scope: method.scope,
            query: nil,
            isProbe: method.isProbe,
            statuses: [200],
            reply: answer
        )
    }

    private func answer(_ exchange: Exchange) throws -> Reply<any Error> {
        guard CallForm.isCall(exchange.request) else { throw CallForm.refusal(of: exchange.request) }
        do {
            let call = try Call(exchange, options)
            guard !call.isLate else { throw CallFailure.deadlineExceeded }
            return switch method.body {
            case .unary(let body): try answer(call, body)
            case .streaming(let body): .now(stream(call, body))
            }
        } catch let failure as CallFailure { return .now(Status(failure).response) }
    }

    // MARK: - One message for one

    private func answer(_ call: Call, _ body: @escaping Method.Unary) throws -> Reply<any Error> {
        var source = MessageSource(call)
        guard let message = try source.onlyAtOnce() else {
            return .later { [source] in try await waiting(call, source, body) }
        }
        do {
            switch try body(call, message) {
            case .now(let response):
                guard isLong(response, call) else { return .now(try framed(response, call)) }
                return .later { try await answered(call) { .now(response) } }
            case .waiting(let work): return .later { try await answered(call) { .waiting(work) } }
            }
        } catch { return .now(try failed(error, call)) }
    }

    /// Whether putting an answer into its frame takes long.
    private func isLong(_ response: Response, _ call: Call) -> Bool {
        call.encoder.coding != .identity && response.body.count ?? 0 > Self.longByteCount
    }

    private func waiting(_ call: Call, _ source: MessageSource, _ body: @escaping Method.Unary) async throws -> Response
    {
        try await answered(call) {
            var source = source
            let message = try await source.only()
            let isLong = message.count >= LongWork.byteCount
            return try await LongWork.run(if: isLong, for: call.exchange.request.client) { try body(call, message) }
        }
    }

    /// Waits for an answer, until the deadline at most.
    private func answered(
        _ call: Call,
        _ reply: @escaping @Sendable () async throws -> Reply<any Error>
    ) async throws -> Response {
        do {
            return try await call.beforeDeadline {
                let response = try await reply().response
                let isLong = isLong(response, call)
                return try await LongWork.run(if: isLong, for: call.exchange.request.client) {
                    try framed(response, call)
                }
            }
        } catch { return try failed(error, call) }
    }

    private func framed(_ response: consuming Response, _ call: Call) throws(CallFailure) -> Response {
        guard case .bytes(let message) = response.body else { return response }
        response.body = .none
        response.body = .bytes(try call.encoder.frame(message))
        call.addFields(to: &response.fields)
        response.trailers = Status.okTrailers
        response.deadline = call.deadline
        return response
    }

    /// Returns the answer to a call that failed, or throws on what others put into words.
    private func failed(_ error: any Error, _ call: Call) throws -> Response {
        if call.isLate { return Status(CallFailure.deadlineExceeded).response }
        // A client that has gone hears nothing any more, and is no reason to say that the server goes down.
        if Task.isCancelled { return Status(CallFailure.abandoned).response }
        switch error {
        case is CallFailure, is RequestStream.Failure: return Status(error).response
        default: throw error
        }
    }

    // MARK: - Streams

    private func stream(_ call: Call, _ body: @escaping Method.Streaming) -> Response {
        let grant = call.exchange.context.takeGrant()
        var response = Response(status: .ok, body: .stream { writer in try await run(call, body, writer, grant) })
        call.addFields(to: &response.fields)
        response.deadline = call.deadline
        return response
    }

    private func run(
        _ call: Call,
        _ body: @escaping Method.Streaming,
        _ writer: any BodyWriter,
        _ grant: GrantedStream?
    ) async throws {
        let sink = MessageSink(writer: writer, encoder: call.encoder)
        var status = Status(.ok)
        var abandonment: (any Error)?
        do {
            try await call.beforeDeadline {
                guard let grant else { return try await body(call, MessageSource(call), sink) }
                try await grant.run { try await body(call, MessageSource(call), sink) }
            }
        } catch {
            if Task.isCancelled || error as? RequestStream.Failure == .cancelled { abandonment = error }
            let failure = abandonment == nil ? error : CallFailure.abandoned
            status = Status(call.isLate ? CallFailure.deadlineExceeded : failure)
        }
        metrics.count(Array(method.path.utf8)[...], status: status.code)
        // Those who watch the server hear how an abandoned call ended, its client does not.
        try await writer.setTrailers(status.trailers)
        if let abandonment { throw abandonment }
    }
}
