import Tensors
import Testing

/// A row has the same bits whatever rows share its batch.
struct FunctionRowsTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let body: @Sendable (Tensor) throws -> Tensor

        init(_ name: String, _ body: @escaping @Sendable (Tensor) throws -> Tensor) {
            (testDescription, self.body) = (name, body)
        }
    }

    @Test(arguments: [
        Row("sum") { try $0.sum(dims: [1, 2]) },
        Row("sum of axes apart") { try $0.unsqueezed(2).permuted([0, 3, 2, 1]).sum(dims: [1, 3]) },
        Row("mean") { try $0.mean(dims: [-1]) },
        Row("var") { try $0.variance(dims: [1]) },
        Row("norm") { try $0.norm(p: 3, dims: [1]) },
        Row("logsumexp") { try $0.logSumExp(dims: [2]) },
        Row("cumprod") { try $0.cumprod(dim: 1) },
        Row("amax") { try $0.extreme(.max, dims: [1]) },
        Row("topk") { try $0.topK(3).values },
        Row("sort") { try $0.sort().values },
        Row("sin") { try $0.sin() },
        Row("pow") { try .pow(.tensor($0.abs()), 1.7) },
        Row("bmm") { try $0.bmm($0.transposed(1, 2)) },
        Row("einsum") { try .einsum("bij,bkj->bik", [$0, $0]) },
        Row("attention") { try .scaledDotProductAttention($0, $0, $0, .init(isCausal: true)) },
        Row("normalize") { try $0.normalized() },
        Row("cosine") { try .cosineSimilarity($0, $0.flipped([1])) },
    ])
    func keepsItsBits(row: Row) throws {
        for dtype in [DType.float32, .float64, .float16, .bfloat16] {
            let batch = try Tensor.normal([5, 7, 9], dtype: dtype, generator: Generator(seed: 2))
            let together = try row.body(batch)
            for index in 0..<5 {
                let alone = try row.body(batch.rows(index..<index + 1))
                #expect(bits(alone) == bits(try together.rows(index..<index + 1)), "\(dtype)")
            }
        }
    }

    private func bits(_ tensor: Tensor) -> [UInt8] { tensor.withUnsafeBytes { [UInt8]($0) } }
}
