extension Tensor {
    /// Returns the `p`-norms along `dims`, or of all elements; infinities give the largest and smallest magnitudes.
    public func norm(
        p: Double = 2,
        dims: [Int]? = nil,
        keepDim: Bool = false,
        dtype: DType? = nil
    ) throws(TensorError) -> Tensor {
        try norm(p: p, dims: dims, keepDim: keepDim, dtype: dtype, as: NodeName("LinalgVectorNormBackward0"))
    }

    /// Returns the norms, with a node of that name.
    func norm(
        p: Double,
        dims: [Int]?,
        keepDim: Bool,
        dtype: DType? = nil,
        as name: NodeName
    ) throws(TensorError) -> Tensor {
        guard self.dtype.isFloatingPoint else { throw .function(.normType(self.dtype)) }
        if let dtype, !dtype.isFloatingPoint { throw .function(.normResultType(dtype)) }
        if let dtype, try self.dtype.promoted(with: dtype) != dtype {
            throw .function(.narrowedNorm(self.dtype, dtype))
        }
        if let dtype, dtype != self.dtype {
            return try converted(to: dtype).norm(p: p, dims: dims, keepDim: keepDim, as: name)
        }
        let plan = try ReductionPlan(shape, dims: dims, keepDim: keepDim)
        if p.isInfinite || p < 0, plan.count == 0 { try refuseEmptyNorm(p, plan, hasDims: !(dims ?? []).isEmpty) }
        let result = try Operations.perform("linalg_vector_norm") { () throws(TensorError) in
            if ![0, 1, 2].contains(p), p.isFinite {
                try CallMeter.chargeElements(elementCount, cost: CallMeter.scalarCost)
            }
            let visitor = NormVisitor(rows: try plan.rows(of: widened()), p: p)
            return try self.dtype.computing.acceptReal(visitor, kernel: "norm_cpu").cast(to: self.dtype)
                .viewed(as: plan.shape)
        }
        guard Autograd.records(self) else { return result }
        let rule = NormRule(input: detached(), norm: result.detached(), p: p, plan: plan)
        return try result.recorded(name, [self], saving: [rule.input, rule.norm]) { gradient, _ in
            [try rule.gradient(gradient)]
        }
    }

    private func refuseEmptyNorm(_ p: Double, _ plan: ReductionPlan, hasDims: Bool) throws(TensorError) {
        guard hasDims else { throw .function(.emptyNorm(p)) }
        for axis in plan.axes where shape[axis] == 0 { throw .function(.emptyNormDimension(p, axis)) }
    }

    /// Returns the logarithms of the sums of e^x along `dims`, without overflow.
    public func logSumExp(dims: [Int], keepDim: Bool = false) throws(TensorError) -> Tensor {
        guard dtype.isFloatingPoint else { return try converted(to: .float32).logSumExp(dims: dims, keepDim: keepDim) }
        let plan = try ReductionPlan(shape, dims: dims, keepDim: keepDim)
        let result = try Operations.perform("logsumexp") { () throws(TensorError) in
            try CallMeter.chargeElements(elementCount, cost: CallMeter.scalarCost)
            let visitor = LogSumExpVisitor(rows: try plan.rows(of: widened()))
            return try dtype.computing.acceptReal(visitor, kernel: "logsumexp").cast(to: dtype).viewed(as: plan.shape)
        }
        guard Autograd.records(self) else { return result }
        let (own, sums) = (detached(), result.detached())
        return try result.recorded(NodeName("LogsumexpBackward0"), [self], saving: [own, sums]) { gradient, _ in
            [try plan.spread(gradient) * (own - plan.spread(sums)).exp()]
        }
    }
}

private struct NormVisitor: RealVisitor {
    let rows: Rows
    let p: Double

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        switch p {
        case 0:
            try sum(R.self) {
                $0 == 0 ? 0 : 1
            } last: {
                $0
            }
        case 1:
            try sum(R.self) {
                $0.magnitude
            } last: {
                $0
            }
        case 2:
            try sum(R.self) {
                $0 * $0
            } last: {
                $0.squareRoot()
            }
        case .infinity: try extreme(R.self, .max)
        case -.infinity: try extreme(R.self, .min)
        default:
            try sum(R.self) {
                $0.magnitude.power(p)
            } last: {
                $0.power(1 / p)
            }
        }
    }

    @inline(__always)
    private func sum<R: Real>(
        _ type: R.Type,
        _ term: (Double) -> Double,
        last: (Double) -> Double
    ) throws(TensorError) -> Tensor {
        try rows.reduced(R.self) { row in
            var sum = 0.0
            for index in 0..<row.count { sum += term(Double(row[index])) }
            return R(last(sum))
        }
    }

    private func extreme<R: Real>(_ type: R.Type, _ extreme: Extreme) throws(TensorError) -> Tensor {
        try rows.reduced(R.self) { row in
            var found = row[0].magnitude
            for index in 1..<max(row.count, 1) where extreme.isBeyond(Double(row[index].magnitude), Double(found)) {
                found = row[index].magnitude
            }
            return found
        }
    }
}

/// How a norm goes backward, as PyTorch's `norm_backward`.
private struct NormRule: Sendable {
    let input: Tensor
    let norm: Tensor
    let p: Double
    let plan: ReductionPlan

    func gradient(_ gradient: Tensor) throws(TensorError) -> Tensor {
        let (given, norms) = (try plan.spread(gradient), try plan.spread(norm))
        let isZero = try Tensor.compare(.equal, .tensor(norms), 0)
        switch p {
        case 0: return try .zeros(input.shape, dtype: input.dtype)
        case 1: return try input.sign() * given
        case 2: return try (given * (input / norms)).maskedFill(isZero, 0)
        case .infinity, -.infinity:
            let magnitude = try input.abs()
            let isTaken = try Tensor.logical(
                .or,
                .compare(.equal, .tensor(magnitude), .tensor(norms)),
                .logical(.and, magnitude.isNaN(), norms.isNaN())
            ).cast(to: input.dtype)
            let shares = try isTaken / plan.spread(isTaken.rawSum(plan))
            return try input.sign() * shares * given
        case ..<1:
            let powers = try Tensor.pow(.tensor(input.abs()), .number(.double(p - 1)))
            let slopes = try (input.sign() * powers).maskedFill(.compare(.equal, .tensor(input), 0), 0)
            return try slopes * given * Tensor.pow(.tensor(norms), .number(.double(1 - p)))
        case ..<2:
            let powers = try input.sign() * Tensor.pow(.tensor(input.abs()), .number(.double(p - 1)))
            let scale = try (given / Tensor.pow(.tensor(norms), .number(.double(p - 1)))).maskedFill(isZero, 0)
            return try powers * scale
        default:
            let powers = try input * Tensor.pow(.tensor(input.abs()), .number(.double(p - 2)))
            let scale = try (given / Tensor.pow(.tensor(norms), .number(.double(p - 1)))).maskedFill(isZero, 0)
            return try powers * scale
        }
    }
}

private struct LogSumExpVisitor: RealVisitor {
    let rows: Rows

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try rows.reduced(R.self) { row in
            var largest = -R.infinity
            for index in 0..<row.count where !(row[index] <= largest) { largest = row[index] }
            let shift: R = largest.magnitude == .infinity ? 0 : largest
            var sum = 0.0
            for index in 0..<row.count { sum += Double((row[index] - shift).exponential) }
            return R(sum.logarithm) + shift
        }
    }
}
