/// A tensor seen as `outer` blocks of `count` rows of `inner` elements, the rows being what an operation goes along.
struct AxisView {
    let outer: Int
    let count: Int
    let inner: Int

    init(_ shape: Shape, axis: Int) {
        outer = shape.dimensions[..<axis].reduce(1, *)
        count = shape.rank == 0 ? 1 : shape[axis]
        inner = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
    }
}

extension Shape {
    /// Returns the position of `axis`, which counts from the end when negative; a scalar has one axis, 0 or -1.
    public func axis(_ axis: Int) throws(TensorError) -> Int {
        let bound = Swift.max(rank, 1)
        guard (-bound..<bound).contains(axis) else { throw .dimensionOutOfRange(axis, rank: rank) }
        return axis < 0 ? axis + bound : axis
    }

    /// Returns the shape without the axis at `axis`, or with it as one.
    func reduced(at axis: Int, keeping: Bool) throws(TensorError) -> Shape {
        guard rank > 0 else { return self }
        var sizes = dimensions
        if keeping { sizes[axis] = 1 } else { sizes.remove(at: axis) }
        return try Shape(checking: sizes)
    }
}

extension Tensor {
    /// Returns the sum of all elements; integers and bools sum to int64.
    public func sum() throws(TensorError) -> Tensor {
        let result = try Operations.perform("sum") { () throws(TensorError) in
            try viewed(as: Shape([elementCount], elementCount: elementCount)).rawSum(axis: 0, keeping: false)
        }
        guard Autograd.records(self) else { return result }
        let shape = self.shape
        return try result.recorded(NodeName("SumBackward0"), [self]) { gradient, _ in [try gradient.expanded(to: shape)]
        }
    }

    /// Returns the sums along one axis.
    public func sum(dim: Int, keepDim: Bool = false) throws(TensorError) -> Tensor {
        let axis = try shape.axis(dim)
        let result = try Operations.perform("sum") { () throws(TensorError) in
            try rawSum(axis: axis, keeping: keepDim)
        }
        guard Autograd.records(self) else { return result }
        let (shape, kept) = (self.shape, try shape.reduced(at: axis, keeping: true))
        return try result.recorded(NodeName("SumBackward1"), [self]) { gradient, _ in
            [try gradient.viewed(as: kept).expanded(to: shape)]
        }
    }

    /// Returns the mean of all elements; NaN when there are none.
    public func mean() throws(TensorError) -> Tensor {
        guard dtype.isFloatingPoint else { throw .meanNeedsFloats(dtype) }
        let count = elementCount
        let result = try Operations.perform("mean") { () throws(TensorError) in
            let wide = try widened().viewed(as: Shape([count], elementCount: count))
            return try wide.detached().rawMean(axis: 0, keeping: false).cast(to: dtype)
        }
        guard Autograd.records(self) else { return result }
        let shape = self.shape
        return try result.recorded(NodeName("MeanBackward0", old: "MeanBackward1"), [self]) { gradient, _ in
            [try (gradient / Double(count)).expanded(to: shape)]
        }
    }

    /// Returns the means along one axis.
    public func mean(dim: Int, keepDim: Bool = false) throws(TensorError) -> Tensor {
        let axis = try shape.axis(dim)
        guard dtype.isFloatingPoint else { throw .meanNeedsFloats(dtype) }
        let result = try Operations.perform("mean") { () throws(TensorError) in
            try widened().detached().rawMean(axis: axis, keeping: keepDim).cast(to: dtype)
        }
        guard Autograd.records(self) else { return result }
        let (shape, kept) = (self.shape, try shape.reduced(at: axis, keeping: true))
        let count = Double(AxisView(shape, axis: axis).count)
        return try result.recorded(NodeName("MeanBackward1", old: "MeanBackward0"), [self]) { gradient, _ in
            [try (gradient / count).viewed(as: kept).expanded(to: shape)]
        }
    }

    private func rawMean(axis: Int, keeping: Bool) throws(TensorError) -> Tensor {
        try rawSum(axis: axis, keeping: keeping) / Double(AxisView(shape, axis: axis).count)
    }
}

extension Tensor {
    /// Returns the sums along `axis`, without history.
    func rawSum(axis: Int, keeping: Bool) throws(TensorError) -> Tensor {
        let wide = try widened()
        let visitor = SumVisitor(
            tensor: wide,
            view: AxisView(shape, axis: axis),
            shape: try shape.reduced(at: axis, keeping: keeping)
        )
        return try wide.dtype.acceptArithmetic(visitor, kernel: "sum_cpu")
            .cast(to: dtype.isFloatingPoint ? dtype : .int64)
    }

    /// Returns the sums over the axes along which `target`, which can be, was stretched to this shape, without history.
    func summed(to target: Shape) throws(TensorError) -> Tensor {
        guard shape != target else { return self }
        var result = self.detached()
        while result.rank > target.rank { result = try result.rawSum(axis: 0, keeping: false) }
        for axis in 0..<target.rank where target[axis] == 1 && result.shape[axis] != 1 {
            result = try result.rawSum(axis: axis, keeping: true)
        }
        return result
    }

    /// Sums in `Double` or `Int64`, so that long sums of floats lose nothing.
    private struct SumVisitor: ArithmeticVisitor {
        let tensor: Tensor
        let view: AxisView
        let shape: Shape

        func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
            try Tensor(of: A.Sum.self, shape: shape) { target throws(TensorError) in
                try tensor.withScalars(of: A.self) { source in
                    guard view.inner != 1 else {
                        for row in 0..<view.outer {
                            (target + row).initialize(to: lanes(source + row * view.count))
                        }
                        return
                    }
                    guard shape.elementCount > 0 else { return }
                    target.initialize(repeating: A.Sum.zero, count: view.outer * view.inner)
                    for block in 0..<view.outer { add(source, block: block, to: target + block * view.inner) }
                }
            }
        }

        /// Sums one row in four lanes, so that no addition waits for the one before.
        @inline(__always)
        private func lanes<A: Arithmetic>(_ row: UnsafePointer<A>) -> A.Sum {
            func add(_ sum: A.Sum, _ index: Int) -> A.Sum { A.Sum.sum(sum, row[index].converted(to: A.Sum.self)) }
            var (a, b, c, d) = (A.Sum.zero, A.Sum.zero, A.Sum.zero, A.Sum.zero)
            let whole = view.count / 4 * 4
            for index in stride(from: 0, to: whole, by: 4) {
                (a, b, c, d) = (add(a, index), add(b, index + 1), add(c, index + 2), add(d, index + 3))
            }
            for index in whole..<view.count { a = add(a, index) }
            return A.Sum.sum(A.Sum.sum(a, b), A.Sum.sum(c, d))
        }

        @inline(__always)
        private func add<A: Arithmetic>(
            _ source: UnsafePointer<A>,
            block: Int,
            to target: UnsafeMutablePointer<A.Sum>
        ) {
            for row in 0..<view.count {
                let start = source + (block * view.count + row) * view.inner
                for index in 0..<view.inner {
                    target[index] = A.Sum.sum(target[index], start[index].converted(to: A.Sum.self))
                }
            }
        }
    }
}
