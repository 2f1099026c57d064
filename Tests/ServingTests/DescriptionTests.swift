import NN
import OrderedCollections
import Tensors
import Testing

@testable import Models
@testable import Serving

struct DescriptionTests {
    typealias Arguments = OrderedDictionary<String, ArgumentValue>

    @Test(
        arguments: [
            (
                "Linear", [:],
                "Linear.__init__() missing 2 required positional arguments: 'in_features' and 'out_features'"
            ),
            (
                "Bilinear", [:],
                "Bilinear.__init__() missing 3 required positional arguments: 'in1_features', 'in2_features', and 'out_features'"
            ),
            (
                "Linear", ["in_features": .int(4)],
                "Linear.__init__() missing 1 required positional argument: 'out_features'"
            ),
            (
                "Linear", ["in_features": .int(4), "x": .int(1)],
                "Linear.__init__() got an unexpected keyword argument 'x'"
            ),
            (
                "Linear", ["in_features": .string("4"), "out_features": .int(3)],
                "Linear.__init__(): argument 'in_features' must be int, not str"
            ),
            (
                "Linear", ["in_features": .double(4), "out_features": .int(3)],
                "Linear.__init__(): argument 'in_features' must be int, not float"
            ),
            (
                "Linear", ["in_features": .int(4), "out_features": .int(3), "bias": .string("no")],
                "Linear.__init__(): argument 'bias' must be bool, not str"
            ),
            (
                "Linear", ["in_features": .tooBig("9223372036854775808"), "out_features": .int(3)],
                "Overflow when unpacking long long"
            ),
            ("Dropout", ["p": .double(1.5)], "dropout probability has to be between 0 and 1, but got 1.5"),
            ("GELU", ["approximate": .string("x")], "approximate argument must be either none or tanh."),
            (
                "Embedding", ["num_embeddings": .int(4), "embedding_dim": .int(3), "padding_idx": .int(4)],
                "Padding_idx must be within num_embeddings"
            ),
            (
                "Hardtanh", ["min_val": .int(2), "max_val": .int(1)],
                "max_val (1) must be greater than min_val (2)"
            ),
            (
                "LayerNorm", ["normalized_shape": .list([.int(3), .string("a")])],
                "LayerNorm.__init__(): argument 'normalized_shape' must be int or tuple of ints, not list"
            ),
            ("Sequential", ["x": .int(1)], "Sequential.__init__() got an unexpected keyword argument 'x'"),
        ] as [(String, Arguments, String)]
    )
    func refusesWrongArgumentsInPyTorchsWords(type: String, arguments: Arguments, text: String) {
        #expect(problem(with: .layer(type, arguments))?.text == text)
    }

