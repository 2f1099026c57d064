/// Which axes a reduction goes along, and what it leaves.
struct ReductionPlan: Sendable {
    /// The axes that vanish, outermost first.
    let axes: [Int]
    /// The shape of the operand.
    let source: Shape
    /// The shape of the result.
    let shape: Shape
    /// The shape of the result with the reduced axes as ones.
    let kept: Shape

    /// Plans to reduce `source` along `dims`, or along all axes if there are none.
    init(_ source: Shape, dims: [Int]?, keepDim: Bool) throws(TensorError) {
        var axes: Set<Int> = []
        for dim in dims ?? [] {
            let axis = try source.axis(dim)
            guard axes.insert(axis).inserted else { throw .function(.repeatedDimension(axis)) }
        }
        let reduced = axes.isEmpty ? Set(0..<source.rank) : axes.intersection(0..<source.rank)
        self.axes = reduced.sorted()
        self.source = source
        let sizes = source.dimensions
        kept = try Shape(checking: sizes.indices.map { reduced.contains($0) ? 1 : sizes[$0] })
        shape = keepDim ? kept : try Shape(checking: sizes.indices.filter { !reduced.contains($0) }.map { sizes[$0] })
    }

    /// The number of elements that each result is made of.
    var count: Int { axes.reduce(1) { $0 * source[$1] } }

    /// Whether the reduced axes are neighbours.
    private var isRun: Bool { zip(axes, axes.dropFirst()).allSatisfy { $0 + 1 == $1 } }

    /// The order of axes that puts the reduced ones last.
    private var order: [Int] { (0..<source.rank).filter { !axes.contains($0) } + axes }

    /// Returns `tensor`, of the shape of the operand, as rows to reduce: one for each element of the result.
    func rows(of tensor: Tensor) throws(TensorError) -> Rows {
        guard !isRun else {
            let sizes = source.dimensions
            let start = axes.first ?? 0
            let view = AxisView(
                outer: sizes[..<start].reduce(1, *),
                count: count,
                inner: sizes.dropFirst(axes.isEmpty ? 0 : start + axes.count).reduce(1, *)
            )
            guard !axes.isEmpty else {
                return Rows(tensor: tensor, view: AxisView(outer: view.inner, count: 1, inner: 1))
            }
            return Rows(tensor: tensor, view: view)
        }
        let turned = try tensor.detached().permuted(order)
        return Rows(tensor: turned, view: AxisView(outer: shape.elementCount, count: count, inner: 1))
    }

    /// Returns a result of the reduction, or its gradient, stretched back to the shape of the operand.
    func spread(_ result: Tensor) throws(TensorError) -> Tensor {
        try result.detached().viewed(as: kept).expanded(to: source)
    }

    /// Returns the elements of `rows`, that a row function has left, under the shape of the operand.
    func restored(_ rows: Tensor) throws(TensorError) -> Tensor {
        guard !isRun else { return rows.viewed(as: source) }
        let order = order
        var back = order
        for (place, axis) in order.enumerated() { back[axis] = place }
        return try rows.viewed(as: Shape(checking: order.map { source[$0] })).permuted(back)
    }
}

extension AxisView {
    init(outer: Int, count: Int, inner: Int) {
        (self.outer, self.count, self.inner) = (outer, count, inner)
    }
}

/// The elements of one row, which lie `step` apart.
struct StridedRow<S: Scalar> {
    let start: UnsafePointer<S>
    let count: Int
    let step: Int

    @inline(__always)
    subscript(index: Int) -> S { start[index &* step] }
}

/// A tensor as rows, each of which a reduction makes one number of.
struct Rows: Sendable {
    let tensor: Tensor
    let view: AxisView

    /// Returns one number for each row, as a vector.
    @inline(__always)
    func reduced<S: Scalar, Result: Scalar>(
        _ type: S.Type,
        _ body: (StridedRow<S>) -> Result
    ) throws(TensorError) -> Tensor {
        let (rows, overflow) = view.outer.multipliedReportingOverflow(by: view.inner)
        guard !overflow else { throw .storageOverflow(shape: [view.outer, view.inner]) }
        return try Tensor(of: Result.self, shape: Shape([rows], elementCount: rows)) { target throws(TensorError) in
            guard rows > 0 else { return }
            try tensor.withScalars(of: S.self) { source in
                for block in 0..<view.outer {
                    let start = source + block * view.count * view.inner
                    for column in 0..<view.inner {
                        let row = StridedRow(start: start + column, count: view.count, step: view.inner)
                        (target + (block * view.inner + column)).initialize(to: body(row))
                    }
                }
            }
        }
    }

    /// Returns as many numbers as there are, written row by row under the shape of the rows' tensor.
    @inline(__always)
    func mapped<S: Scalar, Result: Scalar>(
        _ type: S.Type,
        _ body: (_ row: StridedRow<S>, _ number: Int, _ target: UnsafeMutablePointer<Result>) -> Void
    ) throws(TensorError) -> Tensor {
        try Tensor(of: Result.self, shape: tensor.shape) { target throws(TensorError) in
            guard tensor.elementCount > 0 else { return }
            try tensor.withScalars(of: S.self) { source in
                for block in 0..<view.outer {
                    let offset = block * view.count * view.inner
                    for column in 0..<view.inner {
                        let row = StridedRow(start: source + offset + column, count: view.count, step: view.inner)
                        body(row, block * view.inner + column, target + offset + column)
                    }
                }
            }
        }
    }
}
