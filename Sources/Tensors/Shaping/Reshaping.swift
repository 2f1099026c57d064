extension Tensor {
    /// Returns the tensor without the axis at `dim` if its size is 1, or without all such axes.
    public func squeezed(_ dim: Int? = nil) throws(TensorError) -> Tensor {
        guard let dim else { return try squeezed(axes: Set(0..<rank), NodeName("SqueezeBackward0")) }
        return try squeezed(axes: [try shape.axis(dim)], NodeName("SqueezeBackward1"))
    }

    /// Returns the tensor without those axes among `dims` whose size is 1.
    public func squeezed(_ dims: [Int]) throws(TensorError) -> Tensor {
        let plan = try ReductionPlan(shape, dims: dims, keepDim: false)
        return try squeezed(axes: dims.isEmpty ? [] : Set(plan.axes), NodeName("SqueezeBackward2"))
    }

    private func squeezed(axes: Set<Int>, _ name: NodeName) throws(TensorError) -> Tensor {
        let sizes = shape.enumerated().filter { !axes.contains($0.offset) || $0.element != 1 }.map(\.element)
        let result = try view(as: Shape(sizes, elementCount: elementCount), "squeeze", name)
        guard let strides = body.strides else { return result }
        return result.laid(
            out: strides.enumerated().filter { !axes.contains($0.offset) || shape[$0.offset] != 1 }.map(\.element)
        )
    }

    /// Returns the tensor with an axis of size 1 at `dim`.
    public func unsqueezed(_ dim: Int) throws(TensorError) -> Tensor {
        guard (-rank - 1...rank).contains(dim) else { throw .dimensionOutOfRange(dim, rank: rank + 1) }
        guard rank < Shape.maximumRank else { throw .tooManyAxes(rank + 1) }
        return try unsqueezed(at: dim < 0 ? dim + rank + 1 : dim)
    }

    /// Returns the tensor with the axis at `dim` cut into axes of `sizes`, one of which may be -1.
    public func unflattened(_ dim: Int, _ sizes: [Int]) throws(TensorError) -> Tensor {
        let axis = try shape.axis(dim)
        guard !sizes.isEmpty else { throw .function(.unflattenWithoutSizes) }
        let size = rank == 0 ? 1 : shape[axis]
        guard sizes.count(where: { $0 == -1 }) <= 1 else { throw .severalInferredDimensions }
        let parts: Shape
        do {
            parts = try Shape(inferring: sizes, elementCount: size)
        } catch .invalidReshape {
            throw .function(.unflattenSizes(sizes, size: size, dimension: axis))
        }
        let own = shape.dimensions
        let result = try Shape(checking: own.prefix(axis) + parts.dimensions + own.dropFirst(axis + 1))
        return try view(as: result, "view", .view)
    }

    /// Returns the tensor stretched to `sizes`; -1 keeps a size.
    public func expand(_ sizes: [Int]) throws(TensorError) -> Tensor {
        let leading = sizes.count - rank
        guard leading >= 0 else { throw .expandRank(dtype, from: shape.dimensions, target: sizes) }
        var target = sizes
        for place in sizes.indices.reversed() {
            guard place >= leading else {
                guard sizes[place] >= 0 else { throw .function(.expandedLeading(sizes[place], place)) }
                continue
            }
            let own = shape[place - leading]
            if sizes[place] == -1 { target[place] = own }
            guard target[place] == own || own == 1 && target[place] >= 0 else {
                throw .expandMismatch(target: sizes, from: shape.dimensions, dimension: place)
            }
        }
        return try expanded(to: try Shape(checking: target))
    }

    /// Returns the tensor as many times after itself, along each axis, as `repeats` says.
    public func repeated(_ repeats: [Int]) throws(TensorError) -> Tensor {
        let leading = repeats.count - rank
        guard leading >= 0 else { throw .function(.repeatAxes) }
        let sizes = [Int](repeating: 1, count: leading) + shape.dimensions
        var product: [Int] = []
        for (size, count) in zip(sizes, repeats) {
            let (length, overflow) = size.multipliedReportingOverflow(by: count)
            guard !overflow else { throw .storageOverflow(shape: repeats) }
            product.append(length)
        }
        let target = try Shape(checking: product)
        var view = StridedView(shape)
        for place in repeats.indices.reversed() {
            // A repeated axis is one more, along which the elements stay.
            view.axes.insert(.init(size: repeats[place], stride: 0), at: max(place - leading, 0))
        }
        let repetition = view
        let result = try Operations.perform("repeat") { () throws(TensorError) in
            try seen(through: repetition, as: target)
        }
        guard Autograd.records(self) else { return result }
        let own = shape
        return try result.recorded(NodeName("RepeatBackward0", old: "RepeatBackward"), [self]) { gradient, _ in
            [try gradient.detached().placed(through: repetition, in: own)]
        }
    }
}
