import JSON
import Tensors
import Testing

@testable import NN

/// The golden cases of linear layers: A, C, and E01 to E04.
struct GoldenLinearTests {
    static let layers = GoldenCase.cases("AC").filter { !["A01", "A07", "C11", "C12"].contains($0.id) }

    /// A layer with the case's weight and bias.
    private func layer(_ golden: GoldenCase) throws -> Linear {
        let weight = try golden.tensor("W")
        let layer = try Linear(inFeatures: weight.shape[1], outFeatures: weight.shape[0])
        layer.weight = try Parameter(weight)
        layer.bias = golden.inputs["b"]?.asObject == nil ? nil : try Parameter(golden.tensor("b"))
        return layer
    }

    @Test(arguments: layers) func callsALayer(golden: GoldenCase) throws {
        let layer = try layer(golden)
        for (expected, compatibility) in [(golden.expected, Compatibility.current), (golden.expectedOld, .torch1_0_1)] {
            guard let expected else { continue }
            let output = try quietContext(compatibility: compatibility).run { try layer(golden.tensor("x")) }
            try golden.expect(output, "y", in: expected)
            golden.expect(text: output.text(compatibility), "repr", in: expected)
            golden.expect(text: output.gradFn?.name.text(compatibility), "grad_fn", in: expected)
        }
    }

    @Test func multipliesAMatrixAndAVector() throws {
        let golden = try #require(GoldenCase.named("A01"))
        let output = try golden.tensor("W").matmul(golden.tensor("x"))
        try golden.expect(output, "y")
        golden.expect(text: output.description, "repr")
    }

    @Test(arguments: [Compatibility.current, .torch1_0_1])
    func drawsALayerAndCallsIt(compatibility: Compatibility) throws {
        let golden = try #require(GoldenCase.named("A07"))
        let expected = compatibility == .current ? golden.expected : try #require(golden.expectedOld)
        let layer = try Linear(inFeatures: 4, outFeatures: 3, generator: golden.generator())
        try golden.expect(layer.weight?.tensor, "weight", bits: true, in: expected)
        try golden.expect(layer.bias?.tensor, "bias", bits: true, in: expected)
        let output = try quietContext(compatibility: compatibility).run { try layer(golden.tensor("x")) }
        try golden.expect(output, "y", in: expected)
        golden.expect(text: output.text(compatibility), "repr", in: expected)
        golden.expect(text: layer.weight?.description, "weight_repr", in: expected)
        golden.expect(text: layer.bias?.description, "bias_repr", in: expected)
        golden.expect(text: layer.description, "layer_repr", in: expected)
    }

    @Test func callsALayerOfDecimals() throws {
        let golden = try #require(GoldenCase.named("C11"))
        let weight = (0..<3).flatMap { row in (0..<64).map { Float(Double(((row * 64 + $0) * 37) % 101) / 101) } }
        let layer = try Linear(inFeatures: 64, outFeatures: 3)
        layer.bias = try Parameter(vector(0.1, 0.2, 0.3))
        layer.weight = try Parameter(Tensor(weight, shape: [3, 64]))
        try golden.expect(layer(Tensor((0..<64).map { Float(Double(($0 * 29) % 97) / 97) })))
    }

    @Test func callsANetworkOfASeed() throws {
        let golden = try #require(GoldenCase.named("C12"))
        let generator = try golden.generator()
        let network = try Sequential(
            Linear(inFeatures: 4, outFeatures: 8, generator: generator),
            ReLU(),
            Linear(inFeatures: 8, outFeatures: 8, generator: generator),
            ReLU(),
            Linear(inFeatures: 8, outFeatures: 3, generator: generator)
        )
        try golden.expect(network(golden.tensor("x")), "y")
        golden.expect(text: network.description, "repr")
    }

    @Test(arguments: ["E01", "E02", "E03"]) func goesBackThroughALayer(id: String) throws {
        let golden = try #require(GoldenCase.named(id))
        let layer = try layer(golden)
        let input = try golden.tensor("x").requiringGrad()
        let output = try layer(input)
        try output.backward(gradient: golden.tensor("g"))
        try golden.expect(output, "y")
        try golden.expect(input.grad, "x.grad")
        try golden.expect(layer.weight?.grad, "weight.grad")
        try golden.expect(layer.bias?.grad, "bias.grad")
    }

    @Test func goesBackThroughANetwork() throws {
        let golden = try #require(GoldenCase.named("E04"))
        let generator = try golden.generator()
        let network = try Sequential(
            Linear(inFeatures: 3, outFeatures: 4, generator: generator),
            ReLU(),
            Linear(inFeatures: 4, outFeatures: 2, generator: generator)
        )
        let input = try golden.tensor("x").requiringGrad()
        let output = try network(input)
        let loss = try MSELoss()(output, Tensor.zeros(output.shape))
        try loss.backward()
        try golden.expect(output, "y")
        try golden.expect(loss, "loss")
        try golden.expect(input.grad, "x.grad")
        for (name, parameter) in network.namedParameters() { try golden.expect(parameter.grad, "\(name).grad") }
    }
}

extension GoldenCase {
    static func named(_ id: String) -> GoldenCase? { (all + ofModules).first { $0.id == id } }
}
