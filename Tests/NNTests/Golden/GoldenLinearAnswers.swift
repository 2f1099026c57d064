import JSON
import OrderedCollections
import Tensors

@testable import NN

/// The golden cases of linear layers: A, C, and E01 to E04.
enum GoldenLinearAnswers {
    static let all: [String: GoldenAnswering] = [
        "A01": multiply, "A02": call, "A03": call, "A04": call, "A05": call, "A06": call, "A07": drawAndCall,
        "C01": call, "C02": call, "C03": call, "C04": call, "C05": call, "C06": call, "C07": call, "C08": call,
        "C09": call, "C10": call, "C11": callWithDecimals, "C12": callANetwork,
        "E01": goBackThroughALayer, "E02": goBackThroughALayer, "E03": goBackThroughALayer,
        "E04": goBackThroughANetwork,
    ]

    /// A layer with the case's weight and bias.
    private static func layer(_ golden: GoldenCase) throws -> Linear {
        let weight = try golden.tensor("W")
        let layer = try Linear(inFeatures: weight.shape[1], outFeatures: weight.shape[0])
        layer.weight = try Parameter(weight)
        layer.bias = golden.inputs["b"]?.asObject == nil ? nil : try Parameter(golden.tensor("b"))
        return layer
    }

    @Sendable private static func multiply(_ golden: GoldenCase) throws -> GoldenAnswers {
        let output = try golden.tensor("W").matmul(golden.tensor("x"))
        return ["y": .tensor(output), "repr": .text(output.text(.ambient))]
    }

    @Sendable private static func call(_ golden: GoldenCase) throws -> GoldenAnswers {
        let output = try layer(golden)(golden.tensor("x"))
        return [
            "y": .tensor(output), "repr": .text(output.text(.ambient)),
            "grad_fn": .text(output.gradFn?.name.text(.ambient)),
        ]
    }

    @Sendable private static func callWithDecimals(_ golden: GoldenCase) throws -> GoldenAnswers {
        let weight = (0..<192).map { Float(Double(($0 * 37) % 101) / 101) }
        let layer = try Linear(inFeatures: 64, outFeatures: 3)
        layer.weight = try Parameter(Tensor(weight, shape: [3, 64]))
        layer.bias = try Parameter(vector(0.1, 0.2, 0.3))
        let input = try Tensor((0..<64).map { Float(Double(($0 * 29) % 97) / 97) })
        return ["": .tensor(try layer(input))]
    }

    @Sendable private static func callANetwork(_ golden: GoldenCase) throws -> GoldenAnswers {
        let network = try network([4, 8, 8, 3], golden.generator())
        let output = try network(golden.tensor("x"))
        return ["y": .tensor(output), "repr": .text(network.text(.ambient))]
    }

    /// Linear layers between these sizes, with rectifiers between them.
    private static func network(_ sizes: [Int], _ generator: Generator) throws -> Sequential {
        var layers: [Module] = []
        for (inputs, outputs) in zip(sizes, sizes.dropFirst()) {
            if !layers.isEmpty { layers.append(ReLU()) }
            layers.append(try Linear(inFeatures: inputs, outFeatures: outputs, generator: generator))
        }
        return try Sequential(layers)
    }

    @Sendable private static func drawAndCall(_ golden: GoldenCase) throws -> GoldenAnswers {
        let layer = try Linear(inFeatures: 4, outFeatures: 3, generator: golden.generator())
        let output = try layer(golden.tensor("x"))
        return [
            "weight": .bits(layer.weight?.tensor), "bias": .bits(layer.bias?.tensor), "y": .tensor(output),
            "repr": .text(output.text(.ambient)), "weight_repr": .text(layer.weight?.description),
            "bias_repr": .text(layer.bias?.description), "layer_repr": .text(layer.text(.ambient)),
        ]
    }

    @Sendable private static func goBackThroughALayer(_ golden: GoldenCase) throws -> GoldenAnswers {
        let layer = try layer(golden)
        let input = try golden.tensor("x").requiringGrad()
        let output = try layer(input)
        try output.backward(gradient: golden.tensor("g"))
        return [
            "y": .tensor(output), "x.grad": .tensor(input.grad), "weight.grad": .tensor(layer.weight?.grad),
            "bias.grad": .tensor(layer.bias?.grad),
        ]
    }

    @Sendable private static func goBackThroughANetwork(_ golden: GoldenCase) throws -> GoldenAnswers {
        let network = try network([3, 4, 2], golden.generator())
        let input = try golden.tensor("x").requiringGrad()
        let output = try network(input)
        let loss = try MSELoss()(output, Tensor.zeros(output.shape))
        try loss.backward()
        var answers: GoldenAnswers = ["y": .tensor(output), "loss": .tensor(loss), "x.grad": .tensor(input.grad)]
        for (name, parameter) in network.namedParameters() { answers["\(name).grad"] = .tensor(parameter.grad) }
        return answers
    }
}
