import GRPC
import HTTP
import Models
import ModuleAPI
import Serving
import Web

/// `ModelInfer`.
struct ModelInferMethod: Sendable {
    let api: InferenceAPI

    func answer(_ call: Call, _ bytes: MessageBytes) throws -> Reply<any Error> {
        let message = try bytes.read(ModelInferRequest.self)
        return try answer(message, in: bytes.octets, call, arrival: call.exchange.request.arrival)
    }

    /// Answers one request, alone or in a stream.
    ///
    /// - Parameter arrival: From when on its `timeout` counts.
    func answer(
        _ message: ModelInferRequest,
        in octets: [UInt8],
        _ call: Call,
        arrival: ContinuousClock.Instant,
        isStreamed: Bool = false
    ) throws -> Reply<any Error> {
        let target = try ModelTarget(name: message.modelName, version: message.modelVersion)
        let form = InferMessageForm(hasRawInputs: !message.rawInputContents.isEmpty, isStreamed: isStreamed)
        guard let model = try api.modelIfLoaded(target) else {
            return .later {
                let model = try await api.lookUp(target) { try await api.registry.module($0, version: $1) }
                return try await infer(message, in: octets, of: model, in: form, call, arrival: arrival).response
            }
        }
        return try infer(message, in: octets, of: model, in: form, call, arrival: arrival)
    }

    private func infer(
        _ message: ModelInferRequest,
        in octets: [UInt8],
        of model: ModuleVersion,
        in form: InferMessageForm,
        _ call: Call,
        arrival: ContinuousClock.Instant
    ) throws -> Reply<any Error> {
        try Reply.recovering(call.exchange) { exchange in
            let inference = try Inference(exchange, of: model, for: api, arrival: arrival, deadline: call.deadline) {
                try InferRequest(message, in: octets)
            }
            return try api.reply(to: inference, in: form)
        } orThrowing: { [compatibility = model.compatibility] error, _ in
            throw Problem(error, compatibility: compatibility)
        }
    }
}
