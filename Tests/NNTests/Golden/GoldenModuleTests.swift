import JSON
import Tensors
import Testing

@testable import NN

/// The golden cases D of the other modules, and E05 to E07 of losses and gradients.
struct GoldenModuleTests {
    static let modules: [(id: String, make: @Sendable () throws -> Module)] = [
        ("D01", { ReLU() }), ("D02", { LeakyReLU() }), ("D03", { GELU() }), ("D04", { GELU(approximate: .tanh) }),
        ("D05", { Sigmoid() }), ("D06", { Tanh() }), ("D07", { Softmax(dim: 0) }), ("D08", { Softmax(dim: 1) }),
        ("D09", { LogSoftmax(dim: 1) }), ("D10", { try LayerNorm(normalizedShape: [3]) }),
        ("D11", { try LayerNorm(normalizedShape: [2, 3]) }), ("D12", { ELU() }), ("D13", { SiLU() }),
        ("D14", { Softplus() }), ("D15", { try Dropout(p: 0.5).eval() }), ("D16", { Flatten(startDim: 0) }),
        ("D18", { Softmax(dim: 1) }),
    ]

    @Test(arguments: modules.indices) func callsAModule(index: Int) throws {
        let (id, make) = Self.modules[index]
        let golden = try #require(GoldenCase.named(id))
        try golden.expect(make()(golden.tensor("x")))
    }

    @Test func normalisesBatchesAndTracksThem() throws {
        let golden = try #require(GoldenCase.named("D17"))
        let input = try golden.tensor("x")
        let layer = try BatchNorm1d(numFeatures: 3)
        layer.weight = try Parameter(vector(1, 2, 0.5))
        layer.bias = try Parameter(vector(0, 1, -1))
        try golden.expect(layer(input), "train1")
        try golden.expect(layer(input * 2), "train2")
        try golden.expect(layer.eval()(input), "eval")
        for (name, buffer) in layer.namedBuffers() { try golden.expect(buffer, name) }
    }

    @Test func dropsWhatPyTorchDrops() throws {
        let golden = try #require(GoldenCase.named("D19"))
        let context = try CallContext(generator: golden.generator())
        let layer = try Dropout(p: 0.3)
        try golden.expect(context.run { try layer(Tensor.ones([10])) })
    }

    @Test(arguments: Reduction.allCases) func measuresCrossEntropy(reduction: Reduction) throws {
        let golden = try #require(GoldenCase.named("E05"))
        let input = try golden.tensor("x").requiringGrad()
        let target = try Tensor(
            (golden.inputs["target"]?.asArray ?? []).compactMap { $0.asNumber?.integer(as: Int64.self) }
        )
        let loss = try CrossEntropyLoss(reduction: reduction)(input, target)
        try golden.expect(loss, reduction.rawValue)
        guard reduction == .mean else { return }
        try loss.backward()
        try golden.expect(input.grad, "grad")
    }

    @Test(arguments: Reduction.allCases) func measuresSquaredErrors(reduction: Reduction) throws {
        let golden = try #require(GoldenCase.named("E06"))
        let input = try golden.tensor("x")
        try golden.expect(MSELoss(reduction: reduction)(input, Tensor.zeros(input.shape)), reduction.rawValue)
    }

    @Test(arguments: ["relu", "leaky_relu", "sigmoid", "tanh"]) func goesBackThroughAnActivation(name: String) throws {
        let golden = try #require(GoldenCase.named("E07"))
        let modules: [String: Module] = [
            "relu": ReLU(), "leaky_relu": LeakyReLU(), "sigmoid": Sigmoid(), "tanh": Tanh(),
        ]
        let input = try golden.tensor("x").requiringGrad()
        let module = try #require(modules[name])
        try module(input).sum().backward()
        try golden.expect(input.grad, name)
    }
}
