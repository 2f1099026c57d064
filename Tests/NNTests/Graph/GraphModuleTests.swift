import OrderedCollections
import Tensors
import Testing

@testable import NN

/// Modules whose `forward` is a graph.
struct GraphModuleTests {
    private let log = Log()

    /// `relu(fc(x)) * scale` of the class `Network`, with `fc` as in the numbered cases and a scale of 10.
    private func network(_ nodes: [Graph.Node]? = nil) throws -> GraphModule {
        try GraphModule(
            Graph(nodes ?? Self.nodes),
            className: "Network",
            entries: [
                ("fc", .module(linear())), ("scale", .parameter(Parameter(vector(10, 10)))),
                ("shift", .buffer(vector(1, 1), isPersistent: false)),
            ]
        )
    }

    private static let nodes: [Graph.Node] = [
        Graph.Node("x", .placeholder(defaultValue: nil)),
        Graph.Node("fc", .callModule(target: "fc", .init(["x"]))),
        Graph.Node("relu", .callFunction(target: "relu", .init(["fc"]))),
        Graph.Node("scale", .getAttribute(target: "scale")),
        Graph.Node("mul", .callFunction(target: "mul", .init(["relu", "scale"]))),
        Graph.Node("output", .output("mul")),
    ]

    @Test func runsItsNodesInOrder() throws {
        let module = try network()
        #expect(try module(ones()).floats == [35, 65])
        #expect(module.stateDict().keys.elements == ["scale", "fc.weight", "fc.bias"])
    }

