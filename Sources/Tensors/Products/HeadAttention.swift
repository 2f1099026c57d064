/// Attention of several heads: each row of a sequence becomes a mean of another's, weighted by likeness.
public struct HeadAttention: Sendable {
    /// The number of heads.
    public var heads: Int
    /// The probability with which, in training, a weight is dropped.
    public var dropout: Double
    /// What to draw from; `nil` drops nothing.
    public var generator: Generator?

    /// Creates the attention of `heads`.
    public init(heads: Int, dropout: Double = 0, generator: Generator? = nil) {
        (self.heads, self.dropout, self.generator) = (heads, dropout, generator)
    }

    /// Returns the means and the weights, `[batch * heads, rows, keys]`.
    ///
    /// - Parameters:
    ///   - query: `[rows, batch, size]`; `key` and `value` are `[keys, batch, size]`, and `heads` divides the size.
    ///   - mask: What is added to the weights before softmax: a shape that stretches to theirs.
    public func callAsFunction(
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor?
    ) throws(TensorError) -> (output: Tensor, weights: Tensor) {
        let (rows, batch, size) = (query.shape[0], query.shape[1], query.shape[2])
        let width = size / Swift.max(heads, 1)
        let scaled = try split(query, width) * (1 / Double(width).squareRoot())
        var scores = try scaled.matmul(split(key, width).transposed(1, 2))
        if let mask { scores = try scores + mask }
        var weights = try scores.softmax(dim: -1)
        if dropout > 0, let generator { weights = try weights.dropout(p: dropout, generator: generator) }
        let output = try weights.matmul(split(value, width)).transposed(0, 1).reshaped(to: [rows, batch, size])
        return (output, weights)
    }

    /// Returns the rows of each head, `[batch * heads, rows, width]`.
    private func split(_ tensor: Tensor, _ width: Int) throws(TensorError) -> Tensor {
        try tensor.reshaped(to: [tensor.shape[0], tensor.shape[1] * heads, width]).transposed(0, 1)
    }
}

extension Tensor {
    /// Returns a mask to add: minus infinity where this one of bools is true, and zero elsewhere.
    public func addedMask(dtype: DType) throws(TensorError) -> Tensor {
        guard self.dtype == .bool else { return try converted(to: dtype) }
        return try dtype.accept(MaskFill(mask: self))
    }
}

private struct MaskFill: ScalarVisitor {
    let mask: Tensor

    func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
        try Tensor(of: S.self, shape: mask.shape) { target in
            let source = mask.address(of: Bool.self)
            let (zero, low) = (S(converting: 0 as Int64), S(converting: -Double.infinity))
            for index in 0..<mask.elementCount { (target + index).initialize(to: source[index] ? low : zero) }
        }
    }
}
