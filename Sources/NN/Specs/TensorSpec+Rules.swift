public import Tensors

/// What operations do to shapes and to the rows of a batch.
extension TensorSpec {
    /// Returns what element by element operations make of `operands`, stretched to one shape.
    public static func broadcast(_ operands: [TensorSpec], dtype: DType? = nil) -> TensorSpec {
        guard let rank = operands.map({ $0.rank ?? -1 }).max(), operands.allSatisfy({ $0.shape != nil }) else {
            return .unknown
        }
        var shape = [Extent](repeating: .fixed(1), count: rank)
        for operand in operands {
            for (axis, extent) in (operand.shape ?? []).enumerated() {
                let place = axis + rank - (operand.rank ?? 0)
                shape[place] = stretched(shape[place], extent)
            }
        }
        let rows = commonRows(of: operands, rank: rank, shape: shape)
        return TensorSpec(shape: shape, dtype: dtype ?? commonDType(of: operands), rows: rows)
    }

    static func stretched(_ first: Extent, _ second: Extent) -> Extent {
        if first == .fixed(1) { return second }
        return second == .fixed(1) || first == second ? first : .unknown
    }

    private static func commonRows(of operands: [TensorSpec], rank: Int, shape: [Extent]) -> Rows {
        var common: Rows = .none
        for operand in operands {
            switch operand.rows {
            case .none: break
            case .mixed: return .mixed
            case .axis(let axis):
                let place = axis + rank - (operand.rank ?? 0)
                guard common == .none || common == .axis(place), shape[place] == operand.shape?[axis] else {
                    return .mixed
                }
                common = .axis(place)
            }
        }
        return common
    }

    static func commonDType(of operands: [TensorSpec]) -> DType? {
        let dtypes = Set(operands.map(\.dtype))
        return dtypes.count == 1 ? dtypes.first ?? nil : nil
    }

    /// Returns the same with another type.
    public func with(dtype: DType?) -> TensorSpec { TensorSpec(shape: shape, dtype: dtype, rows: rows) }

    /// Returns the same with its rows elsewhere.
    func with(rows: Rows) -> TensorSpec { TensorSpec(shape: shape, dtype: dtype, rows: rows) }

    /// Returns what is left without `axes`, or with one entry in each of them.
    public func reduced(over dims: [Int]?, keepDim: Bool, dtype: DType? = nil) -> TensorSpec {
        guard let shape else { return TensorSpec(shape: nil, dtype: dtype, rows: rows == .none ? .none : .mixed) }
        let given = dims.map { $0.compactMap(axis) } ?? Array(shape.indices)
        guard given.count == (dims?.count ?? shape.count) else { return .unknown }
        let gone = Set(given)
        let left: [Extent] =
            keepDim
            ? shape.indices.map { gone.contains($0) ? .fixed(1) : shape[$0] }
            : shape.indices.filter { !gone.contains($0) }.map { shape[$0] }
        guard let axis = batchAxis else { return TensorSpec(shape: left, dtype: dtype ?? self.dtype, rows: rows) }
        let before = keepDim ? 0 : gone.count { $0 < axis }
        let rows: Rows = gone.contains(axis) ? .mixed : .axis(axis - before)
        return TensorSpec(shape: left, dtype: dtype ?? self.dtype, rows: rows)
    }

    /// Returns the same elements in the same order under `sizes`, one of which may be -1.
    public func reshaped(to sizes: [Extent]) -> TensorSpec {
        let unknown = TensorSpec(shape: sizes.map { $0 == .fixed(-1) ? .unknown : $0 }, dtype: dtype, rows: .mixed)
        guard shape != nil else {
            return rows == .none ? TensorSpec(shape: unknown.shape, dtype: dtype, rows: .none) : unknown
        }
        var sizes = sizes
        if let open = sizes.firstIndex(of: .fixed(-1)) {
            sizes[open] = .fixed(1)
            sizes[open] = elementCount / sizes.reduce(.fixed(1), *)
        }
        guard let batch = batchAxis, let shape else { return TensorSpec(shape: sizes, dtype: dtype, rows: rows) }
        // Rows stay together where all that comes before them, and so all that comes after, has the same size as before.
        let before = shape[..<batch].reduce(.fixed(1), *)
        for (axis, extent) in sizes.enumerated() where extent.isBatch {
            let outer = sizes[..<axis].reduce(.fixed(1), *)
            return TensorSpec(
                shape: sizes,
                dtype: dtype,
                rows: outer == before && outer != .unknown ? .axis(axis) : .mixed
            )
        }
        return TensorSpec(shape: sizes, dtype: dtype, rows: .mixed)
    }

