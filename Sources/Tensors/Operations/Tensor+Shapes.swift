extension Tensor {
    /// Returns the same elements under `sizes`, one of which may be -1 and is then what remains.
    public func reshaped(to sizes: [Int]) throws(TensorError) -> Tensor {
        try view(as: try Shape(inferring: sizes, elementCount: elementCount), "view", .view)
    }

    /// Returns the same elements under `shape`.
    public func reshaped(to shape: Shape) throws(TensorError) -> Tensor {
        try reshaped(to: shape.dimensions)
    }

    /// Returns the same elements with the axes from `first` through `last` merged into one; a scalar becomes a vector.
    public func flattened(from first: Int = 0, through last: Int = -1) throws(TensorError) -> Tensor {
        let (first, last) = (try shape.axis(first), try shape.axis(last))
        guard first <= last else { throw .flattenOrder }
        guard first < last || rank == 0 else { return self }
        let sizes = shape.dimensions
        let merged = rank == 0 ? 1 : sizes[first...last].reduce(1, *)
        let result = try Shape(checking: sizes.prefix(first) + [merged] + sizes.dropFirst(last + 1))
        return try view(as: result, "view", .view)
    }

    /// Returns the tensor with two axes exchanged.
    public func transposed(_ first: Int = 0, _ second: Int = 1) throws(TensorError) -> Tensor {
        let result = try Operations.perform("transpose") { () throws(TensorError) in
            try swapped(first, second).laid(asSwapOf: self, first, second)
        }
        guard Autograd.records(self) else { return result }
        let name = NodeName("TransposeBackward0")
        return try result.recorded(name, [self]) { gradient, _ in [try gradient.swapped(first, second)] }
    }

    /// Returns the same elements as the result of an operation of its own.
    public func cloned() throws(TensorError) -> Tensor {
        try view(as: shape, "clone", NodeName("CloneBackward0", old: "CloneBackward"))
    }

    /// Returns the same elements under `shape`, which must have as many.
    func view(as shape: Shape, _ operation: StaticString, _ name: NodeName) throws(TensorError) -> Tensor {
        let result = try Operations.perform(operation) { () throws(TensorError) in
            viewed(as: shape).laid(asViewOf: self)
        }
        guard Autograd.records(self) else { return result }
        let own = self.shape
        return try result.recorded(name, [self]) { gradient, _ in [gradient.viewed(as: own)] }
    }

    func unsqueezed(at axis: Int) throws(TensorError) -> Tensor {
        var sizes = shape.dimensions
        sizes.insert(1, at: axis)
        let result = try view(
            as: Shape(sizes, elementCount: elementCount),
            "unsqueeze",
            NodeName("UnsqueezeBackward0")
        )
        guard var strides = body.strides else { return result }
        strides.insert(axis < rank ? shape[axis] &* strides[axis] : 1, at: axis)
        return result.laid(out: strides)
    }

    func squeezed(at axis: Int) throws(TensorError) -> Tensor {
        var sizes = shape.dimensions
        sizes.remove(at: axis)
        let result = try view(as: Shape(sizes, elementCount: elementCount), "squeeze", .squeeze)
        guard var strides = body.strides else { return result }
        strides.remove(at: axis)
        return result.laid(out: strides)
    }

    /// Returns the tensor as a matrix: all axes but the last are folded into rows.
    func foldedIntoRows() throws(TensorError) -> Tensor {
        try view(as: try shape.foldedIntoRows(), "view", .view)
    }

    func unfolded(like sizes: some Collection<Int>) throws(TensorError) -> Tensor {
        try view(as: try Shape(checking: Array(sizes)), "_unsafe_view", .unsafeView)
    }
}