    @Test func printsTheClassThatWasTraced() throws {
        #expect(
            try network().description == """
                Network(
                  (fc): Linear(in_features=2, out_features=2, bias=True)
                )
                """
        )
    }

    @Test func copiesBringParametersBuffersChildrenAndHooks() throws {
        let module = try network()
        var hooks = HookSnapshot()
        hooks.add(
            .forwardWithKeywords { _, _, value in
                .tensor(try value.tensors[0] + 1)
            },
            id: HookHandle.nextID()
        )
        module.addHooks(hooks, toNode: "relu")
        let copy = try module.copied()
        module.parameter(at: "scale")?.tensor = try vector(0, 0)
        #expect(try copy(ones()).floats == [45, 75])
        #expect(copy.buffer(at: "shift")?.floats == [1, 1])
        #expect(copy.stateDict().keys.elements == ["scale", "fc.weight", "fc.bias"])
    }

    @Test func goesBackwardToItsParameters() throws {
        let module = try network()
        let output = try module(ones().requiringGrad())
        try output.sum().backward()
        #expect(module.parameter(at: "scale")?.grad?.floats == [3.5, 6.5])
        #expect(module.parameter(at: "fc.bias")?.grad?.floats == [10, 10])
    }

    @Test func takesSeveralInputsWithDefaultsAndGivesContainers() throws {
        let module = try GraphModule(
            Graph([
                Graph.Node("user", .placeholder(defaultValue: nil)),
                Graph.Node("item", .placeholder(defaultValue: nil)),
                Graph.Node("mask", .placeholder(defaultValue: NN.Value.none)),
                Graph.Node("add", .callFunction(target: "add", .init(["user", "item"]))),
                Graph.Node("size", .callFunction(target: "size", .init(["add", 0]))),
                Graph.Node("view", .callFunction(target: "view", .init(["add", "size", 1]))),
                Graph.Node("output", .output(.dictionary(["sum": "add", "parts": .tuple(["view", "mask"])]))),
            ]),
            className: "TwoTower"
        )
        let output = try module(Arguments([ones(), vector(2, 3)]))
        guard case .dictionary(let members) = output else { throw Failure("\(output)") }
        #expect(members["sum"]?.floats == [3, 4])
        #expect(members["parts"]?.elements?[0].tensor?.shape == [2, 1])
        #expect(members["parts"]?.elements?[1].isNone == true)
        let error = #expect(throws: ModuleError.self) { try module(Arguments(ones())) }
        #expect(error?.message() == "TwoTower.forward() missing 1 required positional argument: 'item'")
    }

    @Test func letsValuesGoAfterTheirLastUse() throws {
        let count = 64
        var nodes = [Graph.Node("x", .placeholder(defaultValue: nil))]
        for index in 0..<count {
            nodes.append(Graph.Node("n\(index)", .callFunction(target: "neg", .init([.node(nodes[index].name)]))))
        }
        nodes.append(Graph.Node("output", .output(.node("n\(count - 1)"))))
        let module = try GraphModule(Graph(nodes))
        let input = try Tensor.zeros([1_000])
        _ = try CallMeter.limited(liveBytes: 8_100, work: 10_000_000) { try module(input) }
        let error = #expect(throws: InNodeError.self) {
            try CallMeter.limited(liveBytes: 7_999, work: 10_000_000) { try module(input) }
        }
        #expect(error?.node == "n1")
        #expect(error?.underlying as? TensorError == .tooManyLiveBytes(limit: 7_999))
    }

    @Test func refusesMoreWorkThanACallMayDo() throws {
        let (module, input) = (try network(), try ones())
        let error = #expect(throws: (any Error).self) {
            try CallMeter.limited(liveBytes: 1 << 20, work: 3) { try module(input) }
        }
        let cause = (error as? InNodeError)?.underlying ?? (error as? InChildError)?.underlying
        #expect(cause as? TensorError == .tooMuchWork(limit: 3))
    }

    @Test func namesTheNodeOfAnError() throws {
        let module = try GraphModule(
            Graph([
                Graph.Node("x", .placeholder(defaultValue: nil)),
                Graph.Node("matmul_1", .callFunction(target: "matmul", .init(["x", "x"]))),
                Graph.Node("output", .output("matmul_1")),
            ])
        )
        let outer = try Sequential(module)
        let error = #expect(throws: InChildError.self) { try outer(Tensor.ones([2, 3])) }
        #expect(error?.path == "0")
        #expect((error?.underlying as? InNodeError)?.node == "matmul_1")
        #expect(error?.message() == "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)")
    }

    @Test func hooksOnNodesSeeValuesAndGradients() throws {
        let module = try network()
        var hooks = CallHooks()
        hooks.add(
            .forwardWithKeywords { _, _, value in .tensor(try value.tensors[0] * 2) },
            toNode: "fc",
            of: module,
            id: 0
        )
        hooks.add(
            .fullBackward { _, _, gradients in
                try gradients.map { try $0.map { try $0 * 3 } }
            },
            toNode: "relu",
            of: module,
            id: 1
        )
        let input = try ones().requiringGrad()
        let output = try quietContext(hooks: hooks).run { try module(input) }
        #expect(output.floats == [70, 130])
        try output.sum().backward()
        #expect(module.parameter(at: "fc.bias")?.grad?.floats == [60, 60])
    }

    @Test func tracesNameTheNode() throws {
        let tracer = Tracer()
        _ = try quietContext(tracer: tracer).run { try network()(ones()) }
        let operations = tracer.events.filter { $0.kind == .operation && $0.module.isEmpty }
        #expect(operations.map(\.node) == ["relu", "mul"])
        #expect(tracer.events.first { $0.module == "fc" }?.scope == "Network/Linear[fc]")
    }

    @Test func callsOfAChildByTwoNodesCountTwice() throws {
        var nodes = Self.nodes
        nodes[2] = Graph.Node("relu", .callModule(target: "fc", .init(["fc"])))
        #expect(try network(nodes).stepCount == 1 + nodes.count + 2)
    }

    @Test(
        "refuses a graph that cannot run",
        arguments: [
            (Graph.Node("1x", .getAttribute(target: "scale")), GraphProblem.Fault.invalidName("1x"), ["name"]),
            (Graph.Node("a.b", .getAttribute(target: "scale")), .invalidName("a.b"), ["name"]),
            (Graph.Node("fc", .getAttribute(target: "scale")), .repeatedName("fc"), ["name"]),
            (Graph.Node("y", .getAttribute(target: "scales")), .unknownAttribute("scales"), ["target"]),
            (Graph.Node("y", .getAttribute(target: "fc.wait")), .unknownAttribute("fc.wait"), ["target"]),
            (Graph.Node("y", .callModule(target: "fd", .init())), .unknownModule("fd"), ["target"]),
            (Graph.Node("y", .callModule(target: "fc.0", .init())), .unknownModule("fc.0"), ["target"]),
            (Graph.Node("y", .callFunction(target: "system", .init())), .unknownFunction("system"), ["target"]),
            (Graph.Node("y", .callFunction(target: "relu", .init(["mul"]))), .lateOrUnknownNode("mul"), ["args", "0"]),
            (Graph.Node("y", .callFunction(target: "relu", .init(["y"]))), .lateOrUnknownNode("y"), ["args", "0"]),
            (
                Graph.Node("y", .callFunction(target: "cat", .init([.list(["x", "z"])]))), .lateOrUnknownNode("z"),
                ["args", "0", "1"]
            ),
            (
                Graph.Node("y", .callFunction(target: "relu", .init())),
                .missingArguments(function: "relu", ["input"]), []
            ),
            (
                Graph.Node("y", .callFunction(target: "neg", .init(["x", 1]))),
                .tooManyArguments(function: "neg", taken: 1, given: 2), ["args", "1"]
            ),
            (
                Graph.Node("y", .callFunction(target: "neg", .init(["x"], named: ["out": "x"]))),
                .unexpectedArgument(function: "neg", "out"), ["kwargs", "out"]
            ),
            (Graph.Node("y", .placeholder(defaultValue: nil)), .placeholderAfterCall, []),
            (Graph.Node("y", .output(3)), .outputOfNoTensor("int"), ["args", "0"]),
        ] as [(Graph.Node, GraphProblem.Fault, [String])]
    )
    func refuses(node: Graph.Node, fault: GraphProblem.Fault, path: [String]) throws {
        var nodes = Self.nodes
        nodes.insert(node, at: 2)
        let error = #expect(throws: GraphProblem.self) { try network(nodes) }
        #expect(error == GraphProblem(fault, node: 2, path: path))
    }

    @Test func refusesAGraphWithoutOutputOrWithTwo() throws {
        #expect(throws: GraphProblem(.noOutput)) { try network(Self.nodes.dropLast()) }
        #expect(throws: GraphProblem(.noOutput)) { try network([]) }
        #expect(throws: GraphProblem(.outputNotLast, node: 6)) {
            try network(Self.nodes + [Graph.Node("again", .output("mul"))])
        }
    }
}
