extension Tensor {
    /// Returns the elements times a random mask of whole channels: zeros, with probability `p`, and 1 / (1 - p).
    ///
    /// The first two axes are the batch and the channels.
    public func featureDropout(p: Double, generator: Generator) throws(TensorError) -> Tensor {
        guard p >= 0, p <= 1 else { throw .invalidDropout(p) }
        guard p > 0, elementCount > 0 else { return self }
        guard rank >= 2 else { throw .layer(.featureDropoutRank) }
        let (result, mask) = try Operations.perform("feature_dropout") { () throws(TensorError) -> (Tensor, Tensor) in
            let mask = try featureMask(p: p, generator: generator) / (p < 1 ? 1 - p : 1)
            return (try detached() * mask, mask)
        }
        guard Autograd.records(self) else { return result }
        return try result.recorded(NodeName("MulBackward0"), [self], saving: [mask]) { gradient, _ in
            [try gradient * mask]
        }
    }

    /// Returns the elements, or with probability `p` the value to which SELU saturates, moved and scaled so that mean and
    /// variance stay: PyTorch's `F.alpha_dropout`, or `F.feature_alpha_dropout` for whole channels.
    public func alphaDropout(p: Double, wholeFeatures: Bool, generator: Generator) throws(TensorError) -> Tensor {
        guard p >= 0, p <= 1 else { throw .invalidDropout(p) }
        guard p > 0, elementCount > 0 else { return self }
        guard p < 1 else { return try self * Tensor.zeros(.scalar, dtype: dtype) }
        guard rank >= 2 || !wholeFeatures else { throw .layer(.featureDropoutRank) }
        let alpha = 1.7580993408473766
        let scale = 1 / ((alpha * alpha * p + 1) * (1 - p)).squareRoot()
        let (result, factor) = try Operations.perform("alpha_dropout") { () throws(TensorError) -> (Tensor, Tensor) in
            let mask =
                wholeFeatures
                ? try featureMask(p: p, generator: generator)
                : try .bernoulli(shape, probability: 1 - p, dtype: dtype, generator: generator)
            let offset = try (mask - 1) * (alpha * scale) + alpha * scale * p
            let factor = try mask * scale
            return (try detached() * factor + offset, factor)
        }
        guard Autograd.records(self) else { return result }
        return try result.recorded(.add, [self], saving: [factor]) { gradient, _ in [try gradient * factor] }
    }

    /// Returns one for each channel that is kept.
    private func featureMask(p: Double, generator: Generator) throws(TensorError) -> Tensor {
        let sizes = Array(shape.prefix(2)) + [Int](repeating: 1, count: rank - 2)
        let form = try Shape(checking: sizes)
        guard p < 1 else { return try .zeros(form, dtype: dtype) }
        return try .bernoulli(form, probability: 1 - p, dtype: dtype, generator: generator)
    }
}
