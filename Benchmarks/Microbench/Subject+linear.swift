import Tensors

extension Subject {
    /// One product with a weight that is packed already, through the API that modules use.
    static func linear(
        _ dtype: DType,
        _ inputs: Int,
        _ outputs: Int,
        rows: Int,
        threads: Int
    ) throws -> () throws -> Void {
        let generator = Generator(seed: 0)
        let weight = try Tensor.uniform(Shape(checking: [outputs, inputs]), dtype: dtype, generator: generator)
        let bias = try Tensor.uniform(Shape(checking: [outputs]), dtype: dtype, generator: generator)
        let input = try Tensor.uniform(Shape(checking: [rows, inputs]), dtype: dtype, generator: generator)
        ProductPlan.defaultThreads = threads
        return { _ = try input.linear(weight: weight, bias: bias) }
    }

    /// A plain read of as many floats, in memory like that of weights: the bound of a product with one row.
    static func read(_ count: Int) -> () throws -> Void {
        let floats = largePages(of: count)
        return { keep(sum(floats)) }
    }

    /// Sums from four places at once, in all the registers of the baseline, so that loads are all it waits for.
    private static func sum(_ floats: UnsafeBufferPointer<Float>) -> Float {
        floats.withMemoryRebound(to: SIMD16<Float>.self) { vectors in
            var sums = (SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero)
            let quarter = vectors.count / 4
            for index in 0..<quarter {
                sums.0 += vectors[index]
                sums.1 += vectors[index + quarter]
                sums.2 += vectors[index + 2 * quarter]
                sums.3 += vectors[index + 3 * quarter]
            }
            return (sums.0 + sums.1 + sums.2 + sums.3).sum()
        }
    }
}