    @Test func refusesUnknownTypesAndNamesTheKnown() throws {
        let found = try #require(problem(with: .layer("Conv4d")))
        #expect(
            found.text.hasPrefix("unknown module type 'Conv4d'; known are Linear, Bilinear, Embedding, EmbeddingBag")
        )
        #expect(found.pointer == ["type"])
    }

    @Test func pointsToTheOffendingValue() {
        let bad = NodeDescription.layer("Linear", ["in_features": .int(4), "out_features": .int(3), "x": .int(1)])
        #expect(
            problem(with: .sequential(.layer("ReLU"), .sequential(bad)))?.pointer == [
                "modules", "1", "modules", "0", "x",
            ]
        )
        let named = LayerDescription(type: "Sequential", children: [ChildDescription(key: "a.b", node: .layer("ReLU"))])
        let found = problem(with: .layer(named))
        #expect(found?.text == "module name can't contain \".\", got: a.b")
        #expect(found?.pointer == ["modules", "a.b"])
    }

    @Test func refusesADTypeWhereThereAreNoParameters() {
        let relu = LayerDescription(type: "ReLU", dtype: .float64)
        #expect(problem(with: .layer(relu))?.text == "ReLU.__init__() got an unexpected keyword argument 'dtype'")
        #expect(
            problem(with: .linear(2, 2, dtype: .int64))?.text
                == "Only Tensors of floating point and complex dtype can require gradients"
        )
    }

    @Test func refusesModulesOutsideOfContainers() {
        let child = ChildDescription(node: .layer("ReLU"))
        let relu = LayerDescription(type: "ReLU", children: [child])
        #expect(problem(with: .layer(relu))?.text == "ReLU is no container and takes no modules")
        #expect(problem(with: .ref("fc"))?.text == "a reference needs a container around it")
    }

    @Test func refusesTwoInputsInAChain() async throws {
        let bilinear = NodeDescription.layer(
            "Bilinear",
            ["in1_features": .int(2), "in2_features": .int(2), "out_features": .int(2)]
        )
        let text = "Bilinear takes two inputs and cannot stand in a Sequential"
        #expect(problem(with: .sequential(bilinear))?.text == text)
        let registry = Registry()
        try await registry.add("b", bilinear)
        let error = await servingError { try await registry.add("net", .sequential(.layer("ReLU"), .ref("b"))) }
        #expect(error?.message == text)
    }

    @Test func refusesTwoModulesOfOneName() {
        let children = [
            ChildDescription(key: "1", node: .layer("ReLU")), ChildDescription(node: .layer("Tanh")),
        ]
        let chain = LayerDescription(type: "Sequential", children: children)
        #expect(problem(with: .layer(chain))?.text == "two modules have the name '1'")
    }

    @Test(
        arguments: [
            (.linear(4, 3, bias: false), "Linear(in_features=4, out_features=3, bias=False)"),
            (
                .layer("LayerNorm", ["normalized_shape": .int(3)]),
                "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=True)"
            ),
            (
                .layer("RMSNorm", ["normalized_shape": .list([.int(3)])]),
                "RMSNorm((3,), eps=None, elementwise_affine=True)"
            ),
            (
                .layer("BatchNorm1d", ["num_features": .int(3)]),
                "BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)"
            ),
            (
                .layer("Embedding", ["num_embeddings": .int(4), "embedding_dim": .int(3), "padding_idx": .int(0)]),
                "Embedding(4, 3, padding_idx=0)"
            ),
            (.layer("Softplus"), "Softplus(beta=1.0, threshold=20.0)"),
            (.layer("ELU", ["alpha": .int(2)]), "ELU(alpha=2)"),
            (.layer("ELU", ["alpha": .double(2)]), "ELU(alpha=2.0)"),
            (.layer("ELU", ["alpha": .bool(true)]), "ELU(alpha=True)"),
            (.layer("Softmax", ["dim": .int(-1)]), "Softmax(dim=-1)"),
            (.layer("Flatten"), "Flatten(start_dim=1, end_dim=-1)"),
            (
                .sequential(.linear(2, 3), .layer("ReLU")),
                "Sequential(\n  (0): Linear(in_features=2, out_features=3, bias=True)\n  (1): ReLU()\n)"
            ),
        ] as [(NodeDescription, String)]
    )
    func buildsWhatPyTorchPrints(node: NodeDescription, repr: String) async throws {
        #expect(try await Registry().add("m", node).repr == repr)
    }

    @Test(arguments: ModuleType.pyTorch.map(\.name))
    func knowsTheTensorsOfEveryType(name: String) async throws {
        let type = try #require(ModuleType.named(name))
        let given = type.parameters.filter { $0.defaultValue == nil }.map { argument -> (String, ArgumentValue) in
            if case .tuple = argument.kind { (argument.name, .list([.int(3)])) } else { (argument.name, .int(3)) }
        }
        var arguments = Arguments(uniqueKeysWithValues: given)
        if name.hasPrefix("Fractional") { arguments["output_size"] = .int(3) }
        let made = try await Registry().add("m", .layer(name, arguments))
        let planned = made.plan.root.presentTensors.filter { $0.sizes != [] || $0.dtype != nil }
        let found = (made.parameters + made.buffers).map { "\($0.name) \($0.shape) \($0.dtype.rawValue)" }
        #expect(Set(found) == Set(planned.map { "\($0.name) \($0.sizes) \(made.plan.root.dtype(of: $0).rawValue)" }))
    }

    @Test func copiesOneLayerAsPyTorchDoes() async throws {
        let layer = NodeDescription.layer(
            "TransformerEncoderLayer",
            ["d_model": .int(4), "nhead": .int(2), "dim_feedforward": .int(3)]
        )
        let stack = LayerDescription(
            type: "TransformerEncoder",
            arguments: ["num_layers": .int(2)],
            children: [
                ChildDescription(key: "encoder_layer", node: layer),
                ChildDescription(key: "norm", node: .layer("LayerNorm", ["normalized_shape": .int(4)])),
            ]
        )
        let made = try await Registry().add("m", .layer(stack))
        #expect(
            made.stateDict.keys.filter { $0.hasSuffix("linear1.weight") }
                == ["layers.0", "layers.1"].map { "\($0).linear1.weight" }
        )
        let weights = try ["layers.0.linear1.weight", "layers.1.linear1.weight"].map { try made.tensor($0).tensor }
        #expect(weights[0].scalars(as: Float.self) == weights[1].scalars(as: Float.self))
        #expect(weights[0].scalars(as: Float.self).contains { $0 != 0 })
        #expect(made.document.modules?.map(\.name) == ["layers", "norm"])
        #expect(made.repr.contains("(0-1): 2 x TransformerEncoderLayer("))
        #expect(made.inputs.map(\.shape) == [[-1, -1, 4]])
    }

    @Test func documentsArgumentsWithDefaults() async throws {
        let made = try await Registry().add("m", .layer("LeakyReLU"))
        #expect(made.document.arguments == ["negative_slope": .double(0.01), "inplace": .bool(false)])
        #expect(made.document.dtype == nil)
        #expect(try await Registry().add("m", .linear(2, 2)).document.dtype == .float32)
    }

    @Test(arguments: [DType.float16, .bfloat16])
    func drawsHalvesAsALayerOfTheDTypeDoes(dtype: DType) async throws {
        let node = NodeDescription.layer(
            LayerDescription(
                type: "Embedding",
                arguments: ["num_embeddings": .int(7), "embedding_dim": .int(4)],
                dtype: dtype
            )
        )
        let half = try await Registry().create(ModuleDescription(name: "m", root: node, seed: 0)).tensor("weight")
            .tensor
        let layer = try Embedding(numEmbeddings: 7, embeddingDim: 4, dtype: dtype, generator: Generator(seed: 0))
        #expect(half.dtype == dtype)
        #expect(try half.scalars(as: Float.self) == #require(layer.weight).tensor.scalars(as: Float.self))
    }
}
