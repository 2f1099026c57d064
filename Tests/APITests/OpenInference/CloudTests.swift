import HTTP
import HTTPTypes
import JSON
import Testing

@testable import API

/// The routes that Vertex AI names.
struct CloudTests {
    private func server(health: String? = nil, predict: String? = nil) async throws -> Server {
        var options = API.Options()
        options.vertexHealthRoute = health
        options.vertexPredictRoute = predict
        let server = Server(options: options)
        try await server.createTutorialLayer()
        return server
    }

    @Test func namedRoutesStandForPingAndInvocations() async throws {
        let server = try await server(health: "/healthy", predict: "/v1/models/x:predict")
        #expect(await server.get("/healthy").status == 200)
        let answer = await server.json(.post, "/v1/models/x:predict", #"{"instances": [[1, 2, 3, 4]]}"#)
        #expect(answer.json["predictions"] == [[30.0, 40.0, 50.0]])
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
