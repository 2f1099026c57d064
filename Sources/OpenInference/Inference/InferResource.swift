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

    private func infer(_ exchange: Exchange, with model: ModuleVersion) throws -> Reply<any Error> {
        try Reply.recovering(exchange) { exchange in
            try answer(exchange, from: model)
        } orThrowing: { [compatibility = model.compatibility] error, _ in
            throw Problem(error, compatibility: compatibility)
        }
    }

    /// Infers with `model` from the body of a request: a small call on the spot, a large one in its turn.
    func answer(_ exchange: Exchange, from model: ModuleVersion) throws -> Reply<any Error> {
        let inference = try Inference(exchange, of: model, for: api, arrival: exchange.request.arrival) {
            try Self.read(exchange.request, for: model)
        }
        return try api.reply(to: inference, in: InferResponseForm(nonFinite: api.options.nonFinite))
    }

    private static func read(_ request: Request, for model: ModuleVersion) throws(InferenceError) -> InferRequest {
        let headerLength = request.fields[.inferenceHeaderContentLength]
        if let headerLength, try InferRequestReader.headerLength(headerLength, bodyBytes: request.body.count) == 0 {
            return try RawRequest.read(request.body, inputs: model.inputs)
        }
        var reader = try InferRequestReader(body: request.body, headerLength: headerLength)
        return try reader.read()
    }
}

/// Answers as the protocol has it over HTTP: JSON, with the bytes of binary outputs behind it.
private struct InferResponseForm: InferenceForm {
    let nonFinite: NonFinitePolicy

    func textElementCount(of result: CallResult, to inference: Inference) -> Int {
        inference.outputs.textElementCount(of: result)
    }

    func response(to inference: Inference, _ outputs: [InferOutput], version: Int) throws -> Response {
        let writer = InferResponseWriter(
            modelName: inference.model.name,
            modelVersion: version,
            id: inference.id,
            nonFinite: nonFinite
        )
        return try writer.response(outputs)
    }
}
