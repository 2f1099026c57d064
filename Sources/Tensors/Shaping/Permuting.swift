extension Tensor {
    /// Returns the tensor with its axes in the order of `dims`.
    public func permuted(_ dims: [Int]) throws(TensorError) -> Tensor {
        guard dims.count == rank else { throw .function(.permutationLength(rank, dims.count)) }
        var order: [Int] = []
        for dim in dims {
            let axis = try shape.axis(dim)
            guard !order.contains(axis) else { throw .function(.repeatedPermutation) }
            order.append(axis)
        }
        return try permuted(inOrder: order, "permute", NodeName("PermuteBackward0", old: "PermuteBackward"))
    }

    /// Returns the tensor with the axes at `source` moved to `destination`; the others keep their order.
    public func movedim(_ source: [Int], _ destination: [Int]) throws(TensorError) -> Tensor {
        guard source.count == destination.count else {
            throw .function(.movedCounts(source, destination))
        }
        let (from, to) = (try axes(source), try axes(destination))
        guard Set(from).count == from.count else { throw .function(.repeatedMove("source", source)) }
        guard Set(to).count == to.count else { throw .function(.repeatedMove("destination", destination)) }
        guard rank > 0 else { return self }
        var order = [Int?](repeating: nil, count: rank)
        for (from, to) in zip(from, to) { order[to] = from }
        var rest = (0..<rank).filter { !from.contains($0) }.makeIterator()
        let filled = order.map { $0 ?? rest.next() ?? 0 }
        return try permuted(inOrder: filled, "movedim", NodeName("PermuteBackward0", old: "PermuteBackward"))
    }

    /// Returns a matrix with its axes exchanged; vectors and scalars stay as they are.
    public func t() throws(TensorError) -> Tensor {
        guard rank <= 2 else { throw .weightRank(rank) }
        return rank < 2 ? self : try permuted(inOrder: [1, 0], "t", NodeName("TBackward0", old: "TBackward"))
    }

    /// Returns the tensor with the order of the elements along `dims` turned round.
    public func flipped(_ dims: [Int]) throws(TensorError) -> Tensor {
        var view = StridedView(self)
        var seen: Set<Int> = []
        for axis in try axes(dims) {
            guard seen.insert(axis).inserted else { throw .function(.repeatedDimension(axis)) }
            if rank > 0 { view.flip(axis) }
        }
        return try viewing(view, "flip", NodeName("FlipBackward0", old: "FlipBackward"))
    }

    /// Returns the positions of `dims`.
    func axes(_ dims: [Int]) throws(TensorError) -> [Int] {
        var axes: [Int] = []
        for dim in dims { axes.append(try shape.axis(dim)) }
        return axes
    }

    private func permuted(
        inOrder order: [Int],
        _ operation: StaticString,
        _ name: NodeName
    ) throws(TensorError) -> Tensor {
        var view = StridedView(self)
        view.axes = order.map { view.axes[$0] }
        return try viewing(view, operation, name)
    }
}
