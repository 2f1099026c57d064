extension Tensor {
    /// Returns the sums along `dims`, or of all elements; integers and bools sum to int64 unless `dtype` is given.
    public func sum(dims: [Int]?, keepDim: Bool = false, dtype: DType? = nil) throws(TensorError) -> Tensor {
        if let dtype {
            return try converted(to: dtype).sum(dims: dims, keepDim: keepDim).converted(to: dtype)
        }
        guard let dims, !dims.isEmpty else {
            return try keepDim ? sum().reshaped(to: [Int](repeating: 1, count: rank)) : sum()
        }
        let plan = try ReductionPlan(shape, dims: dims, keepDim: keepDim)
        let result = try Operations.perform("sum") { () throws(TensorError) in try rawSum(plan) }
        guard Autograd.records(self) else { return result }
        return try result.recorded(NodeName("SumBackward1"), [self]) { gradient, _ in [try plan.spread(gradient)] }
    }

    /// Returns the means along `dims`, or of all elements; NaN where there are none.
    public func mean(dims: [Int]?, keepDim: Bool = false, dtype: DType? = nil) throws(TensorError) -> Tensor {
        if let dtype, !dtype.isFloatingPoint { throw .function(.meanType(dtype)) }
        if let dtype, dtype != self.dtype { return try converted(to: dtype).mean(dims: dims, keepDim: keepDim) }
        guard dtype?.isFloatingPoint ?? self.dtype.isFloatingPoint else { throw .meanNeedsFloats(self.dtype) }
        guard let dims, !dims.isEmpty else {
            return try keepDim ? mean().reshaped(to: [Int](repeating: 1, count: rank)) : mean()
        }
        let plan = try ReductionPlan(shape, dims: dims, keepDim: keepDim)
        let count = Double(plan.count)
        let result = try Operations.perform("mean") { () throws(TensorError) in
            try (widened().rawSum(plan) / count).cast(to: self.dtype)
        }
        guard Autograd.records(self) else { return result }
        return try result.recorded(NodeName("MeanBackward1", old: "MeanBackward0"), [self]) { gradient, _ in
            [try plan.spread(gradient / count)]
        }
    }

    /// Returns the sums of the plan's rows, without history.
    func rawSum(_ plan: ReductionPlan) throws(TensorError) -> Tensor {
        let rows = try plan.rows(of: detached())
        let view = rows.view
        let block = Shape([view.outer, view.count, view.inner], elementCount: elementCount)
        return try rows.tensor.viewed(as: block).rawSum(axis: 1, keeping: false).viewed(as: plan.shape)
    }

    /// Returns the products along `dim`, or of all elements; integers and bools give int64 unless `dtype` is given.
    public func prod(dim: Int? = nil, keepDim: Bool = false, dtype: DType? = nil) throws(TensorError) -> Tensor {
        if let dtype {
            return try converted(to: dtype).prod(dim: dim, keepDim: keepDim).converted(to: dtype)
        }
        let plan = try ReductionPlan(shape, dims: dim.map { [$0] }, keepDim: keepDim)
        let result = try Operations.perform("prod") { () throws(TensorError) in
            let rows = try plan.rows(of: widened())
            return try self.dtype.computing.acceptArithmetic(ProductVisitor(rows: rows), kernel: "prod_cpu")
                .cast(to: self.dtype.isFloatingPoint ? self.dtype : .int64).viewed(as: plan.shape)
        }
        guard Autograd.records(self) else { return result }
        let factors = detached()
        let name = NodeName(dim == nil ? "ProdBackward0" : "ProdBackward1")
        return try result.recorded(name, [self], saving: [factors]) { gradient, _ in
            // With two zeros among all factors nothing changes the product, even where its own gradient is infinite.
            if dim == nil, factors.scalars(as: Double.self).count(where: { $0 == 0 }) > 1 {
                return [try .zeros(factors.shape, dtype: factors.dtype)]
            }
            let slopes = OtherProducts(rows: try plan.rows(of: factors.widened()))
            let others = try factors.dtype.computing.acceptReal(slopes, kernel: "prod_backward")
            return [try plan.spread(gradient) * plan.restored(others)]
        }
    }
}

private struct ProductVisitor: ArithmeticVisitor {
    let rows: Rows

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try rows.reduced(A.self) { row in
            var product = A.Sum(converting: 1 as Int64)
            for index in 0..<row.count { product = A.Sum.product(product, row[index].converted(to: A.Sum.self)) }
            return product
        }
    }
}

/// For each element, the product of the others of its row.
private struct OtherProducts: RealVisitor {
    let rows: Rows

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try rows.mapped(R.self) { row, _, target in
            var before = 1 as Double
            for index in 0..<row.count {
                (target + index * row.step).initialize(to: R(before))
                before *= Double(row[index])
            }
            var after = 1 as Double
            for index in (0..<row.count).reversed() {
                target[index * row.step] = R(Double(target[index * row.step]) * after)
                after *= Double(row[index])
            }
        }
    }
}
