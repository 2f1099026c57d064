import HTTP
import HTTPTypes
import JSON
import Serving
import Tensors

/// `POST /v2/models/{name}[/versions/{version}]/infer`.
struct InferResource: Sendable {
    private static let statuses = [200, 404]
    /// Bytes from which copying them is long work: some 100 µs.
    private static let longByteCount = 1 << 20

    let api: API

    var routes: [Route] {
        [
            Route(
                .post,
                "/v2/models/{name}/infer",
                "infer",
                scope: .infer,
                statuses: Self.statuses,
                endpoint: infer
            ),
            Route(
                .post,
                "/v2/models/{name}/versions/{version}/infer",
                "inferVersion",
                scope: .infer,
                statuses: Self.statuses,
                endpoint: infer
            ),
        ]
    }

    private func infer(_ exchange: Exchange) async throws -> Response {
        let model = try api.model(of: exchange)
        do {
            return try await answer(exchange, from: model)
        } catch let error as InferenceError {
            throw Problem(error)
        } catch {
            throw Problem(error, compatibility: model.compatibility)
        }
    }

    /// Infers with `model` from the body of a request.
    func answer(_ exchange: Exchange, from model: Publication) async throws -> Response {
        let start = ContinuousClock.now
        let request = exchange.request
        let infer = try Self.read(request, for: model)
        let outputs = try RequestedOutputs(infer, model: model)
        var call = try callRequest(infer, model: model, arrival: request.arrival)
        call.origin = exchange.context
        let decoded = ContinuousClock.now
        let result = try await api.registry.call(model, call)
        let computed = ContinuousClock.now
        let writer = InferResponseWriter(
            modelName: model.name,
            modelVersion: result.version,
            id: infer.id,
            nonFinite: api.options.inferenceNonFinite
        )
        let isLong = try isLong(result, outputs)
        let response = try await LongWork.run(if: isLong) { try writer.response(outputs.outputs(of: result)) }
        model.recordCodec(input: decoded - start, output: .now - computed, batchSize: result.batchSize)
        return response
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
        model: Publication,
        arrival: ContinuousClock.Instant
    ) throws -> CallRequest {
        let deadlines = [infer.parameters.timeout, api.options.callTimeout].compactMap { $0.map { arrival + $0 } }
        return CallRequest(
            inputs: try Self.inputs(infer.inputs, of: model),
            hooks: try hooks(infer.parameters.hooks, for: model),
            deadline: deadlines.min(),
            priority: infer.parameters.priority
        )
    }

    /// Returns the inputs in the order in which the module takes them.
    private static func inputs(_ given: [InferInput], of model: Publication) throws(InferenceError) -> [Tensor] {
        let names = model.inputs.map(\.name)
        let tensors = names.compactMap { name in given.first { $0.name == name }?.tensor }
        guard tensors.count == names.count, given.count == names.count else {
            throw .inputs(expected: names, got: given.map { String($0.name.prefix(64)) })
        }
        return tensors
    }

    private func hooks(_ value: JSONValue?, for model: Publication) throws -> [HookDescription] {
        guard let value else { return [] }
        let reader = CallReader(
            listDType: model.listDType ?? .float32,
            maxHooks: api.registry.limits.maxHooksPerCall
        )
        return try JSONBody.decode(value.serialized, reader.hooks)
    }

    /// Returns whether writing the outputs is long work; bytes are only copied.
    private func isLong(_ result: CallResult, _ outputs: RequestedOutputs) throws(Problem) -> Bool {
        let elements = outputs.textElementCount(of: result)
        let isLong = try LongWork.isLong(elements: elements, limit: api.options.maxAnswerBytes)
        return isLong || result.output.byteCount >= Self.longByteCount
    }
}
