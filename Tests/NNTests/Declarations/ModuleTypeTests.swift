import OrderedCollections
import Tensors
import Testing

@testable import NN

/// Each class is declared once: what is said of it must be what it does.
struct ModuleTypeTests {
    private typealias Given = OrderedDictionary<String, NN.Value>

    private static let arguments: [String: Given] = [
        "Linear": ["in_features": 4, "out_features": 3], "Embedding": ["num_embeddings": 9, "embedding_dim": 4],
        "EmbeddingBag": ["num_embeddings": 9, "embedding_dim": 4],
        "Transformer": [
            "d_model": 4, "nhead": 2, "num_encoder_layers": 2, "num_decoder_layers": 1, "dim_feedforward": 3,
            "batch_first": true,
        ],
        "ParameterList": ["values": .list([.list([2, 3]), .list([4])])],
        "ParameterDict": ["parameters": .list([.list(["scale", .list([2, 3])])])],
        "Bilinear": ["in1_features": 4, "in2_features": 4, "out_features": 3],
        "LayerNorm": ["normalized_shape": 4], "RMSNorm": ["normalized_shape": .list([4])],
        "Softmax": ["dim": 1], "LogSoftmax": ["dim": -1], "Softmin": ["dim": 1],
        "Threshold": ["threshold": 0.5, "value": 1], "PReLU": ["num_parameters": 4],
        "GroupNorm": ["num_groups": 2, "num_channels": 4], "LocalResponseNorm": ["size": 2],
        "CrossMapLRN2d": ["size": 2], "PixelShuffle": ["upscale_factor": 2], "PixelUnshuffle": ["downscale_factor": 2],
        "ChannelShuffle": ["groups": 2], "Unflatten": ["dim": 1, "unflattened_size": .list([2, -1])],
        "Unfold": ["kernel_size": 2, "padding": 1], "Fold": ["output_size": 3, "kernel_size": 2],
        "Upsample": ["size": 5], "UpsamplingNearest2d": ["size": 5], "UpsamplingBilinear2d": ["size": 5],
        "MultiheadAttention": ["embed_dim": 4, "num_heads": 2, "batch_first": true],
        "TransformerEncoderLayer": ["d_model": 4, "nhead": 2, "dim_feedforward": 3, "batch_first": true],
        "TransformerDecoderLayer": ["d_model": 4, "nhead": 2, "dim_feedforward": 3, "batch_first": true],
    ]

    /// Arguments that a class takes: those above, or what its name says.
    private static func given(_ name: String) -> Given {
        if let given = arguments[name] { return given }
        let families: [(String, Given)] = [
            (
                "ConvTranspose",
                ["in_channels": 4, "out_channels": 2, "kernel_size": 2, "stride": 2, "output_padding": 1]
            ),
            ("Conv", ["in_channels": 4, "out_channels": 2, "kernel_size": 2, "padding": 1, "stride": 2]),
            ("Fractional", ["kernel_size": 2, "output_size": 3]), ("MaxUnpool", ["kernel_size": 2]),
            ("LPPool", ["norm_type": 2, "kernel_size": 2]), ("AdaptiveAvg", ["output_size": 3]),
            ("AdaptiveMax", ["output_size": 3]), ("MaxPool", ["kernel_size": 2, "ceil_mode": true, "padding": 1]),
            ("AvgPool", ["kernel_size": 2, "stride": 1]), ("ConstantPad", ["padding": 2, "value": 1]),
            ("Pad", ["padding": 1]), ("BatchNorm", ["num_features": 4]), ("InstanceNorm", ["num_features": 4]),
            ("RNN", ["input_size": 4, "hidden_size": 3]), ("LSTM", ["input_size": 4, "hidden_size": 3]),
            ("GRU", ["input_size": 4, "hidden_size": 3]),
        ]
        var found = families.first { name.contains($0.0) }?.1 ?? [:]
        if ["RNN", "LSTM", "GRU"].contains(name) { found["batch_first"] = true }
        return found
    }

