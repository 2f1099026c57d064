extension Tensor {
    /// Returns the elements in order along `dim`, and where they were; equals keep their order, NaN is the largest.
    public func sort(dim: Int = -1, descending: Bool = false) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        let axis = try shape.axis(dim)
        let places = try order(axis, descending: descending)
        return try (ordered(axis, places, "sort", NodeName("SortBackward0", old: "SortBackward")), places)
    }

    /// Returns where the elements are that stand in order along `dim`.
    public func argsort(dim: Int = -1, descending: Bool = false) throws(TensorError) -> Tensor {
        try order(shape.axis(dim), descending: descending)
    }

    /// Returns the `k` largest or smallest elements along `dim`, and where they were.
    public func topK(
        _ k: Int,
        dim: Int = -1,
        largest: Bool = true,
        sorted: Bool = true
    ) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        let axis = try shape.axis(dim)
        let size = rank == 0 ? 1 : shape[axis]
        guard k >= 0, k <= size else { throw .topKOutOfRange }
        guard dtype != .bool else { throw .function(.topKBool) }
        var sizes = shape.dimensions
        if rank > 0 { sizes[axis] = k }
        let result = try Shape(checking: sizes)
        try CallMeter.chargeSearch(elementCount, among: size)
        let rows = Rows(tensor: try widened(), view: AxisView(shape, axis: axis))
        let visitor = TopKVisitor(rows: rows, count: k, isLargest: largest, isSorted: sorted)
        let ranked = try CallMeter.holding(size, of: MemoryLayout<Int>.size) { () throws(TensorError) in
            try dtype.computing.acceptArithmetic(visitor, kernel: "topk_cpu")
        }
        let places = try rank == 0 ? ranked.viewed(as: result) : ranked.sliced(axis, from: 0, count: k)
        return try (ordered(axis, places, "topk", NodeName("TopkBackward0", old: "TopkBackward")), places)
    }

    private func order(_ axis: Int, descending: Bool) throws(TensorError) -> Tensor {
        try Operations.perform("sort") { () throws(TensorError) in
            let size = rank == 0 ? 1 : shape[axis]
            try CallMeter.chargeSearch(elementCount, among: size)
            let rows = Rows(tensor: try widened(), view: AxisView(shape, axis: axis))
            // The places of a row, and half as many while they are merged.
            return try CallMeter.holding(size, of: 2 * MemoryLayout<Int>.size) { () throws(TensorError) in
                try dtype.computing.acceptArithmetic(
                    OrderVisitor(rows: rows, isDescending: descending),
                    kernel: "sorting_kernel_method_name"
                )
            }
        }
    }

    /// Returns the elements at `places` along `axis`.
    private func ordered(
        _ axis: Int,
        _ places: Tensor,
        _ operation: StaticString,
        _ name: NodeName
    ) throws(TensorError) -> Tensor {
        let result = try Operations.perform(operation) { () throws(TensorError) in try gathered(axis, places) }
        guard Autograd.records(self) else { return result }
        let form = shape
        return try result.recorded(name, [self], saving: [places]) { gradient, _ in
            [try Tensor.zeros(form, dtype: gradient.dtype).scattered(axis, places, gradient, adding: true)]
        }
    }
}

private struct OrderVisitor: ArithmeticVisitor {
    let rows: Rows
    let isDescending: Bool

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        let extreme: Extreme = isDescending ? .max : .min
        return try rows.mapped(A.self) { (row, _, target: UnsafeMutablePointer<Int64>) in
            let places = (0..<row.count).sorted { first, second in
                let (left, right) = (row[first], row[second])
                if isDescending ? extreme.isBeyond(left, right) : A.isLarger(right, left) { return true }
                return !(isDescending ? extreme.isBeyond(right, left) : A.isLarger(left, right)) && first < second
            }
            for (index, place) in places.enumerated() {
                (target + index * row.step).initialize(to: Int64(place))
            }
        }
    }
}

/// The places of all elements of a row, those that are asked for first.
private struct TopKVisitor: ArithmeticVisitor {
    let rows: Rows
    let count: Int
    let isLargest: Bool
    let isSorted: Bool

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try rows.mapped(A.self) { (row, _, target: UnsafeMutablePointer<Int64>) in
            let places = Selecting.places(row.count, count, isSorted: isSorted) { first, second in
                isLargest ? A.isLarger(row[first], row[second]) : A.isLarger(row[second], row[first])
            }
            for (index, place) in places.enumerated() {
                (target + index * row.step).initialize(to: Int64(place))
            }
        }
    }
}
