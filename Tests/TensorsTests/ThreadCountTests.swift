import Testing

@testable import Tensors

/// What several threads share has the bits that one gives it.
@Suite(.serialized)
struct ThreadCountTests {
    private static func numbers(_ sizes: Int..., seed: UInt64 = 1) throws -> Tensor {
        try .normal(Shape(checking: sizes), generator: Generator(seed: seed))
    }

    private func expectTheBitsOfOneThread(_ body: () throws -> [Tensor]) throws {
        let threads = ProductPlan.defaultThreads
        defer { ProductPlan.defaultThreads = threads }
        ProductPlan.defaultThreads = 1
        let alone = try body().map { $0.scalars(as: Float.self) }
        for threads in [2, 3, 16] {
            ProductPlan.defaultThreads = threads
            // The first call may find all helpers asleep, and go alone.
            for _ in 0..<3 {
                #expect(try body().map { $0.scalars(as: Float.self) } == alone, "\(threads) threads")
            }
        }
    }

    // A thread takes lines of wide images, rows of weights where lines are short, channels where each has a group.
    @Test(arguments: [(64, 32, 24, 1), (64, 8, 64, 1), (64, 7, 40, 1), (64, 16, 64, 64)], [1, 2])
    func convolutionsWhoseChannelsAreFinished(
        sizes: (inputs: Int, side: Int, outputs: Int, groups: Int),
        stride: Int
    ) throws {
        let input = try Self.numbers(1, sizes.inputs, sizes.side, sizes.side)
        let weight = try Self.numbers(sizes.outputs, sizes.inputs / sizes.groups, 5, 5, seed: 2)
        let steps = ConvolutionSteps(
            stride: [stride, stride],
            padding: .zeros([2, 2]),
            dilation: [1, 1],
            groups: sizes.groups
        )
        var rectifying = ChannelSteps()
        let canBeDone = rectifying.append(.rectified)
        #expect(canBeDone)
        let finish = try #require(ChannelFinish(rectifying, channels: sizes.outputs))
        try Autograd.withoutGradients {
            try expectTheBitsOfOneThread {
                let finished = try input.convolution(weight: weight, bias: nil, steps: steps, finish: finish)
                return [try #require(finished)]
            }
            let finished = try input.convolution(weight: weight, bias: nil, steps: steps, finish: finish)
            let expected = try input.convolution(weight: weight, steps: steps).relu()
            #expect(finished?.scalars(as: Float.self) == expected.scalars(as: Float.self))
        }
    }

    @Test func pools() throws {
        let input = try Self.numbers(3, 31, 40, 40)
        let steps = PoolSteps(kernel: [2, 2], stride: [2, 2], padding: [0, 0])
        try expectTheBitsOfOneThread {
            [try input.largestInWindows(steps), try input.adaptiveAveragePool([1, 3])]
        }
    }

    @Test(arguments: 1...9) func meansOfPlanesDoNotDependOnThoseBesideThem(planes: Int) throws {
        let input = try Self.numbers(planes, 2, 5, 7)
        let together = try input.adaptiveAveragePool([2, 3])
        for plane in 0..<planes {
            let alone = try input.rows(plane..<plane + 1).adaptiveAveragePool([2, 3])
            #expect(alone.scalars(as: Float.self) == (try together.rows(plane..<plane + 1).scalars(as: Float.self)))
        }
    }

    // Up to four rows stay together, and up to 32.
    @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 9, 13, 32, 33, 64]) func recurrentNetworks(rows: Int) throws {
        let weights = RecurrentWeights(
            input: try Self.numbers(256, 64),
            state: try Self.numbers(256, 64, seed: 2),
            inputBias: try Self.numbers(256, seed: 3),
            stateBias: try Self.numbers(256, seed: 4)
        )
        let network = Recurrence(mode: .lstm, weights: [weights], isBatchFirst: true)
        let input = try Self.numbers(rows, 32, 64, seed: 5)
        let (state, cell) = (try Self.numbers(1, rows, 64, seed: 6), try Self.numbers(1, rows, 64, seed: 7))
        try expectTheBitsOfOneThread {
            let output = try network(input, state: state, cell: cell, generator: nil)
            return [output.states, output.state, try #require(output.cell)]
        }
    }
}
