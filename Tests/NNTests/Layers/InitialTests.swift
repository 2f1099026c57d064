import OrderedCollections
import Tensors
import Testing

@testable import NN

/// Initial values, bit for bit, against PyTorch's `nn.init` with seed 11.
struct InitialTests {
    typealias Make = @Sendable (Shape, DType, Generator) throws -> Tensor

    static let functions: [String: Make] = [
        "uniform": { try Initial.uniform($0, from: -0.3, to: 0.7, dtype: $1, generator: $2) },
        "kaiming_uniform": { try Initial.kaimingUniform($0, dtype: $1, generator: $2) },
        "xavier_uniform": { try Initial.xavierUniform($0, gain: 1.5, dtype: $1, generator: $2) },
        "normal": { try Initial.normal($0, mean: 0.5, deviation: 2, dtype: $1, generator: $2) },
        "kaiming_normal": {
            try Initial.kaimingNormal($0, fan: .fanOut, nonlinearity: .relu, dtype: $1, generator: $2)
        },
        "xavier_normal": { try Initial.xavierNormal($0, dtype: $1, generator: $2) },
    ]

    static let shapes: [(text: String, shape: Shape)] = [("4x5", [4, 5]), ("2x3x4", [2, 3, 4])]

    static let ids: [String] = shapes.flatMap { text, _ in
        functions.keys.flatMap { function in
            ["float32", "float64", "float16", "bfloat16"].map { "\(function) \(text) \($0)" }
        }
    }

    @Test(arguments: ids) func drawsTheBitsOfPyTorch(id: String) throws {
        let golden = try #require(GoldenCase.named(id))
        let parts = id.split(separator: " ").map(String.init)
        let make = try #require(Self.functions[parts[0]])
        let shape = try #require(Self.shapes.first { $0.text == parts[1] }).shape
        let dtype = try #require(DType(rawValue: parts[2]))
        try golden.expect(make(shape, dtype, Generator(seed: 11)), "y")
    }

    static let nonlinearities: [(name: String, value: Initial.Nonlinearity)] = [
        ("tanh", .tanh), ("selu", .selu), ("leaky", .leakyReLU(slope: 0.2)), ("sigmoid", .sigmoid),
    ]

    @Test(arguments: nonlinearities.indices) func scalesByTheGain(index: Int) throws {
        let (name, nonlinearity) = Self.nonlinearities[index]
        let golden = try #require(GoldenCase.named("kaiming_uniform \(name)"))
        let drawn = try Initial.kaimingUniform([4, 5], nonlinearity: nonlinearity, generator: Generator(seed: 11))
        try golden.expect(drawn, "y")
    }

    @Test func refusesTheFanOfAVector() throws {
        let golden = try #require(GoldenCase.named("fan of a vector"))
        golden.expectError { _ = try Initial.xavierUniform([3]) }
    }

    @Test func drawsATreeInTheOrderOfConstruction() throws {
        let golden = try #require(GoldenCase.named("seeded tree"))
        let generator = Generator(seed: 5)
        let tree = try Sequential(
            Embedding(numEmbeddings: 5, embeddingDim: 4, paddingIndex: -2, generator: generator),
            LayerNorm(normalizedShape: [4]),
            Linear(inFeatures: 4, outFeatures: 3, generator: generator),
            BatchNorm1d(numFeatures: 3),
            Bilinear(in1Features: 3, in2Features: 2, outFeatures: 2, bias: false, generator: generator)
        )
        let state = tree.stateDict()
        #expect(Array(state.keys) == golden.names)
        for (name, tensor) in state { try golden.expect(tensor, name) }
    }

    @Test func drawsTheWeightOfABatchNormUnderTheOldRules() throws {
        let (layer, expected) = try Compatibility.torch1_0_1.run {
            let layer = try BatchNorm1d(numFeatures: 3, generator: Generator(seed: 5))
            return try (layer, Initial.uniform([3], generator: Generator(seed: 5)))
        }
        #expect(layer.weight?.tensor.floats == expected.floats)
        #expect(try BatchNorm1d(numFeatures: 3).weight?.tensor.floats == [1, 1, 1])
    }

    @Test func dividesByNoFan() throws {
        let golden = try #require(GoldenCase.named("fan of nothing"))
        golden.expectError { _ = try Initial.xavierUniform([0, 0]) }
        let old = Compatibility.torch1_0_1.run {
            golden.expectError { _ = try Linear(inFeatures: 0, outFeatures: 3) }
        }
        #expect(old as? ModuleError == .divisionByZero)
    }

    @Test func drawsWithoutAnOverflowOfHugeFans() {
        #expect(throws: TensorError.self) { _ = try Initial.xavierNormal([1, .max]) }
    }

    @Test func warnsOfNothingToInitialise() throws {
        let warnings = Box<[Warning]>([])
        let layer = try Warnings.handled(by: { warnings.value.append($0) }) {
            try Linear(inFeatures: 0, outFeatures: 3)
        }
        #expect(warnings.value == [.emptyInitialization])
        #expect(warnings.value.first?.message == "Initializing zero-element tensors is a no-op")
        #expect(try layer(Tensor.zeros([2, 0])).floats == [0, 0, 0, 0, 0, 0])
    }
}
