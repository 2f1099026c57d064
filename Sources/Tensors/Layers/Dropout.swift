extension Tensor {
    /// Returns the elements times a random mask of zeros, with probability `p`, and 1 / (1 - p).
    ///
    /// This is what dropout does in training; the draws are PyTorch's for the generator's seed.
    public func dropout(p: Double, generator: Generator) throws(TensorError) -> Tensor {
        guard p >= 0, p <= 1 else { throw .invalidDropout(p) }
        guard p > 0, elementCount > 0 else { return self }
        guard p == 1 || dtype.isFloatingPoint else { throw .resultCannotBeCast(from: .float32, to: dtype) }
        let (result, mask) = try Operations.perform("dropout") { () throws(TensorError) -> (Tensor, Tensor) in
            let mask = try dropoutMask(p: p, generator: generator)
            return (try detached() * mask, mask)
        }
        guard Autograd.records(self) else { return result }
        return try result.recorded(NodeName("MulBackward0"), [self], saving: [mask]) { gradient, _ in
            [try gradient * mask]
        }
    }

    private func dropoutMask(p: Double, generator: Generator) throws(TensorError) -> Tensor {
        guard p < 1 else { return try .zeros(.scalar, dtype: dtype) }
        return try .bernoulli(shape, probability: 1 - p, dtype: dtype, generator: generator) / (1 - p)
    }
}
