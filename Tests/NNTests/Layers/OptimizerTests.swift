import Tensors
import Testing

@testable import NN

/// Six steps of each optimiser, against PyTorch, beyond the golden cases.
struct OptimizerTests {
    private static func adam(_ change: (inout Adam.Options) -> Void) -> Adam.Options {
        var options = Adam.Options()
        options.learningRate = 0.1
        change(&options)
        return options
    }

    static let optimizers: [String: @Sendable (Parameter) throws -> any Optimizer] = [
        "AdamW": { try AdamW([$0], options: adam { $0.weightDecay = AdamW.defaultOptions.weightDecay }) },
        "AdamW decay": { try AdamW([$0], options: adam { $0.weightDecay = 0.3 }) },
        "Adam amsgrad": { try Adam([$0], options: adam { ($0.amsgrad, $0.beta1, $0.beta2) = (true, 0.8, 0.6) }) },
        "AdamW amsgrad": {
            try AdamW(
                [$0],
                options: adam { ($0.weightDecay, $0.amsgrad, $0.beta1, $0.beta2) = (0.01, true, 0.8, 0.6) }
            )
        },
        "Adam decay amsgrad": { try Adam([$0], options: adam { ($0.amsgrad, $0.weightDecay) = (true, 0.2) }) },
        "SGD nesterov decay": {
            var options = SGD.Options()
            (options.learningRate, options.momentum, options.nesterov, options.weightDecay) = (0.1, 0.7, true, 0.2)
            return try SGD([$0], options: options)
        },
        "SGD default": { try SGD([$0]) },
    ]

    @Test(arguments: optimizers.keys.sorted()) func stepsAsPyTorch(name: String) throws {
        let golden = try #require(GoldenCase.named(name))
        let make = try #require(Self.optimizers[name])
        let parameter = try Parameter(vector(1, -2))
        let target = try vector(3, 1)
        let optimizer = try make(parameter)
        for step in 0..<6 {
            optimizer.clearGrad()
            let difference = try parameter.tensor - target
            let loss = try (difference * difference).sum() * (step < 3 ? 1 : -0.1)
            try loss.backward()
            try optimizer.step()
            try golden.expect(parameter.tensor, "step\(step)")
        }
    }

    @Test func skipsParametersWithoutGradient() throws {
        let parameter = try Parameter(vector(1, 2))
        try Adam([parameter]).step()
        #expect(parameter.tensor.floats == [1, 2])
    }

    /// PyTorch's comparisons let NaN pass here; those of Adam do not.
    @Test func takesWhatPyTorchDoesNotRefuse() throws {
        var options = SGD.Options()
        (options.learningRate, options.momentum, options.weightDecay) = (.nan, .nan, .nan)
        options.nesterov = true
        let parameter = try Parameter(vector(1, 2))
        #expect(throws: Never.self) { _ = try SGD([parameter], options: options) }
        (options.nesterov, options.dampening) = (false, .nan)
        #expect(throws: Never.self) { _ = try SGD([parameter], options: options) }
    }

    @Test func keepsNaNAsTheLargestSquare() throws {
        var options = Adam.Options()
        options.amsgrad = true
        let parameter = try Parameter(vector(1, 2))
        let optimizer = try Adam([parameter], options: options)
        for gradient in [Float.nan, 1] {
            parameter.grad = try vector(gradient, 1)
            try optimizer.step()
        }
        #expect(parameter.tensor.floats[0].isNaN)
        #expect(parameter.tensor.floats[1] < 2)
    }

    @Test func learnsALinearMap() throws {
        let layer = try Linear(inFeatures: 2, outFeatures: 1, generator: Generator(seed: 0))
        let input = try Tensor([0, 0, 0, 1, 1, 0, 1, 1, 2, 1] as [Float], shape: [5, 2])
        let target = try Tensor([1, -1, 4, 2, 5] as [Float], shape: [5, 1])
        let optimizer = try SGD(layer.parameters(), learningRate: 0.2)
        for _ in 0..<500 {
            optimizer.clearGrad()
            try MSELoss()(layer(input), target).backward()
            try optimizer.step()
        }
        let learned = layer.parameters().flatMap { $0.tensor.floats }
        #expect(zip(learned, [3, -2, 1]).allSatisfy { abs($0 - $1) < 1e-3 })
    }
}
