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

    /// Sums from four places in sixteen vectors at once, so that loads are all it waits for.
    private static func sum(_ floats: UnsafeBufferPointer<Float>) -> Float {
        floats.withMemoryRebound(to: SIMD16<Float>.self) { vectors in
            let quarter = vectors.count / 4
            var sums = [SIMD16<Float>](repeating: .zero, count: 16)
            return sums.withUnsafeMutableBufferPointer { sums in
                for index in stride(from: 0, to: quarter, by: 4) {
                    for place in 0..<4 {
                        for step in 0..<4 { sums[place * 4 + step] += vectors[place * quarter + index + step] }
                    }
                }
                return sums.reduce(.zero, +).sum()
            }
        }
    }
}
