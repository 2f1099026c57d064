package import HTTP
import HTTPTypes
import JSON
import Models
import NN
import OrderedCollections
import Serving
import Tensors
package import Web

/// `/v1/modules/{name}/call`, `.../trace` and `.../backward`.
package struct CallsResource: Sendable {
    private static let statuses = [200, 400, 404, 406, 413, 415, 422, 429, 503]

    let api: API

    package init(api: API) {
        self.api = api
    }

    var routes: [Route] {
        [
            Route(
                .post,
                "/v1/modules/{name}/call",
                "callModule",
                scope: .infer,
                query: ["grad"],
                statuses: Self.statuses,
                reply: { try call($0, of: $0.parameter("name")) }
            ),
            route("trace", "traceModule", query: ["grad"], trace),
            route("backward", "backwardModule", query: [], backward),
        ]
    }

    private func route(
        _ verb: String,
        _ operation: String,
        query: [String],
        _ endpoint: @escaping Endpoint
    ) -> Route {
        Route(
            .post,
            "/v1/modules/{name}/\(verb)",
            operation,
            scope: .infer,
            query: query,
            statuses: Self.statuses,
            reply: endpoint
        )
    }

    /// Calls a module: a small call on the spot, a large one in its turn of the compute queue.
    package func call(_ exchange: Exchange, of module: String) throws -> Reply<any Error> {
        let representation = try exchange.representation(among: .call)
        guard let moduleVersion = try api.registry.moduleIfLoaded(module) else {
            return .later {
                try await call(exchange, api.registry.module(module), as: representation).response
            }
        }
        return try call(exchange, moduleVersion, as: representation)
    }

    private func call(
        _ exchange: Exchange,
        _ moduleVersion: ModuleVersion,
        as representation: Representation
    ) throws -> Reply<any Error> {
        let reader = reader(for: moduleVersion)
        let request = try exchange.context.measure(.parse) { try self.request(exchange, with: reader) }
        try Self.refuseCaptures(of: request, as: representation)
        switch try runHere(moduleVersion, { try api.registry.begin(moduleVersion, request) }) {
        case .done(let result): return try answer(exchange, request, result, as: representation)
        case .waiting(let call):
            return .later {
                let result = try await run(moduleVersion) { try await call.result }
                return try await answer(exchange, request, result, as: representation).response
            }
        }
    }

    private func answer(
        _ exchange: Exchange,
        _ request: CallRequest,
        _ result: consuming CallResult,
        as representation: Representation
    ) throws -> Reply<any Error> {
        exchange.context.note(result.timing)
        let isLong = try isLong(result, as: representation)
        let answer = CallAnswer(result: result, nonFinite: api.options.nonFinite)
        let (showsGradient, showsCaptures) = (request.recordsGradients, !request.hooks.isEmpty)
        guard isLong else {
            return .now(try exchange.context.measured(answer, as: representation, showsGradient, showsCaptures))
        }
        return .later {
            try await LongWork.run(for: exchange.request.client) {
                try exchange.context.measured(answer, as: representation, showsGradient, showsCaptures)
            }
        }
    }

    /// Goes on with the module that a path names: at once if it is loaded, and else once it is.
    private func withModule(
        of exchange: Exchange,
        _ next: @escaping @Sendable (ModuleVersion) throws -> Reply<any Error>
    ) throws -> Reply<any Error> {
        let name = exchange.parameter("name")
        guard let module = try api.registry.moduleIfLoaded(name) else {
            return .later { try await next(api.registry.module(name)).response }
        }
        return try next(module)
    }

    private func trace(_ exchange: Exchange) throws -> Reply<any Error> {
        _ = try exchange.representation(among: .json)
        return try withModule(of: exchange) { try trace(exchange, $0) }
    }

    private func trace(_ exchange: Exchange, _ moduleVersion: ModuleVersion) throws -> Reply<any Error> {
        let request = try request(exchange, with: reader(for: moduleVersion))
        return .later {
            let result = try await run(moduleVersion) { try await api.registry.trace(moduleVersion, request) }
            let answer = CallAnswer(result: result.call, nonFinite: api.options.nonFinite)
            let (showsGradient, showsCaptures) = (request.recordsGradients, !request.hooks.isEmpty)
            return try await LongWork.run(if: isLong(result.call), for: exchange.request.client) {
                try answer.json(showsGradient: showsGradient, showsCaptures: showsCaptures) { writer in
                    TraceWriter.write(result.events, to: &writer)
                }
            }
        }
    }

    private func backward(_ exchange: Exchange) throws -> Reply<any Error> {
        _ = try exchange.representation(among: .json)
        return try withModule(of: exchange) { try backward(exchange, $0) }
    }

    private func backward(_ exchange: Exchange, _ moduleVersion: ModuleVersion) throws -> Reply<any Error> {
        let recordsGradients = try Self.recordsGradients(exchange)
        let document = try Self.document(exchange, with: reader(for: moduleVersion, takesGradient: true))
        let request = request(exchange, document, recordsGradients)
        return .later {
            let result = try await run(moduleVersion) {
                try await api.registry.backward(
                    moduleVersion,
                    request,
                    gradOutput: document.gradOutput,
                    gradOutputs: document.gradOutputs
                )
            }
            let answer = CallAnswer(result: result.call, nonFinite: api.options.nonFinite)
            let gradients = result.gradInputs + result.gradients.values
            let isLong = try isLong(result.call, and: gradients.compactMap(\.self))
            return try await LongWork.run(if: isLong, for: exchange.request.client) {
                try answer.json(showsGradient: true, showsCaptures: true) { writer throws(DocumentProblem) in
                    try GradientsWriter(nonFinite: answer.nonFinite).write(result, to: &writer)
                }
            }
        }
    }

    /// Returns whether writing an answer is long work; bytes are sent from where they lie.
    private func isLong(
        _ result: CallResult,
        as representation: Representation = .json,
        and others: [Tensor] = []
    ) throws(Problem) -> Bool {
        guard representation == .json else { return representation.isSafetensors }
        let elements = result.outputs.elementCount + result.captures.reduce(0) { $0 + $1.tensor.elementCount }
        return try LongWork.isLong(
            elements: others.reduce(elements) { $0 + $1.elementCount },
            limit: api.options.maxAnswerBytes
        )
    }

    /// Runs a call, and gives what it throws the words of the PyTorch whose rules the module follows.
    private func run<Result>(
        _ moduleVersion: ModuleVersion,
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch {
            throw Self.problem(error, of: moduleVersion)
        }
    }

    private func runHere<Result>(_ moduleVersion: ModuleVersion, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw Self.problem(error, of: moduleVersion)
        }
    }

    private static func problem(_ error: any Error, of moduleVersion: ModuleVersion) -> Problem {
        var problem = Problem(error, compatibility: moduleVersion.compatibility)
        guard case ModuleError.tooManyArguments = error else { return problem }
        let names =
            moduleVersion.inputCount == 1 ? ["input"] : (1...max(1, moduleVersion.inputCount)).map { "input\($0)" }
        problem.expected = names.count == 1 ? .string(names[0]) : .array(names.map { .string($0) })
        return problem
    }

    private func reader(for moduleVersion: ModuleVersion, takesGradient: Bool = false) -> CallReader {
        CallReader(
            listDType: .init(ofModuleTaking: moduleVersion.listDType),
            maxHooks: api.registry.limits.maxHooksPerCall,
            takesGradient: takesGradient,
            inputs: moduleVersion.namedInputs,
            outputs: takesGradient ? moduleVersion.outputs.map(\.name) : []
        )
    }

    private func request(_ exchange: Exchange, with reader: CallReader) throws -> CallRequest {
        let recordsGradients = try Self.recordsGradients(exchange)
        return request(exchange, try Self.document(exchange, with: reader), recordsGradients)
    }

    private static func recordsGradients(_ exchange: Exchange) throws -> Bool {
        guard !exchange.request.queryOctets.isEmpty else { return false }
        // A platform's clients may put anything there.
        guard exchange.route.query != nil else { return Query.isSet("grad", in: exchange.request) }
        return try Query(exchange).flag("grad")
    }

    /// Reads the body of a request, JSON or the bytes of one tensor.
    private static func document(_ exchange: Exchange, with reader: CallReader) throws -> CallDocument {
        switch try exchange.bodyType(among: [.json, .bytes]) {
        case .bytes: CallDocument(inputs: [try TensorBytes.tensor(exchange.request)])
        default: try reader.call(in: exchange.request.body)
        }
    }

    private func request(
        _ exchange: Exchange,
        _ document: consuming CallDocument,
        _ recordsGradients: Bool
    ) -> CallRequest {
        var request = CallRequest(
            inputs: document.inputs,
            recordsGradients: recordsGradients,
            hooks: document.hooks,
            seed: document.seed,
            deadline: api.options.callTimeout.map { exchange.request.arrival + $0 },
            origin: exchange.context
        )
        request.named = document.named
        return request
    }

    /// Refuses captures where the answer has room for one tensor only.
    private static func refuseCaptures(of request: CallRequest, as representation: Representation) throws(Problem) {
        guard representation == .text || representation == .bytes else { return }
        guard request.hooks.contains(where: { if case .capture = $0.action { true } else { false } }) else { return }
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
        try measure(.encode) {
            try answer.response(as: representation, showsGradient: showsGradient, showsCaptures: showsCaptures)
        }
    }
}
