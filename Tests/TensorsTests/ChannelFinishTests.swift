import Testing

@testable import Tensors

/// Convolutions that are normalised and rectified in one go: the bits of doing it one after the other.
struct ChannelFinishTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let input, weight: [Int]
        var steps = ConvolutionSteps(stride: [1, 1], padding: .zeros([1, 1]), dilation: [1, 1])
        var hasBias = false
    }

    static let rows = [
        Row(testDescription: "around an image", input: [2, 3, 32, 32], weight: [16, 3, 3, 3]),
        Row(testDescription: "narrow images", input: [3, 8, 7, 5], weight: [5, 8, 3, 3], hasBias: true),
        Row(
            testDescription: "every second window",
            input: [2, 4, 16, 18],
            weight: [6, 4, 3, 3],
            steps: ConvolutionSteps(stride: [2, 2], padding: .zeros([1, 1]), dilation: [1, 1])
        ),
        Row(
            testDescription: "without padding",
            input: [2, 2, 24, 21],
            weight: [3, 2, 5, 5],
            steps: ConvolutionSteps(stride: [1, 1], padding: .zeros([0, 0]), dilation: [1, 1]),
            hasBias: true
        ),
        Row(
            testDescription: "one number",
            input: [2, 6, 9, 9],
            weight: [4, 6, 1, 1],
            steps: ConvolutionSteps(stride: [1, 1], padding: .zeros([0, 0]), dilation: [1, 1])
        ),
        Row(
            testDescription: "groups with gaps",
            input: [2, 4, 12, 40],
            weight: [8, 2, 3, 3],
            steps: ConvolutionSteps(stride: [1, 3], padding: .zeros([2, 0]), dilation: [2, 5], groups: 2)
        ),
    ]

    private static func numbers(_ sizes: [Int], _ seed: UInt64) throws -> Tensor {
        try Tensor.normal(Shape(checking: sizes), mean: 0, deviation: 1, generator: Generator(seed: seed))
    }

    @Test(arguments: rows, [false, true]) func givesTheBitsOfOneAfterTheOther(row: Row, isRectified: Bool) throws {
        let (input, weight) = (try Self.numbers(row.input, 1), try Self.numbers(row.weight, 2))
        let channels = [row.weight[0]]
        let bias = try row.hasBias ? Self.numbers(channels, 3) : nil
        let (mean, factor, addend) = (
            try Self.numbers(channels, 4), try Self.numbers(channels, 5), try Self.numbers(channels, 6)
        )
        let variance = try Self.numbers(channels, 7).square()
        try Autograd.withoutGradients {
            let finish = try #require(
                ChannelFinish(
                    mean: mean,
                    variance: variance,
                    weight: factor,
                    bias: addend,
                    epsilon: 1e-5,
                    isRectified: isRectified
                )
            )
            let found = try #require(
                try input.convolution(weight: weight, bias: bias, steps: row.steps, finish: finish)
            )
            var wanted = try input.convolution(weight: weight, bias: bias, steps: row.steps)
                .batchNorm(mean: mean, variance: variance, weight: factor, bias: addend, training: false)
            if isRectified { wanted = try wanted.relu() }
            #expect(found.shape == wanted.shape)
            #expect(found.withUnsafeBytes { [UInt8]($0) } == wanted.withUnsafeBytes { [UInt8]($0) })
        }
    }

    /// The operations are those of the sentence, in its order: no multiply-add takes two of them together.
    @Test func normalisesInFourOperations() throws {
        let input = try Self.numbers([2, 3, 5, 7], 1)
        let parameters = try (0..<4).map { try Self.numbers([3], UInt64($0)) }
        let variance = try parameters[1].square()
        let found = try Autograd.withoutGradients {
            try input.batchNorm(
                mean: parameters[0],
                variance: variance,
                weight: parameters[2],
                bias: parameters[3],
                training: false
            )
        }
        let (means, spreads) = (parameters[0].scalars(as: Float.self), variance.scalars(as: Float.self))
        let (factors, addends) = (parameters[2].scalars(as: Float.self), parameters[3].scalars(as: Float.self))
        let wanted = input.scalars(as: Float.self).enumerated().map { index, number in
            let channel = index / 35 % 3
            let inverse = Float(1 / (Double(spreads[channel]) + 1e-5).squareRoot())
            return (number - means[channel]) * inverse * factors[channel] + addends[channel]
        }
        #expect(found.scalars(as: Float.self) == wanted)
    }
}
