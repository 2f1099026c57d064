import Testing

@testable import Tensors

/// What is computed another way where nobody asks for gradients gives what it gives otherwise.
struct QuickPathTests {
    /// A convolution with odd sizes, drawn from a seed.
    private struct Draw {
        let input, weight, bias: Tensor
        let steps: ConvolutionSteps

        init(seed: Int) throws {
            var numbers = WholeNumbers(seed: UInt64(seed))
            let axes = numbers.next(1, 3)
            let groups = numbers.next(1, 3)
            let (channels, rows) = (numbers.next(1, 4), numbers.next(1, 9))
            let kernel = (0..<axes).map { _ in numbers.next(1, 4) }
            let stride = (0..<axes).map { _ in numbers.next(1, 3) }
            let dilation = (0..<axes).map { _ in numbers.next(1, 3) }
            let padding = (0..<axes).map { _ in numbers.next(0, 3) }
            let sizes = (0..<axes).map { axis in
                let reach = (kernel[axis] - 1) * dilation[axis] + 1
                return max(1, reach - 2 * padding[axis]) + numbers.next(0, axes == 1 ? 70 : axes == 2 ? 35 : 9)
            }
            let generator = Generator(seed: UInt64(seed))
            input = try .normal(Shape(checking: [numbers.next(1, 3), channels * groups] + sizes), generator: generator)
            weight = try .normal(Shape(checking: [rows * groups, channels] + kernel), generator: generator)
            bias = try .normal(Shape(checking: [rows * groups]), generator: generator)
            steps = ConvolutionSteps(stride: stride, padding: .zeros(padding), dilation: dilation, groups: groups)
        }
    }

    @Test(arguments: 0..<120)
    func convolutionsReadWindowsWhereTheyLie(seed: Int) throws {
        let draw = try Draw(seed: seed)
        let found = try draw.input.convolution(weight: draw.weight, bias: draw.bias, steps: draw.steps)
        // Doubles are gathered.
        let expected = try draw.input.converted(to: .float64).convolution(
            weight: draw.weight.converted(to: .float64),
            bias: draw.bias.converted(to: .float64),
            steps: draw.steps
        )
        #expect(found.shape == expected.shape)
        let pairs = zip(found.scalars(as: Float.self), expected.scalars(as: Double.self))
        #expect(pairs.allSatisfy { abs(Double($0) - $1) <= 1e-4 }, "\(draw.input.shape) \(draw.steps)")
        for image in 0..<draw.input.shape[0] {
            let alone = try draw.input.rows(image..<image + 1).convolution(
                weight: draw.weight,
                bias: draw.bias,
                steps: draw.steps
            )
            #expect(alone.scalars(as: Float.self) == (try found.rows(image..<image + 1).scalars(as: Float.self)))
        }
    }

    @Test(.serialized, arguments: [[1, 64, 32, 32], [1, 64, 30, 30], [2, 64, 9, 9], [1, 64, 8, 8]])
    func convolutionsHaveTheSameBitsOnAnyNumberOfThreads(shape: [Int]) throws {
        let generator = Generator(seed: 8)
        let input = try Tensor.normal(Shape(checking: shape), generator: generator)
        let threads = ProductPlan.defaultThreads
        defer { ProductPlan.defaultThreads = threads }
        for (kernel, padding) in [(3, 1), (1, 0), (3, 0), (5, 2)] {
            let weight = try Tensor.normal(Shape(checking: [24, 64, kernel, kernel]), generator: generator)
            let steps = ConvolutionSteps(
                stride: [1, 1],
                padding: .zeros([padding, padding]),
                dilation: [1, 1]
            )
            ProductPlan.defaultThreads = 1
            let alone = try input.convolution(weight: weight, steps: steps).scalars(as: Float.self)
            for threads in [2, 3, 16] {
                ProductPlan.defaultThreads = threads
                #expect(try input.convolution(weight: weight, steps: steps).scalars(as: Float.self) == alone)
            }
        }
    }

