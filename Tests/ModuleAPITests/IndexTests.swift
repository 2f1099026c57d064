import HTTP
import HTTPTypes
import JSON
import Testing
import TestServer
import Web

@testable import ModuleAPI

/// A table looks up whole numbers; PyTorch refuses all others, and so do lists of them.
struct IndexTests {
    private let server = Server()

    private static func text(_ type: String) -> String {
        "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got \(type) "
            + "instead (while checking arguments for embedding)"
    }

    private static let networks = [
        #"{"name": "m", "type": "Embedding", "num_embeddings": 3, "embedding_dim": 2}"#,
        #"{"name": "m", "type": "Sequential", "modules": [{"type": "Identity"}, "#
            + #"{"type": "Embedding", "num_embeddings": 3, "embedding_dim": 2}, {"type": "Tanh"}]}"#,
        graph(#""target": "embedding", "args": [{"node": "input"}, {"node": "table"}]"#),
    ]

    /// Returns a network that gives its input and a table of 3 rows to a function.
    private static func graph(_ call: String) -> String {
        #"{"name": "m", "type": "GraphModule", "graph": [{"op": "placeholder", "name": "input"}, "#
            + #"{"op": "get_attr", "name": "table", "target": "table"}, "#
            + #"{"op": "call_function", "name": "y", \#(call)}, {"op": "output", "args": [{"node": "y"}]}], "#
            + #""buffers": {"table": {"shape": [3, 2], "data": [[1, 2], [3, 4], [5, 6]]}}}"#
    }

    @Test(
        arguments: [
            ("[2.9]", "torch.FloatTensor"), ("[-0.5]", "torch.FloatTensor"), ("[[1.0, 2.5]]", "torch.FloatTensor"),
            ("1.5", "torch.FloatTensor"), ("[1e-30]", "torch.FloatTensor"), ("[0, 1, 1e-300]", "torch.FloatTensor"),
            (#"["NaN"]"#, "torch.FloatTensor"), (#"[0, "Infinity"]"#, "torch.FloatTensor"),
            ("[true]", "CPUBoolType"), ("[[false, true]]", "CPUBoolType"), ("true", "CPUBoolType"),
            ("[true, 2]", "CPUBoolType"), (#"{"data": [2.9]}"#, "torch.FloatTensor"),
            (#"{"data": [1], "dtype": "float64"}"#, "torch.DoubleTensor"),
        ],
        networks
    )
    func refusesWhatIsNoIndex(given: (list: String, type: String), network: String) async throws {
        #expect(await server.json(.post, "/v1/modules", network).status == 201)
        for route in ["call", "trace", "backward"] {
            let answer = await server.json(.post, "/v1/modules/m/\(route)", #"{"input": \#(given.list)}"#)
            #expect(answer.status == 422, "\(route): \(answer.text)")
            #expect(answer.code == "dtype_mismatch")
            #expect(answer.detail?.contains(Self.text(given.type)) == true, "\(answer.text)")
        }
        for form in ["input", "instances"] {
            let answer = await server.json(.post, "/invocations", #"{"\#(form)": \#(given.list)}"#)
            #expect(answer.status == 422, "\(form): \(answer.text)")
            #expect(answer.text.contains("to have one of the following scalar types: Long, Int"), "\(answer.text)")
        }
    }

    @Test(
        arguments: [
            ("[2]", [1, 2]), ("[2.0]", [1, 2]), ("[2, 1.0]", [2, 2]), ("[2e0]", [1, 2]), ("[-0.0]", [1, 2]),
            ("2", [2]), ("[]", [0, 2]), ("[[0], [2.0]]", [2, 1, 2]),
        ] as [(String, [Int64])],
        networks
    )
    func takesWholeNumbersAsIndices(given: (list: String, shape: [Int64]), network: String) async throws {
        #expect(await server.json(.post, "/v1/modules", network).status == 201)
        let answer = await server.json(.post, "/v1/modules/m/call", #"{"input": \#(given.list)}"#)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["shape"] == .array(given.shape.map { .number(.int($0)) }), "\(answer.text)")
    }

    @Test(arguments: [
        (#""embedding", "args": [{"node": "input"}, {"node": "table"}]"#, "[2, 0]", "[[5.0,6.0],[1.0,2.0]]"),
        (#""embedding_bag", "args": [{"node": "input"}, {"node": "table"}]"#, "[[0, 1.0]]", "[[2.0,3.0]]"),
        (#""index_select", "args": [{"node": "table"}, 0, {"node": "input"}]"#, "[1]", "[[3.0,4.0]]"),
        (#""gather", "args": [{"node": "table"}, 1, {"node": "input"}]"#, "[[1], [0], [1]]", "[[2.0],[3.0],[6.0]]"),
        (
            #""take_along_dim", "args": [{"node": "table"}, {"node": "input"}, 1]"#, "[[1], [0], [1]]",
            "[[2.0],[3.0],[6.0]]"
        ),
        (
            #""scatter", "args": [{"node": "table"}, 1, {"node": "input"}], "kwargs": {"value": 0}"#, "[[0], [1], [0]]",
            "[[0.0,2.0],[3.0,0.0],[0.0,6.0]]"
        ),
        (
            #""scatter_add", "args": [{"node": "table"}, 1, {"node": "input"}, {"node": "table"}]"#, "[[1], [0], [1]]",
            "[[1.0,3.0],[6.0,4.0],[5.0,11.0]]"
        ),
        (#""one_hot", "args": [{"node": "input"}, 3]"#, "[2]", "[[0,0,1]]"),
        (#""one_hot", "kwargs": {"num_classes": 3, "input": {"node": "input"}}"#, "[2]", "[[0,0,1]]"),
    ])
    func aFunctionTakesWholeNumbersAsIndices(call: String, list: String, output: String) async throws {
        let made = await server.json(.post, "/v1/modules", Self.graph(#""target": \#(call)"#))
        #expect(made.status == 201, "\(made.text)")
        let answer = await server.json(.post, "/v1/modules/m/call", #"{"input": \#(list)}"#)
        #expect(answer.text.contains(#""output":\#(output),"#), "\(answer.text)")
        let whole = list.replacing(".0", with: "")
        let fractions = whole.replacing("1", with: "1.5").replacing("2", with: "2.5")
        for wrong in [fractions, whole.replacing("1", with: "true").replacing("2", with: "true")] {
            let refused = await server.json(.post, "/v1/modules/m/call", #"{"input": \#(wrong)}"#)
            #expect(refused.status == 422, "\(wrong): \(refused.text)")
        }
    }

    @Test func aHookOnATableAddsFractions() async throws {
        #expect(await server.json(.post, "/v1/modules", Self.networks[0]).status == 201)
        let hooks = #"[{"kind": "forward", "action": {"type": "replace", "value": [0.5, 0.25]}}]"#
        let answer = await server.json(.post, "/v1/modules/m/call", #"{"input": [1], "hooks": \#(hooks)}"#)
        #expect(answer.json["output"] == [0.5, 0.25], "\(answer.text)")
    }
}
