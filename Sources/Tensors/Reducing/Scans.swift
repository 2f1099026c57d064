extension Tensor {
    /// Returns the sums of the elements up to each along `dim`; integers and bools give int64 unless `dtype` is given.
    public func cumsum(dim: Int, dtype: DType? = nil) throws(TensorError) -> Tensor {
        if let dtype { return try converted(to: dtype).cumsum(dim: dim).converted(to: dtype) }
        let axis = try shape.axis(dim)
        let result = try Operations.perform("cumsum") { () throws(TensorError) in
            try scanned(axis, backward: false).cast(to: scanType)
        }
        guard Autograd.records(self) else { return result }
        return try result.recorded(NodeName("CumsumBackward0"), [self]) { gradient, _ in
            [try gradient.detached().scanned(axis, backward: true).cast(to: gradient.dtype)]
        }
    }

    /// Returns the products of the elements up to each along `dim`; integers and bools give int64 unless `dtype` is given.
    public func cumprod(dim: Int, dtype: DType? = nil) throws(TensorError) -> Tensor {
        if let dtype { return try converted(to: dtype).cumprod(dim: dim).converted(to: dtype) }
        let axis = try shape.axis(dim)
        let result = try Operations.perform("cumprod") { () throws(TensorError) in
            let rows = Rows(tensor: try widened(), view: AxisView(shape, axis: axis))
            return try self.dtype.computing.acceptArithmetic(ProductScan(rows: rows), kernel: "cumprod_out_cpu")
                .cast(to: scanType)
        }
        guard Autograd.records(self) else { return result }
        let factors = detached()
        return try result.recorded(NodeName("CumprodBackward0"), [self], saving: [factors]) { gradient, _ in
            let rows = Rows(tensor: try factors.widened(), view: AxisView(factors.shape, axis: axis))
            let rule = ProductScanRule(rows: rows, gradient: try gradient.detached().cast(to: factors.dtype.computing))
            return [try factors.dtype.computing.acceptReal(rule, kernel: "cumprod_backward")]
        }
    }

    private var scanType: DType { dtype.isFloatingPoint ? dtype : .int64 }

    private func scanned(_ axis: Int, backward: Bool) throws(TensorError) -> Tensor {
        let scan = SumScan(rows: Rows(tensor: try widened(), view: AxisView(shape, axis: axis)), isBackward: backward)
        return try dtype.computing.acceptArithmetic(scan, kernel: "cumsum_out_cpu")
    }
}

private struct SumScan: ArithmeticVisitor {
    let rows: Rows
    let isBackward: Bool

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try rows.mapped(A.self) { (row, _, target: UnsafeMutablePointer<A.Sum>) in
            var sum = A.Sum.zero
            for place in 0..<row.count {
                let index = isBackward ? row.count - 1 - place : place
                sum = A.Sum.sum(sum, row[index].converted(to: A.Sum.self))
                (target + index * row.step).initialize(to: sum)
            }
        }
    }
}

private struct ProductScan: ArithmeticVisitor {
    let rows: Rows

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try rows.mapped(A.self) { (row, _, target: UnsafeMutablePointer<A.Sum>) in
            var product = A.Sum(converting: 1 as Int64)
            for index in 0..<row.count {
                product = A.Sum.product(product, row[index].converted(to: A.Sum.self))
                (target + index * row.step).initialize(to: product)
            }
        }
    }
}

/// For each factor, the sum of the gradients of the products that it is in, each times the others of that product.
///
/// Only the first zero of a row needs products of its own: what comes after it has it in all of them.
private struct ProductScanRule: RealVisitor {
    let rows: Rows
    let gradient: Tensor

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        let given = gradient.address(of: R.self)
        defer { withExtendedLifetime(gradient) {} }
        let view = rows.view
        return try rows.mapped(R.self) { (row, number, target: UnsafeMutablePointer<R>) in
            let offset = number / max(view.inner, 1) * view.count * view.inner + number % max(view.inner, 1)
            write(row, StridedRow(start: given + offset, count: row.count, step: row.step), to: target)
        }
    }

    @inline(__always)
    private func write<R: Real>(_ row: StridedRow<R>, _ given: StridedRow<R>, to target: UnsafeMutablePointer<R>) {
        var zero = row.count
        for index in 0..<row.count where row[index] == 0 {
            zero = index
            break
        }
        for index in 0..<row.count { (target + index * row.step).initialize(to: 0) }
        // Before the first zero: the sums of gradients times products, divided by the factor.
        let products = (0..<zero).reduce(into: [1.0]) { $0.append($0[$0.count - 1] * Double(row[$1])) }
        var sum = 0.0
        for index in (0..<zero).reversed() {
            sum += Double(given[index]) * products[index + 1]
            target[index * row.step] = R(sum / Double(row[index]))
        }
        guard zero < row.count else { return }
        var (slope, others) = (0.0, products[zero])
        for index in zero..<row.count {
            if index > zero { others *= Double(row[index]) }
            slope += Double(given[index]) * others
        }
        target[zero * row.step] = R(slope)
    }
}