    @Test(arguments: 0..<60)
    func pools(seed: Int) throws {
        var numbers = WholeNumbers(seed: UInt64(seed))
        let axes = numbers.next(1, 3)
        let kernel = (0..<axes).map { _ in numbers.next(1, 4) }
        let steps = PoolSteps(
            kernel: kernel,
            stride: kernel.map { _ in numbers.next(1, 3) },
            padding: kernel.map { numbers.next(0, $0 / 2) },
            dilation: kernel.map { _ in numbers.next(1, 2) },
            isCeiled: numbers.next(0, 1) == 1
        )
        let sizes = kernel.map { 2 * $0 + numbers.next(0, axes == 1 ? 80 : 30) }
        let input = try Tensor.normal(Shape(checking: [2, 3] + sizes), generator: Generator(seed: UInt64(seed)))
        var values = input.scalars(as: Float.self)
        for place in stride(from: 0, to: values.count, by: 97) { values[place] = .nan }
        for place in stride(from: 5, to: values.count, by: 91) { values[place] = -.infinity }
        for tensor in [input, try Tensor(values, shape: input.shape)] {
            let expected = try tensor.maxPool(steps).values.scalars(as: Float.self).map(\.bitPattern)
            #expect(try tensor.largestInWindows(steps).scalars(as: Float.self).map(\.bitPattern) == expected)
        }
    }

    @Test(arguments: [RecurrentMode.tanh, .relu, .lstm, .gru], [false, true])
    func recurrentNetworks(mode: RecurrentMode, isBatchFirst: Bool) throws {
        let generator = Generator(seed: 5)
        func normal(_ sizes: Int...) throws -> Tensor {
            try Tensor.normal(Shape(checking: sizes), generator: generator)
        }
        for projected in mode == .lstm ? [nil, 3] : [nil] {
            let (gates, size) = (mode.gateCount * 5, projected ?? 5)
            let weights = try [7, 7, 2 * size, 2 * size].map { inputs in
                RecurrentWeights(
                    input: try normal(gates, inputs),
                    state: try normal(gates, size),
                    inputBias: try normal(gates),
                    stateBias: try normal(gates),
                    projection: try projected.map { try normal($0, 5) }
                )
            }
            let network = Recurrence(mode: mode, weights: weights, isBidirectional: true, isBatchFirst: isBatchFirst)
            let input = try isBatchFirst ? normal(9, 4, 7) : normal(4, 9, 7)
            let (state, cell) = (try normal(4, 9, size), mode == .lstm ? try normal(4, 9, 5) : nil)
            func outputs(_ input: Tensor) throws -> [[Float]] {
                let output = try network(input, state: state, cell: cell, generator: nil)
                return [output.states, output.state, output.cell].compactMap { $0?.scalars(as: Float.self) }
            }
            let recorded = try outputs(input.requiringGrad())
            #expect(try outputs(input) == recorded)
        }
    }

    @Test(arguments: [nil, [5, 6], [6, 5, 6], [6, 1, 6]] as [[Int]?])
    func attention(mask: [Int]?) throws {
        let generator = Generator(seed: 6)
        func normal(_ sizes: [Int]) throws -> Tensor { try .normal(Shape(checking: sizes), generator: generator) }
        let (query, key, value) = (try normal([5, 2, 12]), try normal([6, 2, 12]), try normal([6, 2, 12]))
        let heads = HeadAttention(heads: 3)
        let added = try mask.map(normal)
        let expected = try heads(query: query, key: key, value: value, mask: added)
        for needsWeights in [false, true] {
            let operands = [query, key, value].map { AttentionOperand($0, isBatchFirst: false) }
            let found = try #require(
                try heads.quickOutput(operands: operands, size: 12, mask: added, needsWeights: needsWeights)
            )
            #expect(found.output.scalars(as: Float.self) == expected.output.scalars(as: Float.self))
            if needsWeights {
                #expect(found.weights?.scalars(as: Float.self) == expected.weights.scalars(as: Float.self))
            }
        }
    }

    @Test(arguments: [[5, 7], [2, 5, 7], [2, 3, 70, 40]], [false, true])
    func scaledDotProducts(shape: [Int], isCausal: Bool) throws {
        let generator = Generator(seed: 7)
        func normal() throws -> Tensor { try .normal(Shape(checking: shape), generator: generator) }
        let (query, key, value) = (try normal(), try normal(), try normal())
        let options = Tensor.AttentionOptions(isCausal: isCausal)
        let expected = try Tensor.scaledDotProductAttention(query.requiringGrad(), key, value, options)
        let found = try Tensor.scaledDotProductAttention(query, key, value, options)
        #expect(found.scalars(as: Float.self) == expected.scalars(as: Float.self))
    }
}

/// Whole numbers that look random and are the same in every run.
private struct WholeNumbers {
    private var state: UInt64
    init(seed: UInt64) { state = (seed &+ 1) &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next(_ low: Int, _ high: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return low + Int(state >> 33) % (high - low + 1)
    }
}
