import HTTPTypes
import JSON
import NN
import Serving
import Tensors
import Testing
import TestServer

@testable import ModuleAPI

/// Modules whose `forward` is data, over HTTP.
struct GraphTests {
    private let server = Server()

    /// `relu(fc(x)) * scale`, of the class `Network`.
    private static let network = #"""
        {"name": "net", "type": "GraphModule", "class": "Network",
         "modules": {"fc": {"type": "Linear", "in_features": 2, "out_features": 2}},
         "parameters": {"scale": {"shape": [2], "init": "ones"}},
         "buffers": {"shift": {"shape": [2], "data": [1, 2], "persistent": false}},
         "graph": [
          {"op": "placeholder", "name": "x"},
          {"op": "call_module", "name": "fc", "target": "fc", "args": [{"node": "x"}]},
          {"op": "call_function", "name": "relu", "target": "relu", "args": [{"node": "fc"}]},
          {"op": "get_attr", "name": "scale", "target": "scale"},
          {"op": "call_function", "name": "mul", "target": "mul", "args": [{"node": "relu"}, {"node": "scale"}]},
          {"op": "output", "args": [{"node": "mul"}]}],
         "state_dict": {"scale": [10, 100], "fc.weight": [[1, 2], [3, 4]], "fc.bias": [0.5, -0.5]}}
        """#

    /// Two inputs and a default; gives `{"sum": a + b, "parts": (a * b, None, size)}`.
    private static let several = #"""
        {"name": "net", "type": "GraphModule", "class": "Several", "graph": [
          {"op": "placeholder", "name": "a"},
          {"op": "placeholder", "name": "b"},
          {"op": "placeholder", "name": "flag", "default": 3},
          {"op": "call_function", "name": "add", "target": "add", "args": [{"node": "a"}, {"node": "b"}]},
          {"op": "call_function", "name": "mul", "target": "mul", "args": [{"node": "a"}, {"node": "b"}]},
          {"op": "call_function", "name": "size", "target": "size", "args": [{"node": "a"}, 0]},
          {"op": "output", "args": [{"sum": {"node": "add"}, "parts": {"tuple": [{"node": "mul"}, null, {"node": "size"}]}}]}]}
        """#

    @Test func isCreatedCalledAndPrintedAsItsClass() async throws {
        try await server.create(Self.network)
        let answer = await server.json(.post, "/v1/modules/net/call", #"{"input": [[1, 1]]}"#)
        #expect(answer.text == #"{"output":[[35.0,650.0]],"shape":[1,2],"dtype":"float32"}"#)
        let named = await server.json(.post, "/v1/modules/net/call", #"{"inputs": {"x": [[1, 1]]}}"#)
        #expect(named.text == answer.text)
        let text = await server.send(.get, "/v1/modules/net", [.accept: "text/plain"])
        #expect(
            text.text == """
                Network(
                  (fc): Linear(in_features=2, out_features=2, bias=True)
                )

