extension Tensor {
    /// What `unique` finds: the values in order, which of them each element is, and how often each was there.
    public struct UniqueValues: Sendable {
        /// The values, each once.
        public let values: Tensor
        /// For each element, or slice, the place of its value.
        public let inverse: Tensor
        /// For each value, how many there were.
        public let counts: Tensor
    }

    /// Returns the elements, or the slices of `dim`, each once and in order.
    public func unique(dim: Int? = nil) throws(TensorError) -> UniqueValues {
        guard let dim else { return try uniqueElements() }
        let axis = try shape.axis(dim)
        guard rank > 0 else { return try reshaped(to: [1]).unique(dim: 0) }
        let empty = shape.count { $0 == 0 }
        guard empty == (shape[axis] == 0 ? 1 : 0) else {
            throw .function(shape[axis] == 0 ? .uniqueOfNothing : .uniqueOfEmpty)
        }
        let slices = try axis == 0 ? self : movedim([axis], [0])
        let count = shape[axis]
        let table = slices.detached().viewed(
            as: Shape([count, count == 0 ? 0 : elementCount / count], elementCount: elementCount)
        )
        let groups = try Operations.perform("unique_dim") { () throws(TensorError) in
            try ranks(of: table, "unique_dim")
        }
        let found = try Grouping(ranks: groups)
        return UniqueValues(
            values: try detached().indexSelect(axis, found.firsts),
            inverse: found.inverse,
            counts: found.counts
        )
    }

    /// Returns the rank of each row of a table of these elements.
    private func ranks(of table: Tensor, _ kernel: String) throws(TensorError) -> Tensor {
        let count = table.shape[0]
        try CallMeter.chargeSearch(elementCount, among: count, cost: 2 * CallMeter.comparisonCost)
        // The order, and half as many places while it is made.
        return try CallMeter.holding(count, of: 2 * MemoryLayout<Int>.size) { () throws(TensorError) in
            try dtype.computing.acceptArithmetic(SliceRanks(table: table.widened()), kernel: kernel)
        }
    }

    private func uniqueElements() throws(TensorError) -> UniqueValues {
        let flat = try detached().reshaped(to: [-1])
        let table = flat.viewed(as: Shape([elementCount, 1], elementCount: elementCount))
        let groups = try Operations.perform("_unique2") { () throws(TensorError) in
            try ranks(of: table, "unique")
        }
        let found = try Grouping(ranks: groups)
        return UniqueValues(
            values: try flat.indexSelect(0, found.firsts),
            inverse: found.inverse.viewed(as: shape),
            counts: found.counts
        )
    }
}

/// For each row of a table, its rank among the different rows.
private struct SliceRanks: ArithmeticVisitor {
    let table: Tensor

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        let (rows, width) = (table.shape[0], table.shape[1])
        return try Tensor(of: Int64.self, shape: Shape([rows], elementCount: rows)) { target throws(TensorError) in
            try table.withScalars(of: A.self) { source in
                func isBefore(_ first: Int, _ second: Int) -> Bool? {
                    for column in 0..<width {
                        let (left, right) = (source[first * width + column], source[second * width + column])
                        if A.isLarger(right, left) { return true }
                        if A.isLarger(left, right) { return false }
                        // NaN equals nothing, not even itself.
                        if !A.isEqual(left, left) { return first < second }
                    }
                    return nil
                }
                let order = (0..<rows).sorted { isBefore($0, $1) ?? ($0 < $1) }
                var rank: Int64 = -1
                for (index, row) in order.enumerated() {
                    if index == 0 || isBefore(order[index - 1], row) != nil { rank += 1 }
                    (target + row).initialize(to: rank)
                }
            }
        }
    }
}

/// The first member and the size of each group, in the order of the groups' ranks.
private struct Grouping {
    let firsts: Tensor
    let inverse: Tensor
    let counts: Tensor

    init(ranks: Tensor) throws(TensorError) {
        let numbers = UnsafeBufferPointer(start: ranks.address(of: Int64.self), count: ranks.elementCount)
        let groups = Int((numbers.max() ?? -1) + 1)
        let (firsts, counts) = try CallMeter.holding(groups, of: 2 * MemoryLayout<Int64>.size) {
            () throws(TensorError) in
            var (firsts, counts) = ([Int64](repeating: 0, count: groups), [Int64](repeating: 0, count: groups))
            for (place, rank) in numbers.enumerated() {
                if counts[Int(rank)] == 0 { firsts[Int(rank)] = Int64(place) }
                counts[Int(rank)] += 1
            }
            return (try Tensor(firsts), try Tensor(counts))
        }
        withExtendedLifetime(ranks) {}
        (self.firsts, inverse, self.counts) = (firsts, ranks, counts)
    }
}
