import Tensors
import Testing

/// A row has the same bits whatever rows share its batch.
struct BatchInvarianceTests {
    private static let rows = 13

    @Test(arguments: [DType.float32, .float64, .float16, .bfloat16, .int64, .int32, .uint8])
    func linearRowsKeepTheirBits(dtype: DType) throws {
        let generator = Generator(seed: 3)
        let input = try Self.numbers([Self.rows, 300], dtype, generator)
        let weight = try Self.numbers([19, 300], dtype, generator)
        let bias = try Self.numbers([19], dtype, generator)
        for bias in [bias, nil] {
            try expectRowsAlone(input) { try $0.linear(weight: weight, bias: bias) }
            let vector = try input.rows(2..<3).flattened()
            let alone = try vector.linear(weight: weight, bias: bias)
            let among = try input.linear(weight: weight, bias: bias).rows(2..<3)
            #expect(bits(alone) == bits(among))
        }
    }

    // Large enough for several threads to take part; how many may does not show in any other test either.
    @Test(.serialized, arguments: [DType.float32, .float64, .float16, .bfloat16])
    func rowsKeepTheirBitsOnAnyNumberOfThreads(dtype: DType) throws {
        let generator = Generator(seed: 6)
        let input = try Self.numbers([256, 519], dtype, generator)
        let weight = try Self.numbers([1_043, 519], dtype, generator)
        let bias = try Self.numbers([1_043], dtype, generator)
        let threads = ProductPlan.defaultThreads
        defer { ProductPlan.defaultThreads = threads }
        ProductPlan.defaultThreads = 1
        let alone = try (0..<256).flatMap { row in
            bits(try input.rows(row..<row + 1).linear(weight: weight, bias: bias))
        }
        for threads in [1, 2, 3, 4, 7, 16] {
            ProductPlan.defaultThreads = threads
            for batch in [1, 8, 64, 200, 256] {
                let rows = bits(try input.rows(0..<batch).linear(weight: weight, bias: bias))
                #expect(rows == Array(alone.prefix(rows.count)), "\(batch) rows on \(threads) threads")
            }
        }
    }

    @Test(arguments: [DType.float32, .float64, .float16, .bfloat16, .int64])
    func productRowsKeepTheirBits(dtype: DType) throws {
        let generator = Generator(seed: 4)
        let first = try Self.numbers([Self.rows, 70], dtype, generator)
        let second = try Self.numbers([70, 9], dtype, generator)
        try expectRowsAlone(first) { try $0.matmul(second) }
        try expectRowsAlone(first) { try $0.matmul(second.transposed().rows(0..<1).flattened()) }
        let stack = try Tensor.concatenated([first, first]).reshaped(to: [2, Self.rows, 70])
        #expect(bits(try stack.matmul(second).rows(1..<2)) == bits(try first.matmul(second)))
    }

    @Test(arguments: [DType.float32, .float64, .float16, .bfloat16])
    func layerRowsKeepTheirBits(dtype: DType) throws {
        let generator = Generator(seed: 5)
        let input = try Self.numbers([Self.rows, 37], dtype, generator)
        let weight = try Self.numbers([37], dtype, generator)
        let mean = try Self.numbers([37], dtype, generator)
        let variance = try (mean * mean) + 1
        let cube = try Self.numbers([5, 37, 37], dtype, generator)
        let layers: [(Tensor) throws -> Tensor] = [
            { try $0.softmax(dim: 1) }, { try $0.logSoftmax(dim: 1) }, { try $0.gelu() }, { try $0.tanh() },
            { try $0.layerNorm(normalizedShape: [37], weight: weight, bias: weight) },
            { try $0.rmsNorm(normalizedShape: [37], weight: weight) },
            { try $0.batchNorm(mean: mean, variance: variance, weight: weight, training: false) },
            { try Tensor.bilinear($0, $0, weight: cube) }, { try $0 + weight }, { try $0.keepingTopK(5) },
            { try $0.sum(dim: 1) },
        ]
        for layer in layers { try expectRowsAlone(input, layer) }
    }

    private static func numbers(_ shape: Shape, _ dtype: DType, _ generator: Generator) throws -> Tensor {
        try (Tensor.normal(shape, dtype: .float64, generator: generator) * 8).converted(to: dtype)
    }

    private func expectRowsAlone(_ input: Tensor, _ body: (Tensor) throws -> Tensor) throws {
        let together = try body(input)
        for row in 0..<Self.rows {
            #expect(bits(try body(input.rows(row..<row + 1))) == bits(try together.rows(row..<row + 1)))
        }
        #expect(bits(try body(input.rows(4..<11))) == bits(try together.rows(4..<11)))
    }

    private func bits(_ tensor: Tensor) -> [UInt8] { tensor.withUnsafeBytes { [UInt8]($0) } }
}
