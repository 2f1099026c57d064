extension Tensor {
    /// Returns whether any elements along `dims`, or of all, are not zero.
    public func any(dims: [Int]? = nil, keepDim: Bool = false) throws(TensorError) -> Tensor {
        try Operations.perform("any") { () throws(TensorError) in
            let count = try countedNonzero(dims, keepDim)
            return try Tensor.compare(.greater, .tensor(count), 0).cast(to: dtype == .uint8 ? .uint8 : .bool)
        }
    }

    /// Returns whether all elements along `dims`, or all there are, are not zero.
    public func all(dims: [Int]? = nil, keepDim: Bool = false) throws(TensorError) -> Tensor {
        try Operations.perform("all") { () throws(TensorError) in
            let zeros = try cast(to: .bool).logicalNot().countedNonzero(dims, keepDim)
            return try Tensor.compare(.equal, .tensor(zeros), 0).cast(to: dtype == .uint8 ? .uint8 : .bool)
        }
    }

    /// Returns how many elements along `dims`, or of all, are not zero.
    public func countNonzero(dims: [Int]? = nil) throws(TensorError) -> Tensor {
        try Operations.perform("count_nonzero") { () throws(TensorError) in try countedNonzero(dims, false) }
    }

    /// An empty list of axes reduces none; no list all.
    private func countedNonzero(_ dims: [Int]?, _ keepDim: Bool) throws(TensorError) -> Tensor {
        let bools = try cast(to: .bool)
        if let dims, dims.isEmpty { return try bools.cast(to: .int64) }
        return try bools.rawSum(ReductionPlan(shape, dims: dims, keepDim: keepDim))
    }
}
