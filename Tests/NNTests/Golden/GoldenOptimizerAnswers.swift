import OrderedCollections
import Tensors

@testable import NN

/// The golden cases F: four steps of an optimiser on the sum of (w - target)².
enum GoldenOptimizerAnswers {
    static let all = optimizers.mapValues(steps)

    private static let optimizers: [String: @Sendable (Parameter) throws -> any Optimizer] = [
        "F01": { try SGD([$0], learningRate: 0.1) },
        "F02": { try sgd($0) { $0.momentum = 0.9 } },
        "F03": { try sgd($0) { ($0.momentum, $0.dampening, $0.weightDecay) = (0.9, 0.5, 0.01) } },
        "F04": { try sgd($0) { ($0.momentum, $0.nesterov, $0.weightDecay) = (0.9, true, 0.01) } },
        "F05": { try Adam([$0], learningRate: 0.1) },
        "F06": {
            var options = Adam.Options()
            (options.learningRate, options.weightDecay) = (0.1, 0.1)
            return try Adam([$0], options: options)
        },
    ]

    private static func sgd(_ parameter: Parameter, _ change: (inout SGD.Options) -> Void) throws -> SGD {
        var options = SGD.Options()
        options.learningRate = 0.1
        change(&options)
        return try SGD([parameter], options: options)
    }

    private static func steps(of make: @escaping @Sendable (Parameter) throws -> any Optimizer) -> GoldenAnswering {
        { _ in
            let parameter = try Parameter(vector(1, -2))
            let target = try vector(3, 1)
            let optimizer = try make(parameter)
            var answers: GoldenAnswers = [:]
            for step in 0..<4 {
                optimizer.clearGrad()
                let difference = try parameter.tensor - target
                try (difference * difference).sum().backward()
                try optimizer.step()
                answers["\(step)"] = .tensor(parameter.tensor)
            }
            return answers
        }
    }
}
