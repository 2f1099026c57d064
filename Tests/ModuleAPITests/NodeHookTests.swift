import HTTPTypes
import JSON
import TestServer
import Testing

/// Hooks on the values of a graph's nodes, and on parts of tensors.
struct NodeHookTests {
    private let server = Server()

    /// `inner(x).sum over pairs`: `p, q = split(x * 2); p - q`, in a module `inner` of the root.
    private static let nested = #"""
        {"name": "net", "type": "GraphModule", "class": "Outer",
         "modules": {"inner": {"type": "GraphModule", "class": "Inner", "graph": [
           {"op": "placeholder", "name": "x"},
           {"op": "call_function", "name": "twice", "target": "mul", "args": [{"node": "x"}, 2]},
           {"op": "call_function", "name": "halves", "target": "chunk", "args": [{"node": "twice"}, 2, -1]},
           {"op": "call_function", "name": "p", "target": "getitem", "args": [{"node": "halves"}, 0]},
           {"op": "call_function", "name": "q", "target": "getitem", "args": [{"node": "halves"}, 1]},
           {"op": "call_function", "name": "sub", "target": "sub", "args": [{"node": "p"}, {"node": "q"}]},
           {"op": "output", "args": [{"node": "sub"}]}]}},
         "graph": [
           {"op": "placeholder", "name": "x"},
           {"op": "call_module", "name": "inner", "target": "inner", "args": [{"node": "x"}]},
           {"op": "output", "args": [{"node": "inner"}]}]}
        """#

    private func call(_ hooks: String, _ verb: String = "call", _ rest: String = "") async throws -> Received {
        try await server.create(Self.nested)
        let body = #"{"input": [[1, 2, 3, 5]], "hooks": [\#(hooks)]\#(rest)}"#
        return await server.json(.post, "/v1/modules/net/\(verb)", body)
    }

    @Test func aHookOfACallSeesAndChangesTheValueOfANode() async throws {
        let answer = try await call(
            #"""
            {"kind": "forward", "module": "inner", "node": "twice", "action": {"type": "capture"}},
            {"kind": "forward", "module": "inner", "node": "q", "action": {"type": "scale", "value": 10}},
            {"kind": "forward", "module": "inner", "node": "q", "action": {"type": "capture"}}
            """#
        )
        #expect(answer.json["output"] == [[-58.0, -96.0]], "\(answer.text)")
        let captures = answer.json["captures"]?.asArray ?? []
        #expect(captures.map { $0["data"] } == [[[2.0, 4.0, 6.0, 10.0]], [[60.0, 100.0]]])
        #expect(captures.map { $0["node"] } == ["twice", "q"])
        #expect(captures.map { $0["module"] } == ["inner", "inner"])
    }

    @Test func aValueOfSeveralTensorsIsCapturedOneByOne() async throws {
        let answer = try await call(
            #"{"kind": "forward", "module": "inner", "node": "halves", "action": {"type": "capture"}}"#
        )
        let captures = answer.json["captures"]?.asArray ?? []
        #expect(captures.map { $0["output"] } == [0, 1], "\(answer.text)")
        #expect(captures.map { $0["data"] } == [[[2.0, 4.0]], [[6.0, 10.0]]])
    }

    @Test func theGradientOfANodeIsSeenAndReplaced() async throws {
        let answer = try await call(
            #"""
            {"kind": "full_backward", "module": "inner", "node": "twice", "action": {"type": "capture"}},
            {"kind": "full_backward", "module": "inner", "node": "twice",
             "action": {"type": "scale", "value": 0, "at": [{"ellipsis": true}, [0, -1]]}}
            """#,
            "backward",
            #", "grad_output": [[1, 1]]"#
        )
        #expect(answer.json["captures"]?.asArray?.first?["data"] == [[1.0, 1.0, -1.0, -1.0]], "\(answer.text)")
        #expect(answer.json["grad_input"]?["data"] == [[0.0, 2.0, -2.0, 0.0]], "\(answer.text)")
    }

    @Test func aHookOnANodeStaysUntilItIsRemoved() async throws {
        try await server.create(Self.nested)
        let hook = #"""
            {"kind": "forward", "module": "inner", "node": "twice",
             "action": {"type": "replace", "value": 0, "at": [0, {"slice": [2, null]}]}}
            """#
        let made = await server.json(.post, "/v1/modules/net/hooks", hook)
        #expect(made.status == 201, "\(made.text)")
        #expect(made.json["node"] == "twice")
        #expect(made.json["action"]?["at"] == [0, ["slice": [2, nil, nil]]])
        let body = #"{"input": [[1, 2, 3, 5]]}"#
        #expect(await server.json(.post, "/v1/modules/net/call", body).json["output"] == [[2.0, 4.0]])
        // It survives a change of the module.
        let listed = await server.get("/v1/modules/net")
        #expect(listed.json["hooks"]?.asArray?.first?["node"] == "twice", "\(listed.text)")
        let id = made.json["id"]?.asInt ?? -1
        #expect(await server.send(.delete, "/v1/modules/net/hooks/\(id)").status == 204)
        #expect(await server.json(.post, "/v1/modules/net/call", body).json["output"] == [[-4.0, -6.0]])
    }

    @Test(
        "refuses hooks that no node can have",
        arguments: [
            (#"{"kind": "forward_pre", "module": "inner", "node": "twice", "action": {"type": "capture"}}"#, "kind"),
            (#"{"kind": "forward", "module": "inner", "node": "thrice", "action": {"type": "capture"}}"#, "node"),
            (#"{"kind": "forward", "module": "inner", "node": "output", "action": {"type": "capture"}}"#, "node"),
            (
                #"{"kind": "forward", "node": "inner", "always_call": true, "action": {"type": "capture"}}"#,
                "always_call"
            ),
            (#"{"kind": "forward", "action": {"type": "capture", "at": [0]}}"#, "action/at"),
            (#"{"kind": "forward", "action": {"type": "topk", "k": 1, "at": [0]}}"#, "action/at"),
            (
                #"{"kind": "forward", "action": {"type": "scale", "value": 1, "at": [{"slice": 1}]}}"#,
                "action/at/0/slice"
            ),
            // Python reads one number alone as a stop.
            (
                #"{"kind": "forward", "action": {"type": "scale", "value": 1, "at": {"slice": [0]}}}"#,
                "action/at/slice"
            ),
            (
                #"{"kind": "forward", "action": {"type": "scale", "value": 1, "at": [0, {"slice": []}]}}"#,
                "action/at/1/slice"
            ),
            (
                #"{"kind": "forward", "action": {"type": "scale", "value": 1, "at": [{"slice": [0, 1, 1, 1]}]}}"#,
                "action/at/0/slice"
            ),
            (#"{"kind": "forward", "action": {"type": "scale", "value": 1, "at": [{}]}}"#, "action/at/0"),
            (#"{"kind": "forward", "action": {"type": "scale", "value": 1, "at": "1"}}"#, "action/at"),
            (#"{"kind": "forward", "action": {"type": "mask"}}"#, "action"),
        ]
    )
    func refuses(hook: String, pointer: String) async throws {
        let answer = try await call(hook)
        #expect([400, 422].contains(answer.status), "\(answer.text)")
        #expect(answer.json["pointer"]?.asString == "/hooks/0/\(pointer)", "\(answer.text)")
        let registered = await server.json(.post, "/v1/modules/net/hooks", hook)
        #expect(registered.status == answer.status, "\(registered.text)")
        #expect(await server.get("/v1/modules/net/hooks").json["hooks"] == [])
    }

    @Test func aModuleWithoutAGraphHasNoNodes() async throws {
        try await server.createTutorialLayer()
        let hook = #"{"kind": "forward", "node": "x", "action": {"type": "capture"}}"#
        let answer = await server.json(.post, "/v1/modules/fc/hooks", hook)
        #expect(answer.status == 422)
        #expect(answer.json["detail"] == "'Linear' has no nodes: only a GraphModule has")
    }

    /// What `x[at] = action(x[at])` leaves in PyTorch 2.13 of `[[1, 2, 3], [4, 5, 6]]`, or the text of its error.
    @Test(
        "changes what the brackets name",
        arguments: [
            (#"{"type": "scale", "value": 10, "at": [0]}"#, "[[10.0,20.0,30.0],[4.0,5.0,6.0]]"),
            (#"{"type": "scale", "value": 10, "at": [-1, -1]}"#, "[[1.0,2.0,3.0],[4.0,5.0,60.0]]"),
            (#"{"type": "add", "value": [1, 2], "at": [{"ellipsis": true}, [0, 2]]}"#, "[[2.0,2.0,5.0],[5.0,5.0,8.0]]"),
            (#"{"type": "replace", "value": [[7, 8, 9]], "at": [1]}"#, "[[1.0,2.0,3.0],[7.0,8.0,9.0]]"),
            (#"{"type": "replace", "value": [[[7], [8]]], "at": []}"#, "[[7.0,7.0,7.0],[8.0,8.0,8.0]]"),
            (
                #"{"type": "mask", "at": [{"slice": [null, null]}, {"slice": [null, null, 2]}]}"#,
                "[[0.0,2.0,0.0],[0.0,5.0,0.0]]"
            ),
            (#"{"type": "mask", "indices": [-1], "at": [0]}"#, "[[1.0,2.0,0.0],[4.0,5.0,6.0]]"),
            (#"{"type": "clamp", "max": 4, "at": [1, {"slice": [1, null]}]}"#, "[[1.0,2.0,3.0],[4.0,4.0,4.0]]"),
            (#"{"type": "normalize", "mean": 4, "std": 2, "at": [1]}"#, "[[1.0,2.0,3.0],[0.0,0.5,1.0]]"),
            (#"{"type": "activation", "name": "Tanh", "at": [{"slice": [2, 9]}]}"#, "[[1.0,2.0,3.0],[4.0,5.0,6.0]]"),
            (#"{"type": "project_out", "direction": [1, 0, 0], "at": [1]}"#, "[[1.0,2.0,3.0],[0.0,5.0,6.0]]"),
            (#"{"type": "scale", "value": 0, "at": [0, 0, 0]}"#, "too many indices for tensor of dimension 2"),
            (#"{"type": "scale", "value": 0, "at": [5]}"#, "index 5 is out of bounds for dimension 0 with size 2"),
            (#"{"type": "scale", "value": 0, "at": [{"slice": [0, 1, 0]}]}"#, "slice step cannot be zero"),
        ]
    )
    func changesParts(action: String, expected: String) async throws {
        try await server.create(#"{"name": "i", "type": "Identity"}"#)
        let hooks = #"[{"kind": "forward", "action": \#(action)}]"#
        let answer = await server.json(
            .post,
            "/v1/modules/i/call",
            #"{"input": [[1, 2, 3], [4, 5, 6]], "hooks": \#(hooks)}"#
        )
        if expected.hasPrefix("[") {
            #expect(answer.text.hasPrefix(#"{"output":\#(expected),"#), "\(answer.text)")
        } else {
            #expect(answer.status == 422)
            #expect(answer.json["detail"]?.asString == expected)
            #expect(answer.json["pointer"]?.asString?.hasPrefix("/hooks/0/action") == true)
        }
    }

    @Test func gradientsFlowAsThroughTheAssignment() async throws {
        try await server.create(#"{"name": "i", "type": "Identity"}"#)
        let body = #"""
            {"input": [[1, 2, 3], [4, 5, 6]], "grad_output": [[1, 1, 1], [1, 1, 1]], "hooks": [
             {"kind": "forward", "action": {"type": "scale", "value": 3, "at": [0]}},
             {"kind": "forward", "action": {"type": "replace", "value": 9, "at": [{"ellipsis": true}, 2]}}]}
            """#
        let answer = await server.json(.post, "/v1/modules/i/backward", body)
        #expect(answer.json["output"] == [[3.0, 6.0, 9.0], [4.0, 5.0, 9.0]], "\(answer.text)")
        #expect(answer.json["grad_input"]?["data"] == [[3.0, 3.0, 0.0], [1.0, 1.0, 0.0]])
    }

    // MARK: Draws

    /// `x + randn_like(x)`.
    private static let noisy = #"""
        {"name": "net", "type": "GraphModule", "graph": [
          {"op": "placeholder", "name": "x"},
          {"op": "call_function", "name": "noise", "target": "randn_like", "args": [{"node": "x"}]},
          {"op": "call_function", "name": "y", "target": "add", "args": [{"node": "x"}, {"node": "noise"}]},
          {"op": "output", "args": [{"node": "y"}]}]}
        """#

    @Test func aSeedMakesACallRepeatable() async throws {
        try await server.create(Self.noisy)
        let seeded = #"{"input": [0, 0, 0], "seed": 0}"#
        let first = await server.json(.post, "/v1/modules/net/call", seeded)
        // torch.manual_seed(0); torch.randn(3)
        let drawn = first.json["output"]?.asArray?.compactMap(\.asDouble) ?? []
        let expected = [1.5409960746765137, -0.293428897857666, -2.1787893772125244]
        #expect(zip(drawn, expected).allSatisfy { abs($0 - $1) < 1e-6 } && drawn.count == 3, "\(first.text)")
        #expect(await server.json(.post, "/v1/modules/net/call", seeded).text == first.text)
        let other = await server.json(.post, "/v1/modules/net/call", #"{"input": [0, 0, 0]}"#)
        #expect(other.status == 200)
        #expect(other.text != first.text)
        let refused = await server.json(.post, "/v1/modules/net/call", #"{"input": [0, 0, 0], "seed": 0.5}"#)
        #expect(refused.status == 422)
        #expect(refused.json["pointer"] == "/seed")
        let infer = await server.json(
            .post,
            "/v2/models/net/infer",
            #"{"parameters": {"seed": 0}, "inputs": [{"name": "x", "shape": [3], "datatype": "FP32", "data": [0, 0, 0]}]}"#
        )
        #expect(infer.json["outputs"]?.asArray?.first?["data"] == first.json["output"], "\(infer.text)")
    }
}
