import HTTPTypes
import JSON
import Testing
import TestServer
import Web

@testable import ModuleAPI

struct TraceAndBackwardTests {
    private let server = Server()

    private func createNetwork() async throws {
        try await server.create(
            """
            {"name": "net", "type": "Sequential", "modules": [
                {"type": "Linear", "in_features": 2, "out_features": 2}, {"type": "ReLU"}],
             "state_dict": {"0.weight": [[1, 2], [3, 4]], "0.bias": [0.5, -0.5]}}
            """
        )
    }

    @Test func tellsTheWayOfACall() async throws {
        try await createNetwork()
        let answer = await server.json(.post, "/v1/modules/net/trace", #"{"input": [[1, 1]]}"#)
        #expect(answer.json["output"] == [[3.5, 6.5]])
        let events = try #require(answer.json["events"]?.asArray)
        #expect(
            events.map { "\($0["event"]?.asString ?? "") \($0["scope"]?.asString ?? "") \($0["name"]?.asString ?? "")" }
                == [
                    "forward_begin Sequential ", "forward_begin Sequential/Linear[0] ",
                    "operation Sequential/Linear[0] addmm", "forward_end Sequential/Linear[0] ",
                    "forward_begin Sequential/ReLU[1] ", "operation Sequential/ReLU[1] relu",
                    "forward_end Sequential/ReLU[1] ", "forward_end Sequential ",
                ]
        )
        #expect(events.map { $0["module"] } == ["", "0", "0", "0", "1", "1", "1", ""])
        #expect(events[2]["shape"] == [1, 2])
        #expect(events.allSatisfy { $0["hook"] == nil })
    }

    @Test func tracesHooks() async throws {
        try await createNetwork()
        let answer = await server.json(
            .post,
            "/v1/modules/net/trace",
            #"{"input": [[1, 1]], "hooks": [{"kind": "forward", "module": "0", "action": {"type": "capture"}}]}"#
        )
        let events = try #require(answer.json["events"]?.asArray)
        #expect(events.filter { $0["event"] == "forward_hook" }.map { $0["hook"] } == [0])
        #expect(answer.json["captures"]?.asArray?.count == 1)
    }

    @Test func goesBackward() async throws {
        try await createNetwork()
        let answer = await server.json(
            .post,
            "/v1/modules/net/backward",
            #"{"input": [[1, 1]], "grad_output": [[1, 1]]}"#
        )
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["output"] == [[3.5, 6.5]])
        #expect(answer.json["grad_fn"] == "ReluBackward0")
        #expect(answer.json["grad_input"]?["data"] == [[4.0, 6.0]])
        #expect(answer.json["gradients"]?["0.weight"]?["data"] == [[1.0, 1.0], [1.0, 1.0]])
        #expect(answer.json["gradients"]?["0.bias"]?["data"] == [1.0, 1.0])
        #expect(answer.json["captures"] == [])
        #expect(await server.get("/v1/modules/net").json["version"] == 1)
    }

    @Test func runsBackwardHooks() async throws {
        try await createNetwork()
        let answer = await server.json(
            .post,
            "/v1/modules/net/backward",
            """
            {"input": [[1, 1]], "grad_output": [[1, 1]], "hooks": [
                {"kind": "full_backward", "action": {"type": "scale", "value": 10}},
                {"kind": "full_backward_pre", "module": "0", "action": {"type": "capture"}}]}
            """
        )
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["grad_fn"] == "BackwardHookFunctionBackward")
        #expect(answer.json["grad_input"]?["data"] == [[40.0, 60.0]])
        #expect(answer.json["captures"]?[0]?["kind"] == "full_backward_pre")
    }

    @Test func needsAGradientUnlessTheOutputIsOneElement() async throws {
        try await createNetwork()
        let refused = await server.json(.post, "/v1/modules/net/backward", #"{"input": [[1, 1]]}"#)
        #expect(refused.status == 422)
        #expect(refused.detail == "grad can be implicitly created only for scalar outputs")
        let mismatch = await server.json(.post, "/v1/modules/net/backward", #"{"input": [[1, 1]], "grad_output": [1]}"#)
        #expect(mismatch.status == 422)
        #expect(
            mismatch.detail
                == "Mismatch in shape: grad_output[0] has a shape of torch.Size([1]) and output[0] has a shape of torch.Size([1, 2])."
        )
        try await server.create(#"{"name": "one", "type": "Linear", "in_features": 2, "out_features": 1}"#)
        #expect(await server.json(.post, "/v1/modules/one/backward", #"{"input": [1, 1]}"#).status == 200)
    }

    @Test func namesUnknownModules() async {
        for verb in ["call", "trace", "backward"] {
            let answer = await server.json(.post, "/v1/modules/none/\(verb)", #"{"input": [1]}"#)
            #expect(answer.status == 404)
            #expect(answer.code == "module_not_found")
        }
    }
}
