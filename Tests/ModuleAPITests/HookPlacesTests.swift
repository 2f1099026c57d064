import HTTPTypes
import JSON
import Testing
import TestServer

/// Hooks that act on a part: `"at"` is what Python writes between brackets.
struct HookPlacesTests {
    private let server = Server()

    init() async throws {
        try await server.create(#"{"name": "id", "type": "Identity"}"#)
    }

    private func action(_ fields: String, _ kind: String = "forward") -> String {
        "{\"kind\": \"\(kind)\", \"action\": {\(fields)}}"
    }

    private func call(_ hook: String, route: String = "call", _ more: String = "") async -> Received {
        let body = #"{"input": [[0, 1, 2], [3, 4, 5]], "hooks": [\#(hook)]\#(more)}"#
        return await server.json(.post, "/v1/modules/id/\(route)", body)
    }

    @Test(arguments: [
        (#""type": "scale", "value": 10, "at": 1"#, "[[0.0,1.0,2.0],[30.0,40.0,50.0]]"),
        (#""type": "scale", "value": 10, "at": -1"#, "[[0.0,1.0,2.0],[30.0,40.0,50.0]]"),
        (#""type": "add", "value": 1, "at": [0, 2]"#, "[[0.0,1.0,3.0],[3.0,4.0,5.0]]"),
        (#""type": "add", "value": [10, 20], "at": [{"ellipsis": true}, [0, 2]]"#, "[[10.0,1.0,22.0],[13.0,4.0,25.0]]"),
        (#""type": "replace", "value": 7, "at": {"slice": [null, null, 2]}"#, "[[7.0,7.0,7.0],[3.0,4.0,5.0]]"),
        (
            #""type": "replace", "value": [8, 9], "at": [0, {"slice": [1, null, null]}]"#,
            "[[0.0,8.0,9.0],[3.0,4.0,5.0]]"
        ),
        (#""type": "clamp", "max": 1, "at": [[0, 1], [2, -1]]"#, "[[0.0,1.0,1.0],[3.0,4.0,1.0]]"),
        (#""type": "normalize", "mean": 1, "std": 2, "at": [[1]]"#, "[[0.0,1.0,2.0],[1.0,1.5,2.0]]"),
        (#""type": "mask", "at": [{"slice": [null, null, null]}, 1]"#, "[[0.0,0.0,2.0],[3.0,0.0,5.0]]"),
        (#""type": "mask", "indices": [-1], "at": 1"#, "[[0.0,1.0,2.0],[3.0,4.0,0.0]]"),
        (
            #""type": "activation", "name": "Hardtanh", "max_val": 3.5, "at": {"slice": [1, 9, 1]}"#,
            "[[0.0,1.0,2.0],[3.0,3.5,3.5]]"
        ),
        (#""type": "project_out", "direction": [1, 0, 0], "at": 1"#, "[[0.0,1.0,2.0],[0.0,4.0,5.0]]"),
        (#""type": "scale", "value": 2, "at": []"#, "[[0.0,2.0,4.0],[6.0,8.0,10.0]]"),
        (#""type": "scale", "value": 2, "at": {"ellipsis": true}"#, "[[0.0,2.0,4.0],[6.0,8.0,10.0]]"),
        (#""type": "scale", "value": 2, "at": [[]]"#, "[[0.0,1.0,2.0],[3.0,4.0,5.0]]"),
    ])
    func actsOnAPart(fields: String, output: String) async throws {
        for kind in ["forward", "forward_pre"] {
            let answer = await call(action(fields, kind))
            #expect(answer.text.hasPrefix("{\"output\":\(output),"), "\(kind) \(answer.text)")
        }
        let trace = await call(action(fields), route: "trace")
        #expect(trace.text.contains("\"output\":\(output)"), "\(trace.text)")
    }

    @Test(arguments: [
        (#""value": 1, "at": 5"#, "index_out_of_range", "index 5 is out of bounds for dimension 0 with size 2"),
        (#""value": 1, "at": [0, -4]"#, "index_out_of_range", "index -4 is out of bounds for dimension 1 with size 3"),
        (
            #""value": 1, "at": [{"ellipsis": true}, [0, 3]]"#, "index_out_of_range",
            "index 3 is out of bounds for dimension 0 with size 3"
        ),
        (#""value": 1, "at": [[2]]"#, "index_out_of_range", "index 2 is out of bounds for dimension 0 with size 2"),
        (#""value": 1, "at": [0, 0, 0]"#, "index_out_of_range", "too many indices for tensor of dimension 2"),
        (
            #""value": [1, 2], "at": 0"#, "shape_mismatch",
            "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0"
        ),
        (
            #""value": [1, 2], "at": [0, 0]"#, "shape_mismatch",
            "expand(torch.FloatTensor{[2]}, size=[]): the number of sizes provided (0) must be greater or equal to the number "
                + "of dimensions in the tensor (1)"
        ),
        (#""value": 1, "at": {"slice": [0, 2, 0]}"#, "invalid_hook", "slice step cannot be zero"),
        (#""value": 1, "at": [{"slice": [2, 0, -1]}]"#, "invalid_hook", "step must be greater than zero"),
        (#""value": 1, "at": "0""#, "invalid_hook", "is a whole number, a list of them, "),
        (#""value": 1, "at": [true]"#, "invalid_hook", ": true}, got a boolean."),
        (#""value": 1, "at": true"#, "invalid_hook", ", got a boolean."),
        (#""value": 1, "at": [null]"#, "invalid_hook", ", got null."),
        (#""value": 1, "at": {"ellipsis": false}"#, "invalid_hook", "A part of an index is"),
        (#""value": 1, "at": {}"#, "invalid_hook", "A part of an index is"),
        (#""value": 1, "at": {"slice": [0, 1, 1, 1]}"#, "invalid_hook", "[start, stop, step], got a list of 4"),
        (#""value": 1, "at": {"slice": [0, 1, 1], "ellipsis": true}"#, "invalid_hook", "A part of an index is"),
        (#""value": 1, "at": 1.5"#, "value_out_of_range", "1.5"),
        (#""value": 1, "at": [[0.5]]"#, "value_out_of_range", "0.5"),
        (#""value": 1, "at": 99999999999999999999"#, "value_out_of_range", ""),
    ])
    func refusesWhatIsNoPlace(fields: String, code: String, words: String) async throws {
        let answer = await call(action("\"type\": \"add\", \(fields)"))
        #expect(answer.code == code, "\(answer.text)")
        #expect((400..<423).contains(answer.status) && answer.text.contains(words), "\(answer.text)")
    }

    @Test(arguments: [#""capture""#, #""topk", "k": 1"#, #""assert_finite""#, #""statistics""#, #""log""#])
    func actsAsAWholeWhereItHasNoPart(type: String) async throws {
        let answer = await call(action("\"type\": \(type), \"at\": 0"))
        #expect(answer.code == "unknown_field" && answer.text.contains("no field 'at'"), "\(answer.text)")
    }

    @Test func boundsTheParts() async throws {
        let many = String(repeating: "0,", count: 200) + "0"
        #expect(await call(action(#""type": "scale", "value": 2, "at": [\#(many)]"#)).code == "invalid_hook")
    }

    @Test func sendsGradientsThroughTheAssignment() async throws {
        let hook = action(#""type": "scale", "value": 10, "at": [{"ellipsis": true}, [0, 2]]"#)
        let answer = await call(hook, route: "backward", #", "grad_output": [[1, 2, 3], [4, 5, 6]]"#)
        #expect(answer.json["grad_fn"] == "IndexPutBackward0", "\(answer.text)")
        #expect(answer.json["grad_input"]?["data"] == [[10.0, 2.0, 30.0], [40.0, 5.0, 60.0]], "\(answer.text)")
    }

    @Test(arguments: ["full_backward", "full_backward_pre"])
    func changesAPartOfAGradient(kind: String) async throws {
        let hook = action(#""type": "mask", "at": [0, {"slice": [1, null, null]}]"#, kind)
        let answer = await call(hook, route: "backward", #", "grad_output": [[1, 2, 3], [4, 5, 6]]"#)
        #expect(answer.json["grad_input"]?["data"] == [[1.0, 0.0, 0.0], [4.0, 5.0, 6.0]], "\(answer.text)")
    }

    @Test func showsWhereARegisteredHookActs() async throws {
        let at = #"[0,{"slice":[null,2,null]},{"ellipsis":true},[-1,1]]"#
        let hook = action(#""type": "mask", "at": \#(at)"#)
        let made = await server.json(.post, "/v1/modules/id/hooks", hook)
        #expect(made.status == 201 && made.text.contains("\"at\":\(at)"), "\(made.text)")
        let listed = await server.json(.get, "/v1/modules/id/hooks", "")
        #expect(listed.text.contains("\"action\":{\"type\":\"mask\",\"at\":\(at)}"), "\(listed.text)")
    }
}
