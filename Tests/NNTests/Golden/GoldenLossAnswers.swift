import JSON
import OrderedCollections
import Tensors

@testable import NN

/// The golden cases E05 to E07: losses, and the way back through activations.
enum GoldenLossAnswers {
    static let all: [String: GoldenAnswering] = [
        "E05": measureCrossEntropy, "E06": measureSquaredErrors, "E07": goBackThroughActivations,
    ]

    @Sendable private static func measureSquaredErrors(_ golden: GoldenCase) throws -> GoldenAnswers {
        let input = try golden.tensor("x")
        let target = try Tensor.zeros(input.shape)
        return try byReduction { try MSELoss(reduction: $0)(input, target) }
    }

    @Sendable private static func goBackThroughActivations(_ golden: GoldenCase) throws -> GoldenAnswers {
        let modules: [(name: String, module: Module)] = [
            ("relu", ReLU()), ("leaky_relu", LeakyReLU()), ("sigmoid", Sigmoid()), ("tanh", Tanh()),
        ]
        var answers: GoldenAnswers = [:]
        for (name, module) in modules {
            let input = try golden.tensor("x").requiringGrad()
            try module(input).sum().backward()
            answers[name] = .tensor(input.grad)
        }
        return answers
    }

    private static func byReduction(_ loss: (Reduction) throws -> Tensor) throws -> GoldenAnswers {
        var answers: GoldenAnswers = [:]
        for reduction in [Reduction.mean, .sum, .none] { answers[reduction.rawValue] = .tensor(try loss(reduction)) }
        return answers
    }

    @Sendable private static func measureCrossEntropy(_ golden: GoldenCase) throws -> GoldenAnswers {
        let input = try golden.tensor("x").requiringGrad()
        let target = try Tensor(
            (golden.inputs["target"]?.asArray ?? []).compactMap { $0.asNumber?.integer(as: Int64.self) }
        )
        var answers = try byReduction { try CrossEntropyLoss(reduction: $0)(input, target) }
        try CrossEntropyLoss()(input, target).backward()
        answers["grad"] = .tensor(input.grad)
        return answers
    }
}
