import HTTP
import HTTPTypes
import JSON
import ModuleAPI
@testable import OpenInference
import Testing
import TestServer
import Web

/// The routes that Vertex AI names.
struct CloudTests {
    private func server(health: String? = nil, predict: String? = nil) async throws -> Server {
        var options = InferenceAPI.Options()
        options.vertexHealthRoute = health
        options.vertexPredictRoute = predict
        let server = Server(inference: options)
        try await server.createTutorialLayer()
        return server
    }

    @Test func namedRoutesStandForPingAndInvocations() async throws {
        let server = try await server(health: "/healthy", predict: "/v1/models/x:predict")
        #expect(await server.get("/healthy").status == 200)
        let answer = await server.json(.post, "/v1/models/x:predict", #"{"instances": [[1, 2, 3, 4]]}"#)
        #expect(answer.json["predictions"] == [[30.0, 40.0, 50.0]])
    }

    @Test func predictionsAreBoundedAsOtherAnswersAre() async throws {
        var options = API.Options()
        options.maxAnswerBytes = 1_000
        let server = Server(options: options)
        try await server.create(#"{"name": "wide", "type": "Linear", "in_features": 1, "out_features": 200}"#)
        let answer = await server.json(.post, "/invocations", #"{"instances": [[1]]}"#)
        #expect(answer.status == 422)
        #expect(answer.code == "answer_too_large")
    }

    /// Whoever speaks the protocol through a platform is told in its words what is wrong.
    @Test(arguments: [
        (#"{"inputs": [{"name": "x", "datatype": "FP33", "shape": [1], "data": [1]}]}"#, "unknown datatype 'FP33'"),
        (#"{"inputs": [{"name": "input", "datatype": "FP32", "shape": [1], "data": [1]}]}"#, "cannot be multiplied"),
    ])
    func errorsOfTheProtocolAreInItsForm(body: String, words: String) async throws {
        let server = try await server()
        let answer = await server.json(.post, "/invocations", body)
        #expect(answer.status == 400)
        #expect(answer.fields[.contentType] == "application/json")
        #expect(answer.json["error"]?.asString?.contains(words) == true, "\(answer.text)")
        let native = await server.json(.post, "/invocations", #"{"input": [1]}"#)
        #expect(native.status == 422)
        #expect(native.fields[.contentType] == "application/problem+json")
    }

    @Test func routesThatAreThereAnywayKeepTheirMeaning() async throws {
        let server = try await server(health: "/v2/health/ready", predict: "/v2/models/fc/infer")
        try await server.create(#"{"name": "other", "type": "ReLU"}"#)
        #expect(await server.get("/v2/health/ready").json["ready"] == true)
        let body = #"{"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}"#
        let answer = await server.json(.post, "/v2/models/fc/infer", body)
        #expect(answer.json["outputs"]?.asArray?.first?["data"] == [30.0, 40.0, 50.0])
    }
}
