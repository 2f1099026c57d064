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
        let result = try Operations.perform("transpose") { () throws(TensorError) in try swapped(first, second) }
        guard Autograd.records(self) else { return result }
        let name = NodeName("TransposeBackward0")
        return try result.recorded(name, [self]) { gradient, _ in [try gradient.swapped(first, second)] }
    }

    /// Returns the same elements under `shape`, which must have as many.
    func view(as shape: Shape, _ operation: StaticString, _ name: NodeName) throws(TensorError) -> Tensor {
        let result = try Operations.perform(operation) { () throws(TensorError) in viewed(as: shape) }
        guard Autograd.records(self) else { return result }
        let own = self.shape
        return try result.recorded(name, [self]) { gradient, _ in [gradient.viewed(as: own)] }
    }

    func unsqueezed(at axis: Int) throws(TensorError) -> Tensor {
        var sizes = shape.dimensions
        sizes.insert(1, at: axis)
        let shape = Shape(sizes, elementCount: elementCount)
        return try view(as: shape, "unsqueeze", NodeName("UnsqueezeBackward0"))
    }

    func squeezed(at axis: Int) throws(TensorError) -> Tensor {
        var sizes = shape.dimensions
        sizes.remove(at: axis)
        return try view(as: Shape(sizes, elementCount: elementCount), "squeeze", .squeeze)
    }

    /// Returns the tensor as a matrix: all axes but the last are folded into rows.
    func foldedIntoRows() throws(TensorError) -> Tensor {
        try view(as: try shape.foldedIntoRows(), "view", .view)
    }

    func unfolded(like sizes: some Collection<Int>) throws(TensorError) -> Tensor {
        try view(as: try Shape(checking: Array(sizes)), "_unsafe_view", .unsafeView)
    }
}

extension Shape {
    /// Creates what `sizes` says for `elementCount` elements, with PyTorch's rules for the one that may be -1.
    init(inferring sizes: [Int], elementCount: Int) throws(TensorError) {
        for (index, size) in sizes.enumerated() where size < -1 {
            throw .invalidReshapeDimension(size, index: index, shape: sizes)
        }
        guard sizes.count(where: { $0 == -1 }) <= 1 else { throw .severalInferredDimensions }
        var (known, overflows) = (1, false)
        for size in sizes where size >= 0 {
            let (product, overflow) = known.multipliedReportingOverflow(by: size)
            (known, overflows) = (product, overflows || overflow)
        }
        guard !overflows else { throw .invalidReshape(sizes, elementCount: elementCount) }
        guard let unknown = sizes.firstIndex(of: -1) else {
            guard known == elementCount else { throw .invalidReshape(sizes, elementCount: elementCount) }
            try self.init(checking: sizes)
            return
        }
        guard known > 0 else {
            throw elementCount == 0 ? .ambiguousReshape(sizes) : .invalidReshape(sizes, elementCount: elementCount)
        }
        guard elementCount % known == 0 else { throw .invalidReshape(sizes, elementCount: elementCount) }
        var sizes = sizes
        sizes[unknown] = elementCount / known
        try self.init(checking: sizes)
    }

    /// The shape of a matrix whose rows are all axes but the last.
    func foldedIntoRows() throws(TensorError) -> Shape {
        guard let columns = last else { return self }
        return try Shape(checking: [dimensions.dropLast().reduce(1, *), columns])
    }
}

extension Tensor {
    /// Returns the tensor with two axes exchanged, without history; its elements are copied.
    func swapped(_ first: Int, _ second: Int) throws(TensorError) -> Tensor {
        let (first, second) = (try shape.axis(first), try shape.axis(second))
        guard first != second else { return detached() }
        return try dtype.accept(Swap(tensor: self, outer: min(first, second), inner: max(first, second)))
    }

    /// The elements seen as [before][rows][between][columns][after]; rows and columns change places.
    private struct Swap: ScalarVisitor {
        let tensor: Tensor
        let before, rows, between, columns, after: Int
        let shape: Shape

        init(tensor: Tensor, outer: Int, inner: Int) {
            self.tensor = tensor
            var sizes = tensor.shape.dimensions
            (rows, columns) = (sizes[outer], sizes[inner])
            before = sizes[..<outer].reduce(1, *)
            between = sizes[(outer + 1)..<inner].reduce(1, *)
            after = sizes[(inner + 1)...].reduce(1, *)
            sizes.swapAt(outer, inner)
            shape = Shape(sizes, elementCount: tensor.elementCount)
        }

        func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
            try Tensor(of: S.self, shape: shape) { target throws(TensorError) in
                try tensor.withScalars(of: S.self) { source in
                    guard shape.elementCount > 0 else { return }
                    for block in 0..<before {
                        let start = block * rows * between * columns * after
                        if between == 1, after == 1 {
                            copyMatrix(source + start, to: target + start)
                        } else {
                            copyBlock(source + start, to: target + start)
                        }
                    }
                }
            }
        }

        /// A matrix in tiles that fill lines of the cache: each line is read once and written once.
        @inline(__always)
        private func copyMatrix<S: Scalar>(_ source: UnsafePointer<S>, to target: UnsafeMutablePointer<S>) {
            let edge = 16
            withUnsafeTemporaryAllocation(of: S.self, capacity: edge * edge) { tile in
                guard let tile = tile.baseAddress else { return }
                for top in stride(from: 0, to: rows, by: edge) {
                    let height = min(edge, rows - top)
                    for left in stride(from: 0, to: columns, by: edge) {
                        let width = min(edge, columns - left)
                        for row in 0..<height {
                            let line = source + (top + row) * columns + left
                            for column in 0..<width { (tile + column * edge + row).initialize(to: line[column]) }
                        }
                        for column in 0..<width {
                            (target + (left + column) * rows + top).initialize(
                                from: tile + column * edge,
                                count: height
                            )
                        }
                    }
                }
            }
        }

        @inline(__always)
        private func copyBlock<S: Scalar>(_ source: UnsafePointer<S>, to target: UnsafeMutablePointer<S>) {
            var next = target
            for column in 0..<columns {
                for middle in 0..<between {
                    for row in 0..<rows {
                        next.initialize(
                            from: source + ((row * between + middle) * columns + column) * after,
                            count: after
                        )
                        next += after
                    }
                }
            }
        }
    }
}