                """
        )
    }

    @Test func postTakesWhatGetGives() async throws {
        try await server.create(Self.network)
        let answer = await server.send(.get, "/v1/modules/net")
        let document = answer.json
        #expect(document["class"] == "Network")
        #expect(document["own_parameters"]?["scale"] == ["shape": [2], "dtype": "float32", "init": "ones"])
        let shift: JSONValue = ["shape": [2], "dtype": "float32", "persistent": false, "data": [1.0, 2.0]]
        #expect(document["own_buffers"]?["shift"] == shift)
        let names = document["parameters"]?.asArray?.compactMap { $0["name"]?.asString }
        #expect(names == ["scale", "fc.weight", "fc.bias"])
        #expect(document["buffers"]?.asArray?.map { $0["name"] } == ["shift"])
        let again = await server.json(.put, "/v1/modules/net", answer.text)
        #expect(again.status == 200)
        let second = await server.send(.get, "/v1/modules/net").json
        #expect(second["graph"] == document["graph"])
        #expect(second["modules"] == document["modules"])
    }

    @Test func takesAndGivesSeveralTensorsByName() async throws {
        try await server.create(Self.several)
        let body = #"{"inputs": {"b": [3, 4], "a": [1, 2]}}"#
        let answer = await server.json(.post, "/v1/modules/net/call", body)
        let outputs = answer.json["outputs"]
        #expect(outputs?["sum"] == ["data": [4.0, 6.0], "shape": [2], "dtype": "float32"])
        #expect(outputs?["parts.0"]?["data"] == [3.0, 8.0])
        #expect(outputs?["parts.2"] == ["data": 2, "shape": [], "dtype": "int64"])
        let text = await server.json(.post, "/v1/modules/net/call", body, [.accept: "text/plain"])
        #expect(text.text == "{'sum': tensor([4., 6.]), 'parts': (tensor([3., 8.]), None, 2)}\n")
        let bytes = await server.json(.post, "/v1/modules/net/call", body, [.accept: "application/octet-stream"])
        #expect(bytes.status == 406)
        let list = await server.json(.post, "/v1/modules/net/call", #"{"inputs": [[1, 2], [3, 4]]}"#)
        #expect(list.text == answer.text)
        let missing = await server.json(.post, "/v1/modules/net/call", #"{"inputs": {"a": [1, 2]}}"#)
        #expect(missing.status == 422)
        #expect(missing.json["detail"] == "Several.forward() missing 1 required positional argument: 'b'")
    }

    @Test func goesBackwardFromSeveralOutputs() async throws {
        try await server.create(Self.several)
        let body = #"{"inputs": {"a": [1, 2], "b": [3, 4]}, "grad_output": {"sum": [1, 1], "parts.0": [10, 10]}}"#
        let answer = await server.json(.post, "/v1/modules/net/backward", body)
        #expect(answer.json["grad_input"]?["a"]?["data"] == [31.0, 41.0])
        #expect(answer.json["grad_input"]?["b"]?["data"] == [11.0, 21.0])
    }

    /// In the order of the outputs; null for one that has none.
    @Test func goesBackwardFromAListOfGradients() async throws {
        try await server.create(Self.several)
        let inputs = #""inputs": {"a": [1, 2], "b": [3, 4]}"#
        let body = #"{\#(inputs), "grad_output": [[1, 1], [10, 10], null]}"#
        let answer = await server.json(.post, "/v1/modules/net/backward", body)
        #expect(answer.json["grad_input"]?["a"]?["data"] == [31.0, 41.0], "\(answer.text)")
        let one = await server.json(.post, "/v1/modules/net/backward", #"{\#(inputs), "grad_output": [null, [1, 0]]}"#)
        #expect(one.json["grad_input"]?["b"]?["data"] == [1.0, 0.0], "\(one.text)")
        let many = #"{\#(inputs), "grad_output": [null, null, null, [1]]}"#
        let refused = await server.json(.post, "/v1/modules/net/backward", many)
        #expect(refused.status == 422)
        #expect(refused.json["pointer"] == "/grad_output", "\(refused.text)")
    }

    /// An axis without entries unbinds to nothing.
    @Test func mayGiveNoTensorAtAll() async throws {
        try await server.create(
            #"""
            {"name": "net", "type": "GraphModule", "class": "Rows", "graph": [
              {"op": "placeholder", "name": "x"},
              {"op": "call_function", "name": "rows", "target": "unbind", "args": [{"node": "x"}]},
              {"op": "output", "args": [{"node": "rows"}]}]}
            """#
        )
        let body = #"{"inputs": [{"data": [], "shape": [0, 2], "dtype": "float32"}]}"#
        let answer = await server.json(.post, "/v1/modules/net/call", body)
        #expect(answer.text == #"{"outputs":{}}"#)
        let text = await server.json(.post, "/v1/modules/net/call", body, [.accept: "text/plain"])
        #expect(text.text == "()\n")
        let bytes = await server.json(.post, "/v1/modules/net/call", body, [.accept: "application/octet-stream"])
        #expect(bytes.status == 406)
        let backward = await server.json(.post, "/v1/modules/net/backward", body)
        #expect(backward.status == 422)
    }

    @Test func whatIsNoTensorIsRefusedByTheNameOfItsClass() async throws {
        try await server.create(
            #"""
            {"name": "net", "type": "GraphModule", "class": "Type", "graph": [
              {"op": "placeholder", "name": "x"},
              {"op": "call_function", "name": "type", "target": "getattr", "args": [{"node": "x"}, "dtype"]},
              {"op": "output", "args": [{"node": "type"}]}]}
            """#
        )
        let answer = await server.json(.post, "/v1/modules/net/call", #"{"input": [1]}"#)
        #expect(answer.status == 422)
        #expect(answer.json["detail"] == "Type.forward() returned a torch.dtype where one Tensor was expected")
    }

    @Test func anErrorNamesItsNode() async throws {
        try await server.create(Self.several)
        let answer = await server.json(.post, "/v1/modules/net/call", #"{"inputs": {"a": [1, 2], "b": [3, 4, 5]}}"#)
        #expect(answer.status == 422)
        #expect(answer.json["node"] == "add")
    }

    @Test(
        "refuses what cannot run, with a pointer",
        arguments: [
            (#"[{"op": "placeholder", "name": "x"}]"#, "/graph"),
            (#"[{"op": "output", "args": [{"node": "y"}]}]"#, "/graph/0/args/0"),
            (#"[{"op": "placeholder", "name": "x y"}, {"op": "output", "args": [{"node": "x"}]}]"#, "/graph/0/name"),
            (
                #"[{"op": "call_function", "name": "f", "target": "eval"}, {"op": "output", "args": [null]}]"#,
                "/graph/0/target"
            ),
            (
                #"[{"op": "call_module", "name": "f", "target": "a.b"}, {"op": "output", "args": [null]}]"#,
                "/graph/0/target"
            ),
            (
                #"[{"op": "call_function", "name": "f", "target": "relu", "args": [{"node": "f"}]}, {"op": "output", "args": [null]}]"#,
                "/graph/0/args/0"
            ),
            (#"[{"op": "output", "args": [1], "size": 2}]"#, "/graph/0/size"),
            (#"[{"op": "output", "args": [1]}]"#, "/graph/0/args/0"),
        ]
    )
    func refuses(graph: String, pointer: String) async throws {
        let answer = await server.json(
            .post,
            "/v1/modules",
            #"{"name": "net", "type": "GraphModule", "graph": \#(graph)}"#
        )
        #expect(answer.status == 422, "\(answer.text)")
        #expect(answer.json["pointer"]?.asString == pointer, "\(answer.text)")
        #expect(await server.send(.get, "/v1/modules/net").status == 404)
    }

    @Test(arguments: ["parameters", "buffers", "own_parameters", "own_buffers"])
    func aTensorWithoutElementsIsPointedAtWhereItStands(field: String) async throws {
        let graph = #"[{"op": "output", "args": [null]}]"#
        let answer = await server.json(
            .post,
            "/v1/modules",
            #"{"name": "net", "type": "Sequential", "modules": {"a": {"type": "GraphModule", "\#(field)": {"w": {"shape": [2]}}, "graph": \#(graph)}}}"#
        )
        #expect(answer.status == 422, "\(answer.text)")
        #expect(answer.json["pointer"]?.asString == "/modules/a/\(field)/w", "\(answer.text)")
    }

    @Test func refusesGraphsOfTooManyNodes() async throws {
        var serving = ServingOptions()
        serving.limits.maxGraphNodes = 5
        let answer = await Server(serving: serving).json(.post, "/v1/modules", Self.network)
        #expect(answer.status == 422, "\(answer.text)")
    }

    /// A graph in a graph, each of which calls the one inside it ten times: seven levels are ten million calls.
    @Test func refusesGraphsWhoseCallsRunTooManyNodes() async throws {
        var inner = #"{"type": "Identity"}"#
        for _ in 0..<7 {
            var nodes = [#"{"op": "placeholder", "name": "n0"}"#]
            for index in 1...10 {
                let last = #"{"node": "n\#(index - 1)"}"#
                nodes.append(#"{"op": "call_module", "name": "n\#(index)", "target": "m", "args": [\#(last)]}"#)
            }
            nodes.append(#"{"op": "output", "args": [{"node": "n10"}]}"#)
            let graph = nodes.joined(separator: ",")
            inner = #"{"type": "GraphModule", "modules": {"m": \#(inner)}, "graph": [\#(graph)]}"#
        }
        let answer = await server.json(.put, "/v1/modules/net", inner)
        #expect(answer.status == 422, "\(answer.text)")
        #expect(answer.json["code"] == "module_too_large")
        #expect(answer.json["detail"]?.asString?.contains("maxCallNodes") == true, "\(answer.text)")
        #expect(await server.send(.get, "/v1/modules/net").status == 404)
    }

    /// `matmul(x, x)`: the same graph is little work for a small matrix, and much for a large one.
    @Test func aCostlyCallOfFunctionsIsNoSmallOne() async throws {
        try await server.create(
            #"""
            {"name": "net", "type": "GraphModule", "graph": [
              {"op": "placeholder", "name": "x"},
              {"op": "call_function", "name": "y", "target": "matmul", "args": [{"node": "x"}, {"node": "x"}]},
              {"op": "output", "args": [{"node": "y"}]}]}
            """#
        )
        let moduleVersion = try await server.api.registry.module("net")
        func isSmall(_ size: Int) throws -> Bool {
            let request = CallRequest(inputs: [try .zeros([size, size])])
            if case .done = try server.api.registry.begin(moduleVersion, request) { return true }
            return false
        }
        #expect(try isSmall(8))
        #expect(try !isSmall(1_024))
        #expect(try isSmall(8))
    }

    /// An LSTM of a thousand steps: what cannot be told is not small.
    @Test func aCallWhoseWorkCannotBeToldIsNoSmallOne() async throws {
        try await server.create(
            #"{"name": "rnn", "type": "LSTM", "input_size": 8, "hidden_size": 512, "num_layers": 4}"#
        )
        let request = CallRequest(inputs: [try .zeros([1_000, 1, 8])])
        let moduleVersion = try await server.api.registry.module("rnn")
        guard case .waiting = try server.api.registry.begin(moduleVersion, request) else {
            Issue.record("it was computed at once")
            return
        }
    }

    /// Each step doubles: in 60 steps a petabyte.
    @Test func refusesValuesThatExplodeBeforeTheyAreMade() async throws {
        var nodes = [#"{"op": "placeholder", "name": "n0"}"#]
        for index in 1...60 {
            let last = #"{"node": "n\#(index - 1)"}"#
            nodes.append(
                #"{"op": "call_function", "name": "n\#(index)", "target": "cat", "args": [[\#(last), \#(last)]]}"#
            )
        }
        nodes.append(#"{"op": "output", "args": [{"node": "n60"}]}"#)
        let graph = nodes.joined(separator: ",")
        try await server.create(#"{"name": "net", "type": "GraphModule", "graph": [\#(graph)]}"#)
        let answer = await server.json(.post, "/v1/modules/net/call", #"{"input": [[1]]}"#)
        #expect([413, 422].contains(answer.status), "\(answer.text)")
    }

    /// The class of docs/own-modules.md.
    private final class Scale: Module {
        private let factor = Slot<Parameter>()

        init(features: Int, dtype: DType = .float32) throws {
            super.init()
            try registerParameter("factor", Parameter(.ones(Shape(checking: [features]), dtype: dtype)), in: factor)
        }

        override func forward(_ input: Tensor) throws -> Tensor {
            guard let operand = factor.operand else { return input }
            return try input * operand
        }

        override var typeName: String { "Scale" }
        override func emptyCopy() throws -> Module { try Scale(features: 0) }
    }

    @Test func servesAModuleClassOfOnesOwn() async throws {
        ModuleType.register(
            ModuleType(
                "Scale",
                parameters: [ModuleParameter("features", .int)],
                tensors: { [TensorDeclaration("factor", [$0.int("features")])] },
                make: { given, dtype, _ in try Scale(features: given.int("features"), dtype: dtype) }
            )
        )
        try await server.create(
            #"""
            {"name": "s", "type": "Sequential", "modules": [{"type": "Scale", "features": 3}],
             "state_dict": {"0.factor": [1, 2, 3]}}
            """#
        )
        let hooks = #"[{"kind": "forward", "module": "0", "action": {"type": "scale", "value": 10}}]"#
        let answer = await server.json(.post, "/v1/modules/s/call", #"{"input": [1, 1, 1], "hooks": \#(hooks)}"#)
        #expect(answer.json["output"] == [10.0, 20.0, 30.0])
        let refused = await server.json(.post, "/v1/modules", #"{"name": "t", "type": "Scale", "size": 3}"#)
        #expect(refused.status == 422)
        #expect(refused.json["pointer"] == "/size")
        let document = await server.send(.get, "/v1/modules/s").json
        #expect(document["modules"]?.asArray?.first?["features"] == 3)
    }

    /// The network of the tutorial series, with the weights that PyTorch draws after `torch.manual_seed(0)`.
    private static let tutorial = #"""
        {"name": "net", "type": "GraphModule", "class": "Network", "seed": 0,
         "modules": {
          "conv1": {"type": "Conv2d", "in_channels": 1, "out_channels": 6, "kernel_size": 5},
          "conv2": {"type": "Conv2d", "in_channels": 6, "out_channels": 12, "kernel_size": 5},
          "fc1": {"type": "Linear", "in_features": 192, "out_features": 120},
          "fc2": {"type": "Linear", "in_features": 120, "out_features": 60},
          "out": {"type": "Linear", "in_features": 60, "out_features": 10}},
         "graph": [
          {"op": "placeholder", "name": "t"},
          {"op": "call_module", "name": "conv1", "target": "conv1", "args": [{"node": "t"}]},
          {"op": "call_function", "name": "relu", "target": "relu", "args": [{"node": "conv1"}]},
          {"op": "call_function", "name": "pool", "target": "max_pool2d", "args": [{"node": "relu"}, 2],
           "kwargs": {"stride": 2}},
          {"op": "call_module", "name": "conv2", "target": "conv2", "args": [{"node": "pool"}]},
          {"op": "call_function", "name": "relu_1", "target": "relu", "args": [{"node": "conv2"}]},
          {"op": "call_function", "name": "pool_1", "target": "max_pool2d", "args": [{"node": "relu_1"}, 2, 2]},
          {"op": "call_function", "name": "reshape", "target": "reshape", "args": [{"node": "pool_1"}, -1, 192]},
          {"op": "call_module", "name": "fc1", "target": "fc1", "args": [{"node": "reshape"}]},
          {"op": "call_function", "name": "relu_2", "target": "relu", "args": [{"node": "fc1"}]},
          {"op": "call_module", "name": "fc2", "target": "fc2", "args": [{"node": "relu_2"}]},
          {"op": "call_function", "name": "relu_3", "target": "relu", "args": [{"node": "fc2"}]},
          {"op": "call_module", "name": "out", "target": "out", "args": [{"node": "relu_3"}]},
          {"op": "output", "args": [{"node": "out"}]}]}
        """#

    /// What PyTorch 2.13 gives for `(torch.arange(784) % 7).float().reshape(1, 1, 28, 28) / 7`.
    private static let tutorialOutput: [Double] = [
        -0.02583041787147522, 0.1324988305568695, 0.07742682844400406, 0.11790275573730469, -0.05392948538064957,
        0.06627995520830154, -0.0209677554666996, -0.0027721859514713287, 0.048511601984500885, 0.04551703482866287,
    ]

    @Test func servesTheNetworkOfTheTutorialSeries() async throws {
        try await server.create(Self.tutorial)
        let pixels = (0..<784).map { "\(Float($0 % 7) / 7)" }.joined(separator: ",")
        let body = #"{"input": {"data": [\#(pixels)], "shape": [1, 1, 28, 28]}}"#
        let answer = await server.json(.post, "/v1/modules/net/call", body)
        let output = answer.json["output"]?.asArray?.first?.asArray?.compactMap(\.asDouble) ?? []
        #expect(output.count == 10, "\(answer.text)")
        #expect(zip(output, Self.tutorialOutput).allSatisfy { abs($0 - $1) < 1e-5 })
        let text = await server.send(.get, "/v1/modules/net", [.accept: "text/plain"])
        #expect(
            text.text == """
                Network(
                  (conv1): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1))
                  (conv2): Conv2d(6, 12, kernel_size=(5, 5), stride=(1, 1))
                  (fc1): Linear(in_features=192, out_features=120, bias=True)
                  (fc2): Linear(in_features=120, out_features=60, bias=True)
                  (out): Linear(in_features=60, out_features=10, bias=True)
                )

                """
        )
    }
}
