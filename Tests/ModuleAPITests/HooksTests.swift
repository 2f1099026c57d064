import HTTP
import HTTPTypes
import JSON
import Testing
import TestServer
import Web

@testable import ModuleAPI

struct HooksTests {
    private let server = Server()

    private func createNetwork() async throws {
        try await server.createTutorialLayer()
        try await server.create(#"{"name": "net", "type": "Sequential", "modules": [{"ref": "fc"}, {"type": "ReLU"}]}"#)
    }

    private func call(_ hooks: String, _ fields: HTTPFields = [:], input: String = "[1, 2, 3, 4]") async -> Received {
        await server.json(.post, "/v1/modules/net/call", "{\"input\": \(input), \"hooks\": [\(hooks)]}", fields)
    }

    @Test(arguments: [
        (#"{"kind": "forward", "action": {"type": "scale", "value": 2}}"#, "[60.0,80.0,100.0]"),
        (#"{"kind": "forward_pre", "action": {"type": "scale", "value": 2}}"#, "[60.0,80.0,100.0]"),
        (#"{"kind": "forward", "module": "1", "action": {"type": "add", "value": [1, 2, 3]}}"#, "[31.0,42.0,53.0]"),
        (
            #"{"kind": "forward", "action": {"type": "add", "value": {"data": [1, 2, 3], "dtype": "float32"}}}"#,
            "[31.0,42.0,53.0]"
        ),
        (#"{"kind": "forward", "action": {"type": "replace", "value": [7]}}"#, "[7.0]"),
        (#"{"kind": "forward", "action": {"type": "clamp", "min": 35, "max": 45}}"#, "[35.0,40.0,45.0]"),
        (#"{"kind": "forward", "action": {"type": "clamp", "min": null, "max": 40}}"#, "[30.0,40.0,40.0]"),
        (#"{"kind": "forward", "action": {"type": "clamp", "min": 50, "max": 45}}"#, "[45.0,45.0,45.0]"),
        (#"{"kind": "forward", "action": {"type": "activation", "name": "Identity"}}"#, "[30.0,40.0,50.0]"),
        (#"{"kind": "forward", "action": {"type": "normalize", "mean": 40, "std": 10}}"#, "[-1.0,0.0,1.0]"),
        (#"{"kind": "forward", "action": {"type": "mask", "indices": [1]}}"#, "[30.0,0.0,50.0]"),
        (#"{"kind": "forward", "action": {"type": "topk", "k": 1}}"#, "[0.0,0.0,50.0]"),
        (
            #"{"kind": "forward", "action": {"type": "activation", "name": "Hardtanh", "max_val": 35}}"#,
            "[30.0,35.0,35.0]"
        ),
        (#"{"kind": "forward", "action": {"type": "assert_finite"}}"#, "[30.0,40.0,50.0]"),
        (#"{"kind": "forward", "action": {"type": "assert_shape", "shape": [-1]}}"#, "[30.0,40.0,50.0]"),
        (#"{"kind": "forward", "action": {"type": "log", "level": "debug"}}"#, "[30.0,40.0,50.0]"),
    ])
    func steersOneCall(hook: String, output: String) async throws {
        try await createNetwork()
        let answer = await call(hook)
        #expect(answer.text.hasPrefix("{\"output\":\(output),"), "\(answer.text)")
        #expect(await call("").json["output"] == [30.0, 40.0, 50.0])
    }

    @Test func capturesWhatPassesBy() async throws {
        try await createNetwork()
        let answer = await call(
            #"{"kind": "forward", "module": "0", "action": {"type": "capture"}}, {"kind": "forward_pre", "action": {"type": "capture"}}"#
        )
        #expect(
            answer.json["captures"] == [
                [
                    "hook": 1, "module": "", "kind": "forward_pre", "data": [1.0, 2.0, 3.0, 4.0], "shape": [4],
                    "dtype": "float32",
                ],
                [
                    "hook": 0, "module": "0", "kind": "forward", "data": [30.0, 40.0, 50.0], "shape": [3],
                    "dtype": "float32",
                ],
            ]
        )
    }

    @Test func carriesCapturesAsSafetensorsOnly() async throws {
        try await createNetwork()
        let capture = #"{"kind": "forward", "module": "0", "action": {"type": "capture"}}"#
        let file = await call(capture, [.accept: "application/x-safetensors"])
        #expect(file.text.contains("captures.0"))
        #expect(await call(capture, [.accept: "text/plain"]).code == "not_acceptable")
        #expect(await call(capture, [.accept: "application/octet-stream"]).status == 406)
        let scale = #"{"kind": "forward", "action": {"type": "scale", "value": 2}}"#
        #expect(await call(scale, [.accept: "text/plain"]).text == "tensor([ 60.,  80., 100.])\n")
    }

    @Test(
        arguments: [
            (#"{"kind": "sideways", "action": {"type": "capture"}}"#, "invalid_field", "/hooks/0/kind"),
            (#"{"kind": "forward", "action": {"type": "explode"}}"#, "invalid_hook", "/hooks/0/action/type"),
            (
                #"{"kind": "forward", "action": {"type": "capture", "value": 1}}"#, "unknown_field",
                "/hooks/0/action/value"
            ),
            (#"{"kind": "forward", "action": {"type": "scale"}}"#, "missing_field", "/hooks/0/action"),
            (
                #"{"kind": "forward", "action": {"type": "scale", "value": "x"}}"#, "invalid_field",
                "/hooks/0/action/value"
            ),
            (
                #"{"kind": "forward", "action": {"type": "scale", "value": [[1], [2, 3]]}}"#, "invalid_tensor",
                "/hooks/0/action/value"
            ),
            (#"{"kind": "forward"}"#, "missing_field", "/hooks/0"),
            (#"{"action": {"type": "capture"}}"#, "missing_field", "/hooks/0"),
            (#"{"kind": "forward", "action": {"type": "capture"}, "x": 1}"#, "unknown_field", "/hooks/0/x"),
            (#"{"kind": "forward", "module": "7", "action": {"type": "capture"}}"#, "invalid_hook", nil),
            (#"{"kind": "full_backward", "action": {"type": "capture"}}"#, "invalid_hook", nil),
            (#"{"kind": "forward", "action": {"type": "activation", "name": "Linear"}}"#, "invalid_hook", nil),
            ("3", "invalid_field", "/hooks/0"),
        ] as [(String, String, String?)]
    )
    func refusesHooksThatMakeNoSense(hook: String, code: String, pointer: String?) async throws {
        try await createNetwork()
        let answer = await call(hook)
        #expect(answer.status == 422, "\(answer.text)")
        #expect(answer.code == code, "\(answer.text)")
        if let pointer { #expect(answer.pointer == pointer) }
    }

    @Test(arguments: [
        (#"{"kind": "forward", "action": {"type": "mask", "indices": [3]}}"#, "[1, 2, 3, 4]"),
        (#"{"kind": "forward", "action": {"type": "assert_finite"}}"#, #"["NaN", 2, 3, 4]"#),
        (#"{"kind": "forward", "action": {"type": "assert_range", "max": 45}}"#, "[1, 2, 3, 4]"),
        (#"{"kind": "forward", "action": {"type": "assert_shape", "shape": [4]}}"#, "[1, 2, 3, 4]"),
        (#"{"kind": "forward", "module": "0", "action": {"type": "topk", "k": 9}}"#, "[1, 2, 3, 4]"),
    ])
    func refusesWhatAHookDoesNotLetPass(hook: String, input: String) async throws {
        try await createNetwork()
        let answer = await call(hook, input: input)
        #expect(answer.status == 422, "\(answer.text)")
        #expect(["hook_failed", "index_out_of_range"].contains(answer.code), "\(answer.text)")
        #expect(answer.pointer == "/hooks/0/action")
        #expect(answer.json["module"]?.asString == (hook.contains("\"0\"") ? "0" : ""))
        #expect(answer.json["expected"] == nil, "the hook is at fault, not what the module was given")
    }

    @Test func blamesTheChildThatATensorDoesNotFit() async throws {
        try await server.create(
            #"{"name": "two", "type": "Sequential", "modules": [{"type": "ReLU"}, {"type": "Linear", "in_features": 3, "out_features": 1}]}"#
        )
        let answer = await server.json(
            .post,
            "/v1/modules/two/call",
            #"{"input": [1, 2, 3], "hooks": [{"kind": "forward", "module": "0", "action": {"type": "replace", "value": [1, 2]}}]}"#
        )
        #expect(answer.code == "shape_mismatch")
        #expect(answer.detail == "mat1 and mat2 shapes cannot be multiplied (1x2 and 3x1)")
        #expect(answer.json["module"] == "1")
        #expect(answer.json["expected"] == "float32[*, 3]")
    }

    @Test func refusesTooManyHooks() async throws {
        try await createNetwork()
        let hook = #"{"kind": "forward", "action": {"type": "capture"}}"#
        let answer = await call([String](repeating: hook, count: 65).joined(separator: ","))
        #expect(answer.code == "too_many_hooks")
        #expect(answer.pointer == "/hooks")
    }

    @Test func keepsAHookOnAModule() async throws {
        try await createNetwork()
        let created = await server.json(
            .post,
            "/v1/modules/net/hooks",
            #"{"kind": "forward", "module": "0", "action": {"type": "scale", "value": 2}}"#
        )
        #expect(created.status == 201)
        let id = try #require(created.json["id"]?.asInt)
        let path = "/v1/modules/net/hooks/\(id)"
        #expect(created.fields[.location] == path)
        #expect(await call("").json["output"] == [60.0, 80.0, 100.0])
        #expect(await server.get(path).json["action"] == ["type": "scale", "value": 2])
        #expect(await server.get("/v1/modules/net/hooks").json["hooks"]?.asArray?.count == 1)
        #expect(await server.get("/v1/modules/net").json["hooks"]?.asArray?.count == 1)
        #expect(await server.send(.delete, path).status == 204)
        #expect(await server.send(.delete, path).code == "hook_not_found")
        #expect(await call("").json["output"] == [30.0, 40.0, 50.0])
        #expect(await server.get("/v1/modules/net/hooks/x").status == 404)
    }

    @Test func showsWhatAHookGathered() async throws {
        try await createNetwork()
        let capture = await server.json(
            .post,
            "/v1/modules/net/hooks",
            #"{"kind": "forward", "action": {"type": "capture"}}"#
        )
        let statistics = await server.json(
            .post,
            "/v1/modules/net/hooks",
            #"{"kind": "forward", "action": {"type": "statistics"}}"#
        )
        _ = await call("")
        let captureURL = try #require(capture.fields[.location])
        let statisticsURL = try #require(statistics.fields[.location])
        #expect(await server.get(captureURL).json["capture"]?["data"] == [30.0, 40.0, 50.0])
        let gathered = await server.get(statisticsURL).json["statistics"]
        #expect(gathered?["count"] == 3)
        #expect(gathered?["mean"] == 40.0)
        #expect(gathered?["min"] == 30.0)
        #expect(gathered?["nan_count"] == 0)
        #expect(await server.send(.put, statisticsURL).status == 200)
        #expect(await server.get(statisticsURL).json["statistics"]?["count"] ?? 0 == 0)
        #expect(await server.send(.put, captureURL).status == 422)
    }

    @Test func runsGlobalHooksOnEveryModule() async throws {
        try await createNetwork()
        let hook = await server.json(.post, "/v1/hooks", #"{"kind": "forward", "action": {"type": "add", "value": 1}}"#)
        #expect(hook.status == 201)
        let version = await server.get("/v1/modules/net").json["version"]
        #expect(await call("").json["output"] == [33.0, 43.0, 53.0])
        #expect(await server.get("/v1/hooks").json["hooks"]?.asArray?.count == 1)
        let url = try #require(hook.fields[.location])
        #expect(await server.get(url).json["id"] == hook.json["id"])
        #expect(await server.send(.delete, url).status == 204)
        #expect(await call("").json["output"] == [30.0, 40.0, 50.0])
        #expect(await server.get("/v1/modules/net").json["version"] == version)
        let misplaced = await server.json(
            .post,
            "/v1/hooks",
            #"{"kind": "forward", "module": "0", "action": {"type": "capture"}}"#
        )
        #expect(misplaced.code == "unknown_field")
        #expect(misplaced.pointer == "/module")
    }

    @Test func showsAnOldModuleAsTheOldPyTorchDid() async throws {
        try await server.create(#"{"name": "old", "type": "LayerNorm", "normalized_shape": [2], "compat": "1.0.1"}"#)
        let document = await server.get("/v1/modules/old").json
        #expect(document["repr"] == "LayerNorm(torch.Size([2]), eps=1e-05, elementwise_affine=True)")
    }

    @Test func answersAnOldRuleWithOldWords() async throws {
        try await server.create(
            #"{"name": "old", "type": "Linear", "in_features": 1, "out_features": 1, "compat": "1.0.1"}"#
        )
        let answer = await server.json(
            .post,
            "/v1/modules/old/call",
            #"{"input": [1], "hooks": [{"kind": "forward", "action": {"type": "scale", "value": 2}}]}"#
        )
        #expect(answer.status == 422)
        #expect(
            answer.detail?.hasPrefix("forward hooks should never return any values, but '") == true,
            "\(answer.text)"
        )
        #expect(answer.detail?.hasSuffix("'didn't return None") == true)
    }
}
