import Tensors
import Testing

/// Thousands of calls with shapes and dtypes that no one would choose: each gives a whole tensor or an error.
struct RandomCallsTests {
    /// Numbers that are the same in every run.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private typealias Call = @Sendable (inout Dice, Tensor, Tensor, Tensor) throws -> Tensor

    private static let calls: [Call] = [
        { _, a, b, _ in try a + b }, { _, a, b, _ in try a - b }, { _, a, b, _ in try a * b },
        { _, a, b, _ in try a / b },
        { _, a, b, _ in try a.matmul(b) }, { _, a, b, c in try a.linear(weight: b, bias: c) },
        { _, a, b, _ in try a.linear(weight: b) }, { _, a, b, c in try Tensor.bilinear(a, b, weight: c) },
        { dice, a, _, _ in try a.softmax(dim: axis(&dice)) }, { dice, a, _, _ in try a.logSoftmax(dim: axis(&dice)) },
        { dice, a, _, _ in try a.sum(dim: axis(&dice), keepDim: .random(using: &dice)) },
        { dice, a, _, _ in try a.mean(dim: axis(&dice)) }, { _, a, _, _ in try a.sum() },
        { _, a, _, _ in try a.mean() },
        { dice, a, _, _ in try a.flattened(from: axis(&dice), through: axis(&dice)) },
        { dice, a, _, _ in try a.transposed(axis(&dice), axis(&dice)) },
        { dice, a, _, _ in try a.reshaped(to: (0..<Int.random(in: 0...3, using: &dice)).map { _ in axis(&dice) }) },
        { _, a, b, c in try Tensor.concatenated([a, b, c]) },
        { _, a, b, c in try Tensor.embedding(weight: b, indices: a) },
        { _, a, b, c in try a.layerNorm(normalizedShape: Array(b.shape), weight: b, bias: c) },
        { _, a, b, _ in try a.rmsNorm(normalizedShape: Array(b.shape), weight: b) },
        { dice, a, b, c in
            try a.batchNorm(mean: b, variance: c, weight: b, bias: c, training: .random(using: &dice))
        },
        { _, a, _, _ in try a.batchNorm(mean: nil, variance: nil, training: true) },
        { _, a, _, _ in try a.batchStatistics().variance }, { dice, a, _, _ in try a.keepingTopK(axis(&dice)) },
        { dice, a, _, _ in try a.zeroing(indices: [axis(&dice)]) }, { _, a, b, _ in try a.mseLoss(b) },
        { _, a, b, _ in try a.l1Loss(b, reduction: .none) }, { _, a, b, c in try a.crossEntropy(b, weight: c) },
        { _, a, b, _ in try a.crossEntropy(b, reduction: .none, labelSmoothing: 0.5) },
        { _, a, b, c in try a.bceWithLogits(b, weight: c, positiveWeight: c) },
        { _, a, _, _ in try a.relu() }, { _, a, _, _ in try a.gelu(approximate: .tanh) },
        { _, a, _, _ in try a.negated() },
        { _, a, _, _ in try a.hardtanh().abs().clamped(min: 0) }, { _, a, _, _ in try a.softplus().exp().log().sqrt() },
        { dice, a, _, _ in try a.dropout(p: .random(in: -0.1...1.1, using: &dice), generator: Generator(seed: 1)) },
        { dice, a, _, _ in
            let start = axis(&dice)
            return try a.rows(start..<start + .random(in: 0...2, using: &dice))
        },
        { dice, a, _, _ in try a.converted(to: DType.allCases.randomElement(using: &dice) ?? .bool) },
    ]

    @Test(arguments: 0..<8)
    func noCallTraps(seed: UInt64) throws {
        var dice = Dice(state: seed &+ 1)
        var results = 0
        for _ in 0..<1_500 {
            let call = try #require(Self.calls.randomElement(using: &dice))
            let operands = try (0..<3).map { _ in try Self.tensor(&dice) }
            do {
                let result = try call(&dice, operands[0], operands[1], operands[2])
                results += 1
                #expect(result.withUnsafeBytes { $0.count } == result.elementCount * result.dtype.itemSize)
                #expect(result.description.hasPrefix("tensor("))
                if result.requiresGrad { try result.backward(gradient: .ones(result.shape, dtype: result.dtype)) }
            } catch let error as TensorError {
                #expect(!error.message().isEmpty && error.message() != "unknown tensor error")
                if case .invalidGradient = error { Issue.record(error) }
            }
        }
        #expect(results > 300)
    }

    private static func axis(_ dice: inout Dice) -> Int { .random(in: -4...4, using: &dice) }

    /// A tensor of up to four axes of 0 to 3, in any dtype, of small numbers, perhaps requiring gradients.
    private static func tensor(_ dice: inout Dice) throws -> Tensor {
        let sizes = (0..<Int.random(in: 0...4, using: &dice)).map { _ in Int.random(in: 0...3, using: &dice) }
        let dtypes: [DType] = Bool.random(using: &dice) ? [.float32] : DType.allCases
        let shape = try Shape(checking: sizes)
        let numbers = (0..<shape.elementCount).map { _ in Float.random(in: -3...3, using: &dice) }
        let tensor = try Tensor(numbers, shape: shape).converted(to: dtypes.randomElement(using: &dice) ?? .float32)
        return try tensor.requiringGrad(tensor.dtype.isFloatingPoint && Bool.random(using: &dice))
    }
}
