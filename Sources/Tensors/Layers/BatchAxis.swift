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

    /// Returns a vector `count` times, one after the other.
    public func repeated(_ count: Int) throws(TensorError) -> Tensor {
        let size = elementCount
        let rows = try Shape(checking: [count, size])
        let result = try Operations.perform("repeat") { () throws(TensorError) in
            let vector = detached().viewed(as: Shape([size], elementCount: size))
            return try vector.expanded(to: rows).viewed(as: try Shape(checking: [rows.elementCount]))
        }
        guard Autograd.records(self) else { return result }
        let own = shape
        return try result.recorded(NodeName("RepeatBackward0", old: "RepeatBackward"), [self]) { gradient, _ in
            [try gradient.viewed(as: rows).rawSum(axis: 0, keeping: false).viewed(as: own)]
        }
    }
}
