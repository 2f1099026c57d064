extension Tensor {
    /// Returns each channel of each image of a batch normalised by itself: PyTorch's `torch.instance_norm`.
    ///
    /// - Parameter usesInput: Whether by the statistics of the input, rather than those that are given.
    public func instanceNorm(
        mean: Tensor? = nil,
        variance: Tensor? = nil,
        weight: Tensor? = nil,
        bias: Tensor? = nil,
        usesInput: Bool,
        epsilon: Double
    ) throws(TensorError) -> Tensor {
        guard rank >= 2 else { throw .dimensionOutOfRange(1, rank: rank) }
        let (count, form) = (shape[0], try rowsOfChannels())
        // Without weight and bias, statistics of another type are taken as they are.
        let isPlain = weight == nil && bias == nil && dtype.isFloatingPoint && !dtype.isHalf
        let mean = try isPlain ? mean?.converted(to: dtype) : mean
        let variance = try isPlain ? variance?.converted(to: dtype) : variance
        let output = try reshaped(to: form).batchNorm(
            mean: mean?.repeated([count]),
            variance: variance?.repeated([count]),
            weight: weight?.repeated([count]),
            bias: bias?.repeated([count]),
            training: usesInput,
            epsilon: epsilon
        )
        return try output.reshaped(to: shape)
    }

    /// Returns the shape in which the channels of all images stand side by side.
    public func rowsOfChannels() throws(TensorError) -> Shape {
        try Shape(checking: [1, shape[0] * shape[1]] + Array(shape.dropFirst(2)))
    }
}
