import Testing

@testable import Tensors

/// Layers that bring numbers to mean 0 and variance 1 keep the digits that the numbers have.
struct StandardizingTests {
    struct Layer: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let apply: @Sendable (Tensor) throws -> Tensor
    }

    /// Each takes one row of numbers.
    static let layers = [
        Layer(testDescription: "layer norm") { try $0.layerNorm(normalizedShape: [$0.elementCount]) },
        Layer(testDescription: "layer norm with a graph") {
            try $0.requiringGrad().layerNorm(normalizedShape: [$0.elementCount]).detached()
        },
        Layer(testDescription: "group norm") {
            try $0.reshaped(to: [1, 1, $0.elementCount]).groupNorm(groups: 1).reshaped(to: [$0.elementCount])
        },
    ]

    @Test(arguments: layers)
    func `the mean of numbers far from zero leaves no trace`(layer: Layer) throws {
        let row: [Float] = [1000.1, 1000.2, 1000.4, 1000.7, 1000.25, 999.9, 1000.3, 1000, 1000.45]
        let found = try layer.apply(Tensor(row)).scalars(as: Float.self)
        let mean = row.reduce(0) { $0 + Double($1) } / Double(row.count)
        let variance = row.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(row.count)
        for (found, number) in zip(found, row) {
            let truth = (Double(number) - mean) / (variance + 1e-5).squareRoot()
            #expect(abs(Double(found) - truth) <= 3e-7 * abs(truth))
        }
    }

    /// Three rows of two numbers, two of them equal, with what goes back to each, and what comes of it in PyTorch's doubles.
    struct Backward: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let gradients: [Double]
        /// Whether a row becomes one number.
        var reduces = false
        /// What the numbers that go forward have lost of equal numbers: nothing, unless they are divided by their own size.
        var tolerance = 1.2e-7
        let apply: @Sendable (Tensor) throws -> Tensor
    }

    static let standardized = [
        72.684592055113, -72.684592055113, 90.73296471624084, -90.73296471624084, -0.05081769948718318,
        0.05081769948718318,
    ]

    static let backward = [
        Backward(testDescription: "layer norm", gradients: standardized) { try $0.layerNorm(normalizedShape: [2]) },
        Backward(testDescription: "group norm", gradients: standardized) {
            try $0.reshaped(to: [3, 2, 1]).groupNorm(groups: 1)
        },
        Backward(testDescription: "instance norm", gradients: standardized) {
            try $0.reshaped(to: [1, 3, 2]).instanceNorm(usesInput: true, epsilon: 1e-5)
        },
        Backward(testDescription: "batch norm", gradients: standardized) {
            try $0.transposed().batchNorm(mean: nil, variance: nil, training: true).transposed()
        },
        Backward(
            testDescription: "RMS norm",
            gradients: [
                0.236873262904897, -0.236873262904896, 0.440355646989234, -0.440355646989236, -1.2117435338160556,
                1.6426572732522273,
            ],
            tolerance: 1e-6
        ) { try $0.rmsNorm(normalizedShape: [2]) },
        Backward(
            testDescription: "response norm",
            gradients: [
                0.2697723588285478, 0.2090132913361914, -0.09589314074063898, -0.589532172565706, -0.5896743152549949,
                0.253963227353114,
            ]
        ) { try $0.reshaped(to: [3, 2, 1]).responseNorm(ResponseNorm(size: 2, alpha: 1, beta: 0.75, k: 1)) },
        Backward(
            testDescription: "softmax",
            gradients: [
                0.11492443084716797, -0.11492443084716797, 0.1434614136815071, -0.1434614136815071,
                -0.23385112606727818,
                0.23385112606727815,
            ]
        ) { try $0.softmax(dim: 1) },
        Backward(
            testDescription: "log softmax",
            gradients: [
                0.22984886169433594, -0.22984886169433594, 0.2869228273630142, -0.2869228273630142,
                -0.46032117745926754,
                0.46032117745926754,
            ]
        ) { try $0.logSoftmax(dim: 1) },
        Backward(
            testDescription: "variance",
            gradients: [0, 0, 0, 0, -0.05891827575837283, 0.05891827575837283],
            reduces: true
        ) { try $0.variance(dims: [1]) },
        Backward(
            testDescription: "deviation",
            gradients: [0, 0, 0, 0, -0.4621958277619874, 0.4621958277619874],
            reduces: true
        ) { try $0.deviation(dims: [1]) },
    ]

    @Test(arguments: backward)
    func `gradients of rows of equal numbers lose nothing to rounding`(row: Backward) throws {
        let numbers: [Float] = [0.97034532, 0.97034532, 0.65157068, 0.65157068, 0.34360987, 0.25347164]
        let given: [Float] = [1, 0.5403023, -0.41614684, -0.9899925, -0.6536436, 0.2836622]
        let input = try Tensor(numbers, shape: [3, 2]).requiringGrad()
        let output = try row.apply(input)
        let starts = row.reduces ? [given[0], given[2], given[4]] : given
        let gradients = try Autograd.gradients(
            of: [output],
            gradOutputs: [Tensor(starts).reshaped(to: output.shape)],
            withRespectTo: [input]
        )
        let found = try #require(gradients[0]).scalars(as: Float.self)
        for (place, (found, truth)) in zip(found, row.gradients).enumerated() {
            // The last row is left over from larger numbers: PyTorch's floats are as far from its doubles.
            #expect(
                abs(Double(found) - truth) <= (place < 4 ? row.tolerance : 1.9e-4) * abs(truth),
                "\(found) \(truth)"
            )
        }
        for place in [0, 2] where row.gradients[place] + row.gradients[place + 1] == 0 {
            #expect(found[place] == -found[place + 1])
        }
    }

    /// What a sum over the row has of the mean that rounding left is multiplied by the inverse deviation on the way back.
    @Test func `the gradient of what adds up to nothing is nothing`() throws {
        let numbers: [Float] = [0.65157068, 0.58856589, 0.25347164, 0.34360987]
        let input = try Tensor(numbers, shape: [2, 2]).requiringGrad()
        let sums = try input.layerNorm(normalizedShape: [2]).sum(dim: 1)
        #expect(sums.scalars(as: Float.self) == [0, 0])
        let gradients = try Autograd.gradients(
            of: [sums],
            gradOutputs: [Tensor([1, 0.5403023] as [Float])],
            withRespectTo: [input]
        )
        #expect(try #require(gradients[0]).scalars(as: Float.self) == [0, 0, 0, 0])
    }
}
