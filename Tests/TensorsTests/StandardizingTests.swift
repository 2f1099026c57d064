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
