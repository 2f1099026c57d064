import Tensors
import Testing

/// Gradients against central differences in float64.
struct GradientCheckTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let shapes: [Shape]
        let body: @Sendable ([Tensor]) throws -> Tensor

        init(_ name: String, _ shapes: Shape..., body: @escaping @Sendable ([Tensor]) throws -> Tensor) {
            (testDescription, self.shapes, self.body) = (name, shapes, body)
        }
    }

    @Test(arguments: [
        Row("linear", [3, 4], [2, 4], [2]) { try $0[0].linear(weight: $0[1], bias: $0[2]) },
        Row("linear of a vector", [4], [2, 4], [2]) { try $0[0].linear(weight: $0[1], bias: $0[2]) },
        Row("linear of a cube", [2, 3, 4], [2, 4]) { try $0[0].linear(weight: $0[1]) },
        Row("dot", [4], [4]) { try $0[0].matmul($0[1]) },
        Row("matrix by vector", [3, 4], [4]) { try $0[0].matmul($0[1]) },
        Row("vector by matrix", [4], [4, 3]) { try $0[0].matmul($0[1]) },
        Row("stretched batches", [2, 1, 3, 4], [5, 4, 2]) { try $0[0].matmul($0[1]) },
        Row("vector by stack", [4], [3, 4, 2]) { try $0[0].matmul($0[1]) },
        Row("matrix by stack", [5, 4], [3, 4, 2]) { try $0[0].matmul($0[1]) },
        Row("stretched arithmetic", [2, 1], [1, 3], [3]) { try ($0[0] - $0[1]) * $0[2] / (($0[1] * $0[1]) + 1) },
        Row("rectifiers", [7]) { try $0[0].leakyReLU().elu().relu().hardtanh(min: -0.4, max: 3) },
        Row("gelu", [7]) { try $0[0].gelu() + $0[0].gelu(approximate: .tanh) },
        Row("sigmoids", [7]) { try $0[0].sigmoid().tanh() + $0[0].silu().softplus(beta: 2) },
        Row("elementary", [7]) { try (($0[0].exp() + 1).log() + 1).sqrt() },
        Row("softmax", [3, 4]) { try $0[0].softmax(dim: 0) * $0[0].logSoftmax(dim: 1) },
        Row("layer norm", [3, 4], [4], [4]) {
            try $0[0].layerNorm(normalizedShape: [4], weight: $0[1], bias: $0[2])
        },
        Row("rms norm", [3, 4], [4]) { try $0[0].rmsNorm(normalizedShape: [4], weight: $0[1]) },
        Row("batch norm", [5, 3], [3], [3]) {
            try $0[0].batchNorm(mean: nil, variance: nil, weight: $0[1], bias: $0[2], training: true)
        },
        Row("batch norm of images", [2, 3, 4], [3]) {
            try $0[0].batchNorm(mean: nil, variance: nil, weight: $0[1], training: true)
        },
        Row("batch norm, not training", [5, 3], [3]) {
            let (mean, variance) = (try Tensor([0, 1, 2] as [Double]), try Tensor([1, 2, 3] as [Double]))
            return try $0[0].batchNorm(mean: mean, variance: variance, weight: $0[1], training: false)
        },
        Row("bilinear", [4, 2], [4, 3], [5, 2, 3], [5]) {
            try Tensor.bilinear($0[0], $0[1], weight: $0[2], bias: $0[3])
        },
        Row("embedding", [4, 3]) {
            try Tensor.embedding(weight: $0[0], indices: Tensor([1, 3, 1] as [Int64]))
        },
        Row("shapes", [2, 3]) {
            let turned = try $0[0].transposed().reshaped(to: [2, -1]).flattened()
            return try Tensor.concatenated([turned.rows(1..<4), turned])
        },
        Row("sums and means", [2, 3]) {
            try $0[0].sum(dim: 0) * $0[0].mean(dim: 1, keepDim: true) + $0[0].mean() + $0[0].sum()
        },
        Row("selection", [3, 5]) { try $0[0].keepingTopK(2) + $0[0].zeroing(indices: [1, 4]) },
        Row("rectifiers with arguments", [7]) {
            try $0[0].leakyReLU(negativeSlope: 0.3).elu(alpha: 0.7).clamped(min: -0.5, max: 2) + $0[0].negated()
        },
        Row("softmax inside", [2, 3, 2]) { try $0[0].softmax(dim: 1) / 3 + $0[0].logSoftmax(dim: -2) },
        Row("dropout", [4, 5]) { try $0[0].dropout(p: 0.4, generator: Generator(seed: 3)) },
        Row("layer norm over two axes", [2, 3, 4]) { try $0[0].layerNorm(normalizedShape: [3, 4], epsilon: 0.1) },
        Row("cross entropy of sequences", [2, 3, 4]) {
            try $0[0].crossEntropy(
                Tensor([0, 2, 1, -100, 1, 1, 0, 2] as [Int64], shape: [2, 4]),
                reduction: .none
            )
        },
        Row("cross entropy of probabilities", [2, 3]) {
            try $0[0].crossEntropy(Tensor([0.2, 0.3, 0.5, 1, 0, 0] as [Double], shape: [2, 3]), labelSmoothing: 0.2)
        },
        Row("mse of each element", [2, 3], [3]) { try $0[0].mseLoss($0[1], reduction: .none) },
        Row("mse", [2, 3], [2, 3]) { try $0[0].mseLoss($0[1]) },
        Row("l1", [2, 3], [3]) { try $0[0].l1Loss($0[1], reduction: .none) },
        Row("cross entropy", [3, 4]) {
            try $0[0].crossEntropy(
                Tensor([1, 0, 3] as [Int64]),
                weight: Tensor([1, 2, 0.5, 1] as [Double]),
                labelSmoothing: 0.1
            )
        },
        Row("binary cross entropy", [3, 2], [3, 2]) {
            try $0[0].bceWithLogits($0[1], positiveWeight: Tensor([2, 3] as [Double]))
        },
        Row("trigonometry", [7]) { try $0[0].sin() * $0[0].cos().tan() + $0[0].atan().sinh() * $0[0].cosh() },
        Row("powers", [5], [5]) { try .pow(.tensor($0[0].abs() + 0.5), .tensor($0[1])) },
        Row("roots", [5]) { try ($0[0].abs() + 0.5).rsqrt() * ($0[0].square() + 1).reciprocal().log1p() },
        Row("choices", [2, 3], [3]) {
            try Tensor.where(.compare(.less, .tensor($0[0]), .tensor($0[1])), .tensor($0[0] * 2), .tensor($0[1]))
        },
        Row("blends", [4], [4], [4]) {
            try $0[0].lerp($0[1], .tensor($0[2])).addcdiv($0[0], $0[1].square() + 1, value: 2)
        },
        Row("extremes", [3, 4]) { try $0[0].extreme(.max, dims: [1]) * $0[0].extreme(.min, dim: 1).values },
        Row("moments", [3, 4, 2]) { try $0[0].variance(dims: [0, 2]) * $0[0].deviation(dims: [0, 2], correction: 0) },
        Row("norms", [3, 4]) { try $0[0].norm(p: 3, dims: [1]) * $0[0].norm(dims: [1]) + $0[0].logSumExp(dims: [1]) },
        Row("products of rows", [3, 4]) { try $0[0].prod(dim: 1) * $0[0].cumprod(dim: 1).sum(dims: [1]) },
        Row("scans", [3, 4]) { try $0[0].cumsum(dim: 1) * $0[0].cumsum(dim: 0) },
        Row("permutations", [2, 3, 4]) {
            try $0[0].permuted([2, 0, 1]).flipped([0]).movedim([0], [2]).roll([1, 2], dims: [0, 1])
        },
        Row("repetitions", [2, 3]) {
            try $0[0].repeated([2, 1, 2]).sum(dims: [0]) * $0[0].repeatInterleave(2, dim: 1)
        },
        Row("indices", [4, 3]) {
            try $0[0].item(at: [.tensor(Tensor([0, 2, 2, -1] as [Int64])), .slice(start: 1)])
                * $0[0].item(at: [.slice(), .tensor(Tensor([0, 0] as [Int64]))])
        },
        Row("scatter", [3, 3], [3, 3]) {
            let index = try Tensor([0, 2, 1, 1, 0, 2, 2, 1, 0] as [Int64], shape: [3, 3])
            return try $0[0].scatter(0, index, .tensor($0[1])) * $0[0].scatterAdd(1, index, $0[1]).gather(1, index)
        },
        Row("padding", [2, 4]) { try $0[0].pad([1, -1]).sum() * $0[0].pad([2, 1], mode: .reflect).sum(dims: [1]) },
        Row("diagonals", [4, 3]) { try $0[0].tril(diagonal: 1).diagonal() * $0[0].triu().diagonal(offset: 0) },
        Row("joints", [2, 3], [2, 2]) {
            try .stack([.cat([$0[0], $0[1]], dim: 1), .cat([$0[1], $0[0]], dim: 1)], dim: 1)
        },
        Row("added products", [2], [3, 4], [4, 2]) { try $0[0].addmm($0[1], $0[2], beta: 2, alpha: 0.5) },
        Row("einsum", [2, 3], [3, 4], [4]) { try .einsum("ij,jk,k->i", $0) },
        Row("attention", [2, 3, 4], [2, 5, 4], [2, 5, 4]) { try .scaledDotProductAttention($0[0], $0[1], $0[2]) },
        Row("topk", [3, 5]) { try $0[0].topK(2).values * $0[0].sort().values.narrowed(1, start: 0, length: 2) },
        Row("distances", [3, 4], [3, 4]) {
            try Tensor.cosineSimilarity($0[0], $0[1]) * Tensor.pairwiseDistance($0[0], $0[1])
                + $0[0].normalized().sum(dims: [1])
        },
    ])
    func agreesWithDifferences(row: Row) throws {
        let generator = Generator(seed: 11)
        let inputs = try row.shapes.map { try Tensor.normal($0, dtype: .float64, generator: generator) }
        let leaves = try inputs.map { try $0.requiringGrad() }
        let output = try row.body(leaves)
        let factors = try Tensor.normal(output.shape, dtype: .float64, generator: generator)
        try output.backward(gradient: factors)
        for (index, leaf) in leaves.enumerated() {
            let got = try #require(leaf.grad).scalars(as: Double.self)
            let expected = try differences(row, inputs, index, factors)
            #expect(zip(got, expected).allSatisfy { abs($0 - $1) < 1e-6 * max(1, abs($1)) }, "\(got) \(expected)")
        }
    }

    /// No difference exists at NaN; these are PyTorch's gradients there, given 2.
    @Test(arguments: [
        Row("2.0", [1]) { try $0[0].relu() },
        Row("0.02", [1]) { try $0[0].leakyReLU() },
        Row("2.0", [1]) { try $0[0].elu() },
        Row("2.0", [1]) { try $0[0].hardtanh() },
        Row("nan", [1]) { try $0[0].softplus() },
        Row("nan", [1]) { try $0[0].sigmoid() },
        Row("nan", [1]) { try $0[0].gelu() },
        Row("nan", [1]) { try $0[0].silu() },
    ])
    func passesNaNAsPyTorchDoes(row: Row) throws {
        let leaf = try Tensor([Double.nan]).requiringGrad()
        try row.body([leaf]).backward(gradient: Tensor([2] as [Double]))
        #expect(leaf.grad?.scalars(as: Double.self).map(\.description) == [row.testDescription])
    }

    private func differences(_ row: Row, _ inputs: [Tensor], _ index: Int, _ factors: Tensor) throws -> [Double] {
        let (step, numbers) = (1e-6, inputs[index].scalars(as: Double.self))
        func value(_ place: Int, _ change: Double) throws -> Double {
            var (moved, all) = (numbers, inputs)
            moved[place] += change
            all[index] = try Tensor(moved, shape: inputs[index].shape)
            return try (row.body(all) * factors).sum().item()
        }
        return try numbers.indices.map { try (value($0, step) - value($0, -step)) / (2 * step) }
    }
}
