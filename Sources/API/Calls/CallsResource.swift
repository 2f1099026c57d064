import HTTP
import HTTPTypes
import JSON
import OrderedCollections
import Serving
import Tensors

/// `/v1/modules/{name}/call`, `.../trace` and `.../backward`.
struct CallsResource: Sendable {
    private static let statuses = [200, 400, 404, 406, 413, 415, 422, 429, 503]

    let api: API

    var routes: [Route] {
        [
            route("call", "callModule", call),
            route("trace", "traceModule", trace),
            route("backward", "backwardModule", backward),
        ]
    }

    private func route(_ verb: String, _ operation: String, _ endpoint: @escaping Endpoint) -> Route {
        Route(
            .post,
            "/v1/modules/{name}/\(verb)",
            operation,
            scope: .infer,
            statuses: Self.statuses,
            endpoint: endpoint
        )
    }

    func call(_ exchange: Exchange) async throws -> Response {
        let representation = try exchange.representation(among: .call)
        let publication = try api.registry.publication(exchange.parameters["name"])
        let (body, request) = try measuredRequest(exchange, for: publication)
        try Self.refuseCaptures(of: body, as: representation)
        let result = try await run(publication) { try await api.registry.call(publication, request) }
        exchange.context.note(result.timing)
        let answer = CallAnswer(result: result, nonFinite: api.options.nonFinite)
        let (showsGradient, showsCaptures) = (request.recordsGradients, !body.hooks.isEmpty)
        return try await LongWork.run(if: isLong(result, as: representation)) {
            try exchange.context.measured(answer, as: representation, showsGradient, showsCaptures)
        }
    }

    /// Reads a request, and notes how long that took.
    private func measuredRequest(
        _ exchange: Exchange,
        for publication: Publication
    ) throws -> (CallBody, CallRequest) {
        try exchange.context.measure(\.parse) { try request(exchange, for: publication) }
    }

    private func trace(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        let publication = try api.registry.publication(exchange.parameters["name"])
        let (body, request) = try request(exchange, for: publication)
        let result = try await run(publication) { try await api.registry.trace(publication, request) }
        let answer = CallAnswer(result: result.call, nonFinite: api.options.nonFinite)
        let (showsGradient, showsCaptures) = (request.recordsGradients, !body.hooks.isEmpty)
        return try await LongWork.run(if: isLong(result.call)) {
            try answer.json(showsGradient: showsGradient, showsCaptures: showsCaptures) { writer in
                TraceWriter.write(result.events, to: &writer)
            }
        }
    }

    private func backward(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        let publication = try api.registry.publication(exchange.parameters["name"])
        let (body, request) = try request(exchange, for: publication, takesGradient: true)
        let result = try await run(publication) {
            try await api.registry.backward(publication, request, gradOutput: body.gradOutput)
        }
        let answer = CallAnswer(result: result.call, nonFinite: api.options.nonFinite)
        let gradients = result.gradInputs + result.gradients.values
        let isLong = try isLong(result.call, and: gradients.compactMap(\.self))
        return try await LongWork.run(if: isLong) {
            try answer.json(showsGradient: true, showsCaptures: true) { writer throws(Problem) in
                try GradientsWriter(nonFinite: answer.nonFinite).write(result, to: &writer)
            }
        }
    }

    /// Returns whether writing an answer is long work; bytes are sent from where they lie.
    private func isLong(
        _ result: CallResult,
        as representation: Representation = .json,
        and others: [Tensor] = []
    ) throws(Problem) -> Bool {
        guard representation == .json else { return representation == .safetensors }
        let tensors = [result.output] + result.captures.map(\.tensor) + others
        return try LongWork.isLong(
            elements: tensors.reduce(0) { $0 + $1.elementCount },
            limit: api.options.maxAnswerBytes
        )
    }

    /// Runs a call, and gives what it throws the words of the PyTorch whose rules the module follows.
    private func run<Result>(
        _ publication: Publication,
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch {
            throw Problem(error, compatibility: publication.compatibility)
        }
    }

    private func request(
        _ exchange: Exchange,
        for publication: Publication,
        takesGradient: Bool = false
    ) throws -> (CallBody, CallRequest) {
        let recordsGradients =
            try exchange.request.query != nil && Query(exchange.request, known: ["grad"]).flag("grad")
        let reader = CallReader(
            listDType: publication.listDType ?? .float32,
            maxHooks: api.registry.limits.maxHooksPerCall,
            takesGradient: takesGradient
        )
        let body = try reader.body(exchange)
        let deadline = api.options.callTimeout.map { exchange.request.arrival + $0 }
        let request = CallRequest(
            inputs: body.inputs,
            recordsGradients: recordsGradients,
            hooks: body.hooks,
            deadline: deadline
        )
        return (body, request)
    }

    /// Refuses captures where the answer has room for one tensor only.
    private static func refuseCaptures(of body: CallBody, as representation: Representation) throws(Problem) {
        guard representation == .text || representation == .bytes else { return }
        guard body.hooks.contains(where: { if case .capture = $0.action { true } else { false } }) else { return }
        throw Problem(
            .notAcceptable,
            "Captures come as JSON or safetensors, not as \(representation.rawValue).",
            expected: [.string(Representation.json.rawValue), .string(Representation.safetensors.rawValue)],
            got: .string(representation.rawValue)
        )
    }
}

extension RequestContext {
    /// Returns an answer in its form, and notes how long that took.
    fileprivate func measured(
        _ answer: CallAnswer,
        as representation: Representation,
        _ showsGradient: Bool,
        _ showsCaptures: Bool
    ) throws -> Response {
        try measure(\.encode) {
            try answer.response(as: representation, showsGradient: showsGradient, showsCaptures: showsCaptures)
        }
    }
}
