extension Tensor {
    /// Returns the variances along `dims`, or of all elements: squared distances from the mean over their number less
    /// `correction`.
    public func variance(
        dims: [Int]? = nil,
        correction: Double = 1,
        keepDim: Bool = false
    ) throws(TensorError) -> Tensor {
        try spread(dims, correction, keepDim, isRoot: false)
    }

    /// Returns the standard deviations, the square roots of the variances.
    public func deviation(
        dims: [Int]? = nil,
        correction: Double = 1,
        keepDim: Bool = false
    ) throws(TensorError) -> Tensor {
        try spread(dims, correction, keepDim, isRoot: true)
    }

    private func spread(
        _ dims: [Int]?,
        _ correction: Double,
        _ keepDim: Bool,
        isRoot: Bool
    ) throws(TensorError) -> Tensor {
        guard dtype.isFloatingPoint else { throw .function(.varianceType) }
        let plan = try ReductionPlan(shape, dims: dims, keepDim: keepDim)
        let result = try Operations.perform(isRoot ? "std" : "var") { () throws(TensorError) in
            let visitor = VarianceVisitor(rows: try plan.rows(of: widened()), correction: correction, isRoot: isRoot)
            return try dtype.computing.acceptReal(visitor, kernel: "std_cpu").cast(to: dtype).viewed(as: plan.shape)
        }
        guard Autograd.records(self) else { return result }
        let (own, root) = (detached(), result.detached())
        let name = NodeName(isRoot ? "StdBackward0" : "VarBackward0")
        return try result.recorded(name, [self], saving: [own] + (isRoot ? [root] : [])) { gradient, _ in
            let degrees = max(Double(plan.count) - correction, 0)
            let slope =
                isRoot
                ? try Tensor.maskedQuotient(gradient, root * 2)
                : gradient
            let visitor = VarianceBackward(
                rows: try plan.rows(of: own.widened()),
                slopes: try (slope * 2 / degrees).cast(to: own.dtype.computing).detached()
            )
            return [try plan.restored(own.dtype.computing.acceptReal(visitor, kernel: "std_cpu"))]
        }
    }

    /// Returns the quotients, with 0 where the divisor is.
    private static func maskedQuotient(_ first: Tensor, _ second: Tensor) throws(TensorError) -> Tensor {
        try (first / second).maskedFill(.compare(.equal, .tensor(second), 0), 0)
    }
}

/// The mean first and then the squares, both in `Double`.
private struct VarianceVisitor: RealVisitor {
    let rows: Rows
    let correction: Double
    let isRoot: Bool

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try rows.reduced(R.self) { row in
            var (sum, squares) = (0.0, 0.0)
            for index in 0..<row.count { sum += Double(row[index]) }
            let mean = sum / Double(row.count)
            for index in 0..<row.count {
                let distance = Double(row[index]) - mean
                squares += distance * distance
            }
            let variance = squares / max(Double(row.count) - correction, 0)
            return R(isRoot ? variance.squareRoot() : variance)
        }
    }
}

/// The distances from the mean times what goes back to their row; the mean is not rounded before it is subtracted.
private struct VarianceBackward: RealVisitor {
    let rows: Rows
    /// A number for each row.
    let slopes: Tensor

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        let slopes = slopes.address(of: R.self)
        return try rows.mapped(R.self) { row, number, target in
            var sum = 0.0
            for index in 0..<row.count { sum += Double(row[index]) }
            let (mean, slope) = (sum / Double(row.count), Double(slopes[number]))
            for index in 0..<row.count {
                (target + index * row.step).initialize(to: R((Double(row[index]) - mean) * slope))
            }
        }
    }
}
