import OrderedCollections
import Tensors
import Testing

@testable import NN

/// Each class is declared once: what is said of it must be what it does.
struct ModuleTypeTests {
    private static let arguments: [String: OrderedDictionary<String, NN.Value>] = [
        "Linear": ["in_features": 4, "out_features": 3], "Embedding": ["num_embeddings": 9, "embedding_dim": 4],
        "Bilinear": ["in1_features": 4, "in2_features": 4, "out_features": 3],
        "LayerNorm": ["normalized_shape": 4], "RMSNorm": ["normalized_shape": .list([4])],
        "BatchNorm1d": ["num_features": 4], "Softmax": ["dim": 1], "LogSoftmax": ["dim": -1],
    ]

    private static func made(_ name: String, isTraining: Bool = false) throws -> Module {
        let type = try #require(ModuleType.named(name))
        let given = try ModuleArguments(arguments[name] ?? [:], for: type)
        return try type.make(given, .float32, Generator(seed: 1)).train(isTraining)
    }

    @Test("has the tensors that its declaration says", arguments: ModuleType.pyTorch.map(\.name))
    func hasItsTensors(name: String) throws {
        let type = try #require(ModuleType.named(name))
        let given = try ModuleArguments(Self.arguments[name] ?? [:], for: type)
        let module = try Self.made(name)
        #expect(module.typeName == name)
        let present = type.tensors(given).filter(\.isPresent)
        #expect(module.stateDict().mapValues { Array($0.shape) }.elements.map(\.key) == present.map(\.name))
        #expect(module.stateDict().values.map { Array($0.shape) } == present.map(\.sizes))
    }

    @Test("gives the shape and the rows that its specification says", arguments: ModuleType.pyTorch.map(\.name))
    func givesItsShape(name: String) throws {
        let type = try #require(ModuleType.named(name))
        guard type.inputCount == 1, type.children == .none || type.name == "Sequential" else { return }
        let module = try Self.made(name)
        let input =
            name == "Embedding"
            ? try Tensor([1, 2, 3, 4, 5, 6] as [Int64], shape: [3, 2])
            : try Tensor((0..<12).map { Float($0) / 7 }, shape: [3, 4])
        let output = try module(input)
        let spec = try #require(module.outputSpec(for: [.tensor(TensorSpec(batchOf: input))]).tensor)
        #expect(spec.shape?.map { $0.size(rows: 3) } == output.shape.map(Optional.some))
        #expect(spec.isBatch)
        let alone = try module(input.rows(1..<2))
        #expect(try output.rows(1..<2).scalars(as: Float.self) == alone.scalars(as: Float.self))
    }

    @Test("in training rows meet", arguments: ["BatchNorm1d", "Dropout"])
    func rowsMeetInTraining(name: String) throws {
        let module = try Self.made(name, isTraining: true)
        let spec = TensorSpec(shape: [.batch(1), .fixed(4)], rows: .axis(0))
        #expect(module.outputSpec(for: [.tensor(spec)]).tensors[0].rows == .mixed)
    }

    @Test func followsTheRowsThroughAGraph() throws {
        let module = try GraphModule(
            Graph([
                Graph.Node("x", .placeholder(defaultValue: nil)),
                Graph.Node("fc", .callModule(target: "fc", .init(["x"]))),
                Graph.Node("size", .callFunction(target: "size", .init(["fc", 0]))),
                Graph.Node("view", .callFunction(target: "view", .init(["fc", "size", -1]))),
                Graph.Node("cat", .callFunction(target: "cat", .init([.list(["view", "x"]), -1]))),
                Graph.Node("output", .output("cat")),
            ]),
            entries: [("fc", .module(Self.made("Linear")))]
        )
        #expect(module.inputSpecs?[0].shape == [.batch(1), .fixed(4)])
        let spec = module.outputSpec(for: (module.inputSpecs ?? []).map(ValueSpec.tensor)).tensor
        #expect(spec == TensorSpec(shape: [.batch(1), .fixed(7)], dtype: .float32, rows: .axis(0)))
        #expect(module.work(for: [.tensor(TensorSpec(shape: [.batch(1), .fixed(4)], rows: .axis(0)))], rows: 2) == 44)
    }

    @Test(
        "refuses arguments as Python does",
        arguments: [
            (["in_features": 4], ArgumentProblem.Fault.missing(function: "Linear.__init__", names: ["out_features"])),
            (
                ["in_features": 4, "out_features": 3, "size": 1],
                .unexpected(function: "Linear.__init__", name: "size")
            ),
            (
                ["in_features": 4.5, "out_features": 3],
                .type(function: "Linear.__init__", name: "in_features", expected: "int", got: "float")
            ),
            (
                ["in_features": 4, "out_features": 3, "bias": "yes"],
                .type(function: "Linear.__init__", name: "bias", expected: "bool", got: "str")
            ),
        ] as [([String: NN.Value], ArgumentProblem.Fault)]
    )
    func refuses(given: [String: NN.Value], fault: ArgumentProblem.Fault) throws {
        let given = OrderedDictionary(uniqueKeysWithValues: given.map { ($0.key, $0.value) })
        let error = #expect(throws: ArgumentProblem.self) { try ModuleArguments(given, for: .linear) }
        #expect(error?.fault == fault)
    }
}
