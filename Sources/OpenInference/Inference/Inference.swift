import HTTP
import JSON
import Models
import ModuleAPI
import Serving
import Tensors
import Web

/// An inference that is read and checked, and not yet computed.
struct Inference: Sendable {
    let model: ModuleVersion
    let id: String?
    let call: CallRequest
    let outputs: RequestedOutputs
    /// Whose inference it is; nil for nobody outside.
    let client: Client?
    /// How long reading it took.
    private let decoding: Duration

    /// Matches what `read` returns with a model.
    ///
    /// - Parameters:
    ///   - arrival: From when on its `timeout` counts.
    ///   - deadline: When the client wants no answer any more.
    init(
        _ exchange: Exchange,
        of model: ModuleVersion,
        for api: InferenceAPI,
        arrival: ContinuousClock.Instant,
        deadline: ContinuousClock.Instant? = nil,
        _ read: () throws -> InferRequest
    ) throws {
        let start = ContinuousClock.now
        let request = try read()
        self.model = model
        id = request.id
        outputs = try RequestedOutputs(request, model: model)
        let timeout = Self.least(request.parameters.timeout, api.api.options.callTimeout)
        call = CallRequest(
            inputs: try Self.inputs(request.inputs, of: model),
            hooks: try Self.hooks(request.parameters.hooks, of: model, for: api),
            seed: request.parameters.seed,
            deadline: Self.least(timeout.map { arrival + $0 }, deadline),
            priority: request.parameters.priority,
            origin: exchange.context
        )
        client = exchange.request.client
        decoding = .now - start
    }

    private static func least<Value: Comparable>(_ first: Value?, _ second: Value?) -> Value? {
        guard let first, let second else { return first ?? second }
        return min(first, second)
    }

    /// Returns the inputs in the order in which the module takes them.
    private static func inputs(_ given: [InferInput], of model: ModuleVersion) throws(InferenceError) -> [Tensor] {
        let taken = model.inputs
        let tensors = taken.compactMap { input in given.first { $0.name == input.name }?.tensor }
        guard tensors.count == taken.count, given.count == taken.count else {
            throw .inputs(expected: taken.map(\.name), got: given.map { String($0.name.prefix(64)) })
        }
        return tensors
    }

    private static func hooks(
        _ value: JSONValue?,
        of model: ModuleVersion,
        for api: InferenceAPI
    ) throws -> [HookDescription] {
        guard let value else { return [] }
        let reader = CallReader(
            listDType: .init(ofModuleTaking: model.listDType),
            maxHooks: api.registry.limits.maxHooksPerCall
        )
        return try reader.hooks(in: value.serialized)
    }

    /// Writes what came out in `form`, and counts how long that and the reading took.
    func response(_ result: CallResult, in form: some InferenceForm) throws -> Response {
        let start = ContinuousClock.now
        let response = try form.response(to: self, outputs.outputs(of: result), version: result.version)
        model.recordCodec(input: decoding, output: .now - start, batchSize: result.batchSize)
        return response
    }
}

/// How the outputs of an inference are answered.
protocol InferenceForm: Sendable {
    /// Returns how many elements become text or are sorted.
    func textElementCount(of result: CallResult, to inference: Inference) -> Int

    func response(to inference: Inference, _ outputs: [InferOutput], version: Int) throws -> Response
}

extension InferenceAPI {
    /// Bytes from which copying them is long work: some 100 µs.
    private static let longByteCount = 1 << 20

    /// Makes an inference: a small one on the spot, a large one in its turn.
    func reply(to inference: Inference, in form: some InferenceForm) throws -> Reply<any Error> {
        switch try registry.begin(inference.model, inference.call) {
        case .done(let result): return try reply(to: inference, result, in: form)
        case .waiting(let call):
            return .later { try await reply(to: inference, call.result, in: form).response }
        }
    }

    private func reply(
        to inference: Inference,
        _ result: CallResult,
        in form: some InferenceForm
    ) throws -> Reply<any Error> {
        let elements = form.textElementCount(of: result, to: inference)
        let isText = try LongWork.isLong(elements: elements, limit: api.options.maxAnswerBytes)
        guard isText || result.outputs.byteCount >= Self.longByteCount else {
            return .now(try inference.response(result, in: form))
        }
        return .later { try await LongWork.run(for: inference.client) { try inference.response(result, in: form) } }
    }
}
