import OrderedCollections
import Tensors

@testable import NN

/// The golden cases D: what modules other than linear layers answer.
enum GoldenModuleAnswers {
    static let all = modules.mapValues(output)
    static let others: [String: GoldenAnswering] = ["D17": normaliseBatches, "D19": drop]

    private static func output(of make: @escaping @Sendable () throws -> Module) -> GoldenAnswering {
        { golden in ["": .tensor(try make()(golden.tensor("x")))] }
    }

    @Sendable private static func drop(_ golden: GoldenCase) throws -> GoldenAnswers {
        let layer = try Dropout(p: 0.3)
        let context = try CallContext(generator: golden.generator())
        return ["": .tensor(try context.run { try layer(Tensor.ones([10])) })]
    }

    private static let modules: [String: @Sendable () throws -> Module] = [
        "D01": { ReLU() }, "D02": { LeakyReLU() }, "D03": { GELU() }, "D04": { GELU(approximate: .tanh) },
        "D05": { Sigmoid() }, "D06": { Tanh() }, "D07": { Softmax(dim: 0) }, "D08": { Softmax(dim: 1) },
        "D09": { LogSoftmax(dim: 1) }, "D10": { try LayerNorm(normalizedShape: [3]) },
        "D11": { try LayerNorm(normalizedShape: [2, 3]) }, "D12": { ELU() }, "D13": { SiLU() },
        "D14": { Softplus() }, "D15": { try Dropout(p: 0.5).eval() }, "D16": { Flatten(startDim: 0) },
        "D18": { Softmax(dim: 1) },
    ]

    @Sendable private static func normaliseBatches(_ golden: GoldenCase) throws -> GoldenAnswers {
        let input = try golden.tensor("x")
        let layer = try BatchNorm1d(numFeatures: 3)
        layer.weight = try Parameter(vector(1, 2, 0.5))
        layer.bias = try Parameter(vector(0, 1, -1))
        var answers: GoldenAnswers = [:]
        answers["train1"] = .tensor(try layer(input))
        answers["train2"] = .tensor(try layer(input * 2))
        answers["eval"] = .tensor(try layer.eval()(input))
        for (name, buffer) in layer.namedBuffers() { answers[name] = .tensor(buffer) }
        return answers
    }
}
