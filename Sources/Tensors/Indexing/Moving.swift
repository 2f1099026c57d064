extension Tensor {
    /// Returns the tensor with its elements moved by `shifts` along `dims`; what leaves at one end comes in at the other.
    ///
    /// Without `dims` the elements move as those of a vector.
    public func roll(_ shifts: [Int], dims: [Int] = []) throws(TensorError) -> Tensor {
        guard !shifts.isEmpty else { throw .function(.rollWithoutShifts) }
        guard !dims.isEmpty || shifts.count != 1 else {
            return try reshaped(to: [-1]).roll(shifts, dims: [0]).reshaped(to: shape)
        }
        guard shifts.count == dims.count else { throw .function(.rollCounts(shifts.count, dims.count)) }
        if rank == 0, let dim = dims.first { throw .function(.rollScalar(dim)) }
        // Where nothing can move, PyTorch does not look for the axes.
        guard elementCount > 0 else { return try view(as: shape, "roll", .roll) }
        let axes = try axes(dims)
        return try CallMeter.holding(axes.reduce(0) { $0 + shape[$1] }, of: 3 * MemoryLayout<Int64>.size) {
            () throws(TensorError) in
            var indices = [Int: [Int64]]()
            for (shift, axis) in zip(shifts, axes) {
                let size = shape[axis]
                let step = (shift % size + size) % size
                let before = indices[axis] ?? (0..<Int64(size)).map { $0 }
                indices[axis] = (0..<size).map { before[($0 - step + size) % size] }
            }
            return try moved(indices, "roll", .roll)
        }
    }

    /// Returns the elements that lie, along each axis that has them, at `indices`.
    func moved(_ indices: [Int: [Int64]], _ operation: StaticString, _ name: NodeName) throws(TensorError) -> Tensor {
        guard let last = indices.keys.max() else { return self }
        let strides = StridedView(shape).axes.map(\.stride)
        let block = shape.dropFirst(last + 1).reduce(1, *)
        let sizes = try Shape(checking: (0...last).map { indices[$0]?.count ?? shape[$0] })
        let result = try Shape(checking: sizes.dimensions + shape.dropFirst(last + 1))
        guard result.elementCount > 0 else { return try .zeros(result, dtype: dtype) }
        var terms: [Tensor] = []
        for axis in 0...last {
            let stride = strides[axis] / block
            if let numbers = indices[axis] {
                let form = (0...last).map { $0 == axis ? numbers.count : 1 }
                terms.append(try Tensor(numbers.map { $0 * Int64(stride) }).reshaped(to: form))
            } else {
                terms.append(try .steps(shape[axis], stride: stride, axis: axis, of: last + 1))
            }
        }
        let places = Places(tensor: try .places(terms, as: sizes), block: block, source: shape, result: result)
        return try taking(places, operation, name)
    }

    /// Returns each slice of `dim`, or each element of all, `repeats` times.
    public func repeatInterleave(_ repeats: Int, dim: Int? = nil) throws(TensorError) -> Tensor {
        guard let dim else { return try reshaped(to: [-1]).repeatInterleave(repeats, dim: 0) }
        guard repeats >= 0 else { throw .function(.negativeRepeats("Repeats must be non-negative")) }
        let axis = try shape.axis(dim)
        guard rank > 0 else { throw .dimensionOutOfRange(1, rank: 0) }
        let form = try Shape(checking: [shape[axis], repeats])
        let numbers = try Tensor.steps(shape[axis], stride: 1, axis: 0, of: 2).expanded(to: form).reshaped(to: [
            form.elementCount
        ])
        return try slices(axis, at: numbers, "repeat_interleave")
    }

    /// Returns each slice of `dim`, or each element of all, as many times as `repeats` says.
    public func repeatInterleave(_ repeats: Tensor, dim: Int? = nil) throws(TensorError) -> Tensor {
        guard let dim else { return try reshaped(to: [-1]).repeatInterleave(repeats, dim: 0) }
        let axis = try shape.axis(dim)
        guard repeats.rank <= 1 else { throw .function(.repeatsRank) }
        guard rank > 0 else { throw .function(.noDimension) }
        guard repeats.isIndex else { throw .notImplemented(kernel: "repeat_interleave_cpu", repeats.dtype) }
        let counts = repeats.scalars(as: Int64.self)
        guard counts.allSatisfy({ $0 >= 0 }) else { throw .function(.negativeRepeats("repeats can not be negative")) }
        guard repeats.elementCount != 1 else { return try repeatInterleave(Int(counts[0]), dim: dim) }
        guard repeats.elementCount == shape[axis] else {
            throw .function(.repeatsSize(repeats.elementCount, shape[axis]))
        }
        var total = 0
        for count in counts {
            let (sum, overflow) = total.addingReportingOverflow(Int(count))
            guard !overflow else { throw .storageOverflow(shape: [.max]) }
            total = sum
        }
        let index = try Tensor(of: Int64.self, shape: Shape(checking: [total])) { target in
            var next = target
            for (place, count) in counts.enumerated() {
                next.initialize(repeating: Int64(place), count: Int(count))
                next += Int(count)
            }
        }
        return try slices(axis, at: index, "repeat_interleave")
    }
}

extension NodeName {
    fileprivate static let roll = NodeName("RollBackward0", old: "RollBackward")
}
