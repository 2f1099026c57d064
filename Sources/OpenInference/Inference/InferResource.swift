import HTTP
import HTTPTypes
import JSON
import Models
import ModuleAPI
import Serving
import Tensors
import Web

/// `POST /v2/models/{name}[/versions/{version}]/infer`.
struct InferResource: Sendable {
    private static let statuses = [200, 404]
    /// Bytes from which copying them is long work: some 100 µs.
    private static let longByteCount = 1 << 20

    let api: InferenceAPI

    var routes: [Route] {
        [
            Route(
                .post,
                "/v2/models/{name}/infer",
                "infer",
                scope: .infer,
                statuses: Self.statuses,
                reply: infer
            ),
            Route(
                .post,
                "/v2/models/{name}/versions/{version}/infer",
                "inferVersion",
                scope: .infer,
                statuses: Self.statuses,
                reply: infer
            ),
        ]
    }

    private func infer(_ exchange: Exchange) throws -> Reply<any Error> {
        guard let model = try api.modelIfLoaded(of: exchange) else {
            return .later { try await infer(exchange, with: api.model(of: exchange)).response }
        }
        return try infer(exchange, with: model)
    }

    private func infer(_ exchange: Exchange, with model: Publication) throws -> Reply<any Error> {
        try Reply.recovering(exchange) { exchange in
            try answer(exchange, from: model)
        } orThrowing: { [compatibility = model.compatibility] error, _ in
            throw Problem(error, compatibility: compatibility)
        }
    }

    /// Infers with `model` from the body of a request: a small call on the spot, a large one in its turn.
    func answer(_ exchange: Exchange, from model: Publication) throws -> Reply<any Error> {
        let inference = try inference(exchange, from: model)
        switch try api.registry.begin(model, inference.call) {
        case .done(let result): return try answer(inference, result, for: exchange.request.client)
        case .waiting(let call):
            return .later {
                try await answer(inference, call.result, for: exchange.request.client).response
            }
        }
    }

    /// Reads a request and checks it.
    private func inference(_ exchange: Exchange, from model: Publication) throws -> Inference {
        let start = ContinuousClock.now
        let request = try Self.read(exchange.request, for: model)
        let outputs = try RequestedOutputs(request, model: model)
        let call = try callRequest(request, of: exchange, for: model)
        return Inference(model: model, id: request.id, call: call, outputs: outputs, decoding: .now - start)
    }

    private func answer(_ inference: Inference, _ result: CallResult, for client: Client?) throws -> Reply<any Error> {
        let policy = api.options.nonFinite
        guard try isLong(result, inference.outputs) else { return .now(try inference.response(result, policy)) }
        return .later { try await LongWork.run(for: client) { try inference.response(result, policy) } }
    }

    private static func read(_ request: Request, for model: Publication) throws(InferenceError) -> InferRequest {
        let headerLength = request.fields[.inferenceHeaderContentLength]
        if let headerLength, try InferRequestReader.headerLength(headerLength, bodyBytes: request.body.count) == 0 {
            return try RawRequest.read(request.body, inputs: model.inputs)
        }
        var reader = try InferRequestReader(body: request.body, headerLength: headerLength)
        return try reader.read()
    }

    private func callRequest(
        _ infer: InferRequest,
        of exchange: Exchange,
        for model: Publication
    ) throws -> CallRequest {
        let timeout =
            switch (infer.parameters.timeout, api.api.options.callTimeout) {
            case (let own?, let most?): min(own, most)
            case (let own, let most): own ?? most
            }
        return CallRequest(
            inputs: try Self.inputs(infer.inputs, of: model),
            hooks: try hooks(infer.parameters.hooks, for: model),
            seed: infer.parameters.seed,
            deadline: timeout.map { exchange.request.arrival + $0 },
            priority: infer.parameters.priority,
            origin: exchange.context
        )
    }

    /// Returns the inputs in the order in which the module takes them.
    private static func inputs(_ given: [InferInput], of model: Publication) throws(InferenceError) -> [Tensor] {
        let taken = model.inputs
        let tensors = taken.compactMap { input in given.first { $0.name == input.name }?.tensor }
        guard tensors.count == taken.count, given.count == taken.count else {
            throw .inputs(expected: taken.map(\.name), got: given.map { String($0.name.prefix(64)) })
        }
        return tensors
    }

    private func hooks(_ value: JSONValue?, for model: Publication) throws -> [HookDescription] {
        guard let value else { return [] }
        let reader = CallReader(
            listDType: .init(ofModuleTaking: model.listDType),
            maxHooks: api.registry.limits.maxHooksPerCall
        )
        return try reader.hooks(in: value.serialized)
    }

    /// Returns whether writing the outputs is long work; bytes are only copied.
    private func isLong(_ result: CallResult, _ outputs: RequestedOutputs) throws(Problem) -> Bool {
        let elements = outputs.textElementCount(of: result)
        let isLong = try LongWork.isLong(elements: elements, limit: api.api.options.maxAnswerBytes)
        return isLong || result.outputs.byteCount >= Self.longByteCount
    }
}

/// An inference that is read and checked, and not yet computed.
private struct Inference: Sendable {
    let model: Publication
    let id: String?
    let call: CallRequest
    let outputs: RequestedOutputs
    /// How long reading it took.
    let decoding: Duration

    /// Writes what came out, and counts how long that and the reading took.
    func response(_ result: CallResult, _ nonFinite: NonFinitePolicy) throws -> Response {
        let start = ContinuousClock.now
        let writer = InferResponseWriter(
            modelName: model.name,
            modelVersion: result.version,
            id: id,
            nonFinite: nonFinite
        )
        let response = try writer.response(outputs.outputs(of: result))
        model.recordCodec(input: decoding, output: .now - start, batchSize: result.batchSize)
        return response
    }
}
