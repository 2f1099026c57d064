import JSON
import OrderedCollections
import Tensors
import Testing

@testable import NN

/// The golden cases F: four steps of an optimiser on the sum of (w - target)².
struct GoldenOptimizerTests {
    typealias Make = @Sendable (Parameter, Compatibility) throws -> any Optimizer

    static let optimizers: [(id: String, make: Make)] = [
        ("F01", { parameter, _ in try SGD([parameter], learningRate: 0.1) }),
        ("F02", { parameter, _ in try sgd(parameter) { $0.momentum = 0.9 } }),
        (
            "F03",
            { parameter, _ in
                try sgd(parameter) { ($0.momentum, $0.dampening, $0.weightDecay) = (0.9, 0.5, 0.01) }
            }
        ),
        (
            "F04",
            { parameter, _ in
                try sgd(parameter) { ($0.momentum, $0.nesterov, $0.weightDecay) = (0.9, true, 0.01) }
            }
        ),
        ("F05", { parameter, compatibility in try adam(parameter, weightDecay: 0, compatibility) }),
        ("F06", { parameter, compatibility in try adam(parameter, weightDecay: 0.1, compatibility) }),
    ]

    private static func sgd(_ parameter: Parameter, _ change: (inout SGD.Options) -> Void) throws -> SGD {
        var options = SGD.Options()
        options.learningRate = 0.1
        change(&options)
        return try SGD([parameter], options: options)
    }

    private static func adam(
        _ parameter: Parameter,
        weightDecay: Double,
        _ compatibility: Compatibility
    ) throws -> Adam {
        var options = Adam.Options()
        (options.learningRate, options.weightDecay, options.compatibility) = (0.1, weightDecay, compatibility)
        return try Adam([parameter], options: options)
    }

    @Test(arguments: optimizers.indices, Compatibility.allCases)
    func stepsAsPyTorch(index: Int, compatibility: Compatibility) throws {
        let (id, make) = Self.optimizers[index]
        let golden = try #require(GoldenCase.named(id))
        let expected = (compatibility == .torch1_0_1 ? golden.expectedOld : nil) ?? golden.expected
        let parameter = try Parameter(vector(1, -2))
        let target = try vector(3, 1)
        let optimizer = try make(parameter, compatibility)
        let steps = try #require(expected.asArray)
        for step in steps {
            optimizer.clearGrad()
            let difference = try parameter.tensor - target
            try (difference * difference).sum().backward()
            try optimizer.step()
            try golden.expect(parameter.tensor, in: step)
        }
        #expect(steps.count == 4)
    }
}
