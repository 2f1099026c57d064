extension Tensor {
    /// Returns the tensor as a batch of one along `axis`.
    public func withBatchAxis(at axis: Int = 0) throws(TensorError) -> Tensor {
        guard (0...rank).contains(axis) else { throw .dimensionOutOfRange(axis, rank: rank + 1) }
        return try unsqueezed(at: axis)
    }

    /// Returns the only element of a batch of one along `axis`.
    public func withoutBatchAxis(at axis: Int = 0) throws(TensorError) -> Tensor {
        guard shape.indices.contains(axis), shape[axis] == 1 else { return self }
        var sizes = shape.dimensions
        sizes.remove(at: axis)
        return try view(as: try Shape(checking: sizes), "squeeze", .squeezeAxis)
    }
}