    private static func made(_ name: String, isTraining: Bool = false) throws -> Module {
        let type = try #require(ModuleType.named(name))
        let given = try ModuleArguments(given(name), for: type)
        return try type.make(given, .float32, Generator(seed: 1)).train(isTraining)
    }

    @Test("has the tensors that its declaration says", arguments: ModuleType.pyTorch.map(\.name))
    func hasItsTensors(name: String) throws {
        let type = try #require(ModuleType.named(name))
        let given = try ModuleArguments(Self.given(name), for: type)
        let state = try Self.made(name).stateDict().mapValues { Array($0.shape) }
        let present = type.tensors(given).filter(\.isPresent)
        #expect(try Self.made(name).typeName == name)
        #expect(Set(state.keys) == Set(present.map(\.name)))
        for tensor in present { #expect(state[tensor.name] == tensor.sizes, "\(tensor.name)") }
    }

    /// The sizes of a batch of three that a class takes.
    private static func sizes(_ name: String) -> [Int] {
        switch name {
        case "Fold": [3, 8, 4]
        case "ChannelShuffle", "GroupNorm", "LocalResponseNorm", "Upsample": [3, 4, 6]
        case "RNN", "LSTM", "GRU", "MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer",
            "Transformer":
            [3, 5, 4]
        case "CrossMapLRN2d", "PixelShuffle", "PixelUnshuffle", "Unfold", "UpsamplingNearest2d",
            "UpsamplingBilinear2d", "Softmax2d":
            [3, 4, 6, 4]
        case "BatchNorm1d", "FeatureAlphaDropout": [3, 4]
        default:
            // Classes over images have the number of their axes in their names.
            switch name.suffix(2) {
            case "1d": [3, 4, 6]
            case "2d": [3, 4, 6, 4]
            case "3d": [3, 4, 6, 4, 4]
            default: [3, 4]
            }
        }
    }

    @Test("gives the shape and the rows that its specification says", arguments: ModuleType.pyTorch.map(\.name))
    func givesItsShape(name: String) throws {
        let type = try #require(ModuleType.named(name))
        guard type.children == .none || type.chainsChildren, !Self.withoutRows(name) else { return }
        let module = try Self.made(name)
        let input =
            name.hasPrefix("Embedding")
            ? try Tensor([1, 2, 3, 4, 5, 6] as [Int64], shape: [3, 2])
            : try Tensor.normal(Shape(checking: Self.sizes(name)), mean: 0, deviation: 1, generator: Generator(seed: 3))
        func answers(_ input: Tensor) throws -> [Tensor] {
            let second = name.hasPrefix("MaxUnpool") ? try Tensor.zeros(input.shape, dtype: .int64) : input
            return try module(Arguments(values: (0..<type.inputCount).map { .tensor($0 == 0 ? input : second) }))
                .tensors
        }
        let outputs = try answers(input)
        let inputs = (0..<type.inputCount).map { _ in ValueSpec.tensor(TensorSpec(batchOf: input)) }
        let specs = module.outputSpec(for: inputs).tensors
        let alone = try answers(input.rows(1..<2))
        #expect(specs.count == outputs.count)
        for (spec, (output, alone)) in zip(specs, zip(outputs, alone)) {
            #expect(spec.shape?.map { $0.size(rows: 3) } == output.shape.map(Optional.some))
            let axis = try #require(spec.batchAxis)
            let row = try output.transposed(0, axis).rows(1..<2)
            #expect(try row.scalars(as: Float.self) == alone.transposed(0, axis).scalars(as: Float.self))
        }
        #expect(module.work(for: inputs, rows: 3) != nil)
    }

    /// What cannot be called, and what draws in each call.
    private static func withoutRows(_ name: String) -> Bool {
        name.hasPrefix("Parameter") || name.hasPrefix("Fractional")
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
        #expect(module.work(for: [.tensor(TensorSpec(shape: [.batch(1), .fixed(4)], rows: .axis(0)))], rows: 2) == 876)
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
