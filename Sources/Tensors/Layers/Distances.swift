extension Tensor {
    /// Returns the elements divided by the `p`-norms along `dim`, or by `epsilon` where that is larger.
    public func normalized(p: Double = 2, dim: Int = 1, epsilon: Double = 1e-12) throws(TensorError) -> Tensor {
        let norms = try norm(p: p, dims: [dim], keepDim: true)
        return try self / norms.clamped(min: epsilon).expanded(to: shape)
    }

    /// Returns the cosines of the angles between the rows along `dim`.
    public static func cosineSimilarity(
        _ first: Tensor,
        _ second: Tensor,
        dim: Int = 1,
        epsilon: Double = 1e-8
    ) throws(TensorError) -> Tensor {
        let dtype = try DType.result(of: [.tensor(first), .tensor(second)])
        guard dtype.isFloatingPoint else { throw .function(.cosineType(dtype)) }
        let shape = try first.shape.broadcast(with: second.shape)
        func unit(_ tensor: Tensor) throws(TensorError) -> Tensor {
            let rows = try tensor.converted(to: dtype).expanded(to: shape)
            let norms = try rows.norm(dims: [dim], keepDim: true)
            // The bound takes no part in going backward.
            let missing = try norms.detached().clamped(min: epsilon) - norms.detached()
            return try rows / (norms + missing)
        }
        return try (unit(first) * unit(second)).sum(dims: [dim])
    }

    /// Returns the `p`-norms of the differences along the last axis, each of which `epsilon` is added to.
    public static func pairwiseDistance(
        _ first: Tensor,
        _ second: Tensor,
        p: Double = 2,
        epsilon: Double = 1e-6,
        keepDim: Bool = false
    ) throws(TensorError) -> Tensor {
        try (first - second + epsilon).norm(p: p, dims: [-1], keepDim: keepDim, as: NodeName("NormBackward1"))
    }
}