    /// Returns the axes from `first` through `last` merged into one.
    public func flattened(from first: Int, through last: Int) -> TensorSpec {
        guard let shape, let first = axis(first), let last = axis(last), first <= last else { return .unknown }
        guard !shape.isEmpty else { return reshaped(to: [.fixed(1)]) }
        let middle = shape[first...last].reduce(.fixed(1), *)
        return reshaped(to: shape[..<first] + [middle] + shape[(last + 1)...])
    }

    /// Returns the axes in the order of `dims`.
    public func permuted(_ dims: [Int]) -> TensorSpec {
        let axes = dims.compactMap(axis)
        guard let shape, axes.count == shape.count, Set(axes).count == axes.count else { return .unknown }
        let place = batchAxis.flatMap { axes.firstIndex(of: $0) }
        return TensorSpec(shape: axes.map { shape[$0] }, dtype: dtype, rows: place.map(Rows.axis) ?? rows)
    }

    /// Returns the same with another size of one axis, whose entries only meet each other.
    public func resized(_ dim: Int, to extent: Extent) -> TensorSpec {
        guard var shape, let axis = axis(dim), axis < shape.count else { return .unknown }
        shape[axis] = extent
        return TensorSpec(shape: shape, dtype: dtype, rows: batchAxis == axis ? .mixed : rows)
    }

    /// Returns the same with a new axis of one entry before `dim`.
    public func unsqueezed(_ dim: Int) -> TensorSpec {
        guard var shape, (-shape.count - 1...shape.count).contains(dim) else { return .unknown }
        let axis = dim < 0 ? dim + shape.count + 1 : dim
        shape.insert(.fixed(1), at: axis)
        return TensorSpec(shape: shape, dtype: dtype, rows: batchAxis.map { .axis($0 < axis ? $0 : $0 + 1) } ?? rows)
    }

    /// Returns the same without the axes of one entry among `dims`.
    public func squeezed(_ dims: [Int]?) -> TensorSpec {
        guard let shape else { return .unknown }
        let axes = dims.map { $0.compactMap(axis) } ?? Array(shape.indices)
        guard axes.allSatisfy({ $0 < shape.count && shape[$0].number != nil }) else { return .unknown }
        return reduced(over: axes.filter { shape[$0] == .fixed(1) }, keepDim: false)
    }

    /// Returns the matrix product with `other`, as `torch.matmul` makes it.
    public func matmul(_ other: TensorSpec) -> TensorSpec {
        guard let first = shape, let second = other.shape, first.count >= 1, second.count >= 1 else { return .unknown }
        let left = first.count == 1 ? unsqueezed(0) : self
        let right = second.count == 1 ? other.unsqueezed(1) : other
        guard let rows = left.shape, let columns = right.shape else { return .unknown }
        // The two axes that meet carry no rows, and those that become the matrix carry rows of one operand at most.
        let meets = left.batchAxis == rows.count - 1 || right.batchAxis == columns.count - 2
        let leftOuter = TensorSpec(shape: rows.dropLast() + [.fixed(1)], rows: left.rows)
        let rightOuter = TensorSpec(
            shape: columns.dropLast(2) + [.fixed(1), columns[columns.count - 1]],
            rows: right.rows
        )
        var product = Self.broadcast([leftOuter, rightOuter])
        product.dtype = dtype == other.dtype ? dtype : nil
        if meets { product.rows = .mixed }
        if second.count == 1 { product = product.reduced(over: [-1], keepDim: false) }
        return first.count == 1 ? product.reduced(over: [second.count == 1 ? -1 : -2], keepDim: false) : product
    }

    /// Returns `parts` one after the other along `dim`.
    public static func concatenated(_ parts: [TensorSpec], dim: Int) -> TensorSpec {
        guard let first = parts.first, let axis = first.axis(dim), parts.allSatisfy({ $0.rank == first.rank }) else {
            return .unknown
        }
        let others = parts.map { $0.resized(axis, to: .fixed(1)) }
        var result = broadcast(others)
        guard result.shape != nil else { return .unknown }
        let sizes = parts.map { $0.shape?[axis] ?? .unknown }
        result.shape?[axis] = sizes.dropFirst().reduce(sizes[0], sum)
        result.dtype = commonDType(of: parts)
        // A part that is the same in every call is not repeated for each row.
        let areAlike = Set(parts.map { $0.rows == .none }).count == 1
        if !areAlike || others.contains(where: { $0.rows == .mixed }) { result.rows = .mixed }
        return result
    }

    private static func sum(_ first: Extent, _ second: Extent) -> Extent {
        guard case (.fixed(let first), .fixed(let second)) = (first, second) else { return .unknown }
        let (sum, overflow) = first.addingReportingOverflow(second)
        return overflow ? .unknown : .fixed(sum)
    }
}
