import Tensors
import Testing

/// What both versions of PyTorch call the nodes; the old names are those of the classes in its 1.0.1 wheel.
struct NodeNameTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let current: String
        let old: String
        let body: @Sendable (_ x: Tensor) throws -> Tensor
        var testDescription: String { current }

        init(_ current: String, _ old: String, _ body: @escaping @Sendable (Tensor) throws -> Tensor) {
            (self.current, self.old, self.body) = (current, old, body)
        }
    }

    private static func ones(_ shape: Shape) throws -> Tensor { try Tensor.ones(shape).requiringGrad() }

    @Test(arguments: [
        Row("AddBackward0", "AddBackward0") { try $0 + 1 },
        Row("SubBackward0", "SubBackward0") { try $0 - $0 },
        Row("MulBackward0", "MulBackward0") { try $0 * 2 },
        Row("DivBackward0", "DivBackward0") { try $0 / $0 },
        Row("NegBackward0", "NegBackward") { try $0.negated() },
        Row("ExpBackward0", "ExpBackward") { try $0.exp() },
        Row("SumBackward0", "SumBackward0") { try $0.sum() },
        Row("MeanBackward0", "MeanBackward1") { try $0.mean() },
        Row("TransposeBackward0", "TransposeBackward0") { try $0.transposed() },
        Row("MmBackward0", "MmBackward") { try $0.matmul($0) },
        Row("MvBackward0", "MvBackward") { try $0.matmul(ones([2])) },
        Row("DotBackward0", "DotBackward") { _ in try ones([2]).matmul(ones([2])) },
        Row("ReluBackward0", "ReluBackward0") { try $0.relu() },
        Row("LeakyReluBackward0", "LeakyReluBackward0") { try $0.leakyReLU() },
        Row("EluBackward0", "EluBackward") { try $0.elu() },
        Row("HardtanhBackward0", "HardtanhBackward0") { try $0.hardtanh() },
        Row("SigmoidBackward0", "SigmoidBackward") { try $0.sigmoid() },
        Row("TanhBackward0", "TanhBackward") { try $0.tanh() },
        Row("SoftplusBackward0", "SoftplusBackward") { try $0.softplus() },
        Row("SoftmaxBackward0", "SoftmaxBackward") { try $0.softmax(dim: 1) },
        Row("LogSoftmaxBackward0", "LogSoftmaxBackward") { try $0.logSoftmax(dim: 1) },
        Row("NativeLayerNormBackward0", "AddcmulBackward") {
            try $0.layerNorm(normalizedShape: [2], weight: ones([2]), bias: ones([2]))
        },
        Row("NativeLayerNormBackward0", "ViewBackward") { try $0.layerNorm(normalizedShape: [2]) },
        Row("NativeBatchNormBackward0", "NativeBatchNormBackward") {
            try $0.batchNorm(mean: nil, variance: nil, training: true)
        },
        Row("EmbeddingBackward0", "EmbeddingBackward") {
            try Tensor.embedding(weight: $0, indices: Tensor([0] as [Int64]))
        },
        Row("MulBackward0", "MulBackward0") { try $0.dropout(p: 0.5, generator: Generator(seed: 0)) },
        Row("MseLossBackward0", "MseLossBackward") { try $0.mseLoss(Tensor.zeros([2, 2])) },
        Row("NllLossBackward0", "NllLossBackward") { try $0.crossEntropy(Tensor([0, 1] as [Int64])) },
        Row("BinaryCrossEntropyWithLogitsBackward0", "BinaryCrossEntropyWithLogitsBackward") {
            try $0.bceWithLogits(Tensor.zeros([2, 2]))
        },
    ])
    func namesItsNode(row: Row) throws {
        let output = try row.body(Self.ones([2, 2]))
        let name = try #require(output.gradFn?.name)
        #expect(name.text(.current) == row.current)
        #expect(name.text(.torch1_0_1) == row.old)
    }

    @Test func namesNothingWithoutGradients() throws {
        let leaf = try Self.ones([2, 2])
        #expect(try Autograd.withoutGradients { try leaf.relu() }.gradFn == nil)
        #expect(try Autograd.withInferenceMode { try leaf.relu() }.gradFn == nil)
        #expect(try leaf.detached().relu().gradFn == nil)
    }
}
