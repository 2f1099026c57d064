extension Tensor {
    /// Returns `self` times the transposed `weight`, plus `bias`: PyTorch's `F.linear`.
    ///
    /// All axes but the last are rows. The packed form of the weight is kept with its storage.
    public func linear(weight: Tensor, bias: Tensor? = nil) throws(TensorError) -> Tensor {
        if let result = try plainLinear(weight, bias) {
            guard Autograd.records(self, weight, bias) else { return result }
            return try LinearCall(input: self, weight: weight, bias: bias).recorded(result)
        }
        guard rank > 0, weight.rank > 0 else { throw .productNeedsAxes(operation: "linear", rank, weight.rank) }
        guard weight.rank <= 2 else { throw .weightRank(weight.rank) }
        guard weight.rank == 2 else { return try linear(vector: weight, bias: bias) }
        let call = try LinearCall(input: self, weight: weight, bias: bias)
        let result = try call.result()
        guard Autograd.records(self, weight, bias) else { return result }
        return try call.recorded(result)
    }

    /// The usual case, with no detour: one floating-point dtype, sizes that fit, a bias of one number per output.
    ///
    /// Returns `nil` when something is unusual or watched.
    private func plainLinear(_ weight: Tensor, _ bias: Tensor?) throws(TensorError) -> Tensor? {
        guard weight.rank == 2, weight.dtype == dtype, !Operations.areObserved, elementCount > 0 else { return nil }
        let (outputs, inner) = (weight.shape[0], weight.shape[1])
        guard shape.last == inner, outputs > 0 else { return nil }
        if let bias {
            guard bias.rank == 1, bias.shape[0] == outputs, bias.dtype == dtype else { return nil }
        }
        let rows = elementCount / inner
        let (count, overflow) = rows.multipliedReportingOverflow(by: outputs)
        guard !overflow else { return nil }
        try CallMeter.charge(rows, outputs, inner)
        var sizes = shape.dimensions
        sizes[sizes.count - 1] = outputs
        let result = Shape(sizes, elementCount: count)
        switch dtype {
        case .float32: return try multiply(Float.self, weight, .float32, bias, rows: rows, shape: result)
        case .float64: return try multiply(Double.self, weight, .float64, bias, rows: rows, shape: result)
        default: return nil
        }
    }

    @inline(__always)
    private func multiply<R: Real>(
        _ type: R.Type,
        _ weight: Tensor,
        _ format: WeightStorage,
        _ bias: Tensor?,
        rows: Int,
        shape: Shape
    ) throws(TensorError) -> Tensor {
        let packed = try weight.body.origin.packing.packed(weight, as: format)
        defer { withExtendedLifetime((self, bias)) {} }
        return try Tensor(of: R.self, shape: shape) { output in
            R.multiply(address(of: R.self), by: packed, rows: rows, bias: bias?.address(of: R.self), into: output)
        }
    }

    /// A weight of one axis gives one output, without an axis.
    private func linear(vector weight: Tensor, bias: Tensor?) throws(TensorError) -> Tensor {
        guard let bias else { return try matmul(weight) }
        guard !LinearCall.fuses(self, bias) else { throw .weightNotMatrix(rank: 1) }
        let product = try matmul(weight)
        try bias.checkAdds(to: product.shape)
        return try product + bias
    }
}

extension Tensor {
    /// Checks that adding this tensor in place keeps `shape`.
    func checkAdds(to shape: Shape) throws(TensorError) {
        let broadcast = try shape.broadcast(with: self.shape)
        guard broadcast == shape else {
            throw .outputMismatch(shape.dimensions, broadcast: broadcast.dimensions)
        }
    }
}

/// One call of `linear` with a weight of two axes.
struct LinearCall {
    let input: Tensor
    let weight: Tensor
    let bias: Tensor?
    /// The shape of the input, its leading axes folded into rows.
    let rows: Shape
    /// Whether PyTorch makes one operation of product and bias.
    let isFused: Bool

    /// Checks what PyTorch checks, in its order: with a bias the dtypes come before the sizes.
    init(input: Tensor, weight: Tensor, bias: Tensor?) throws(TensorError) {
        (self.input, self.weight, self.bias) = (input, weight, bias)
        rows = try input.shape.foldedIntoRows()
        isFused = Self.fuses(input, bias)
        // Of steps that no matrix has PyTorch makes a product and a sum, and says what is wrong in their words.
        let isRefusedWhole = isFused && (input.rank == 2 || input.isInOrder)
        if isRefusedWhole { try checkTypes(isWhole: true) }
        guard rows[1] == weight.shape[1] else {
            throw .productShapes(rows: rows[0], inner: rows[1], otherInner: weight.shape[1], columns: weight.shape[0])
        }
        if !isRefusedWhole { try checkTypes(isWhole: false) }
        try input.checkMultiplies("addmm_impl_cpu_")
    }

    static func fuses(_ input: Tensor, _ bias: Tensor?) -> Bool {
        guard let bias else { return false }
        return input.rank == 2 || bias.rank == 1 || (bias.rank == 2 && bias.shape.contains(1))
    }

    private func checkTypes(isWhole: Bool) throws(TensorError) {
        if isWhole, let bias {
            guard bias.dtype == weight.dtype else { throw .productTypes(.linearBias, bias.dtype, weight.dtype) }
        }
        guard input.dtype == weight.dtype else {
            let product = isWhole ? (input.rank == 2 ? TensorError.Product.linearMatrix : .linearFolded) : .matrices
            throw .productTypes(product, input.dtype, weight.dtype)
        }
    }

    /// The shape of the product before its leading axes come back.
    var productShape: Shape { get throws(TensorError) { try Shape(checking: [rows[0], weight.shape[0]]) } }

    /// The shape of the result.
    var shape: Shape {
        get throws(TensorError) {
            if input.rank == 2 { return try productShape }
            var sizes = input.shape.dimensions
            sizes[sizes.count - 1] = weight.shape[0]
            return try Shape(checking: sizes)
        }
    }

    /// Returns the result without history.
    func result() throws(TensorError) -> Tensor {
        let shape = try self.shape
        let product = try Operations.perform(isFused ? "addmm" : "mm") { () throws(TensorError) in
            try self.product()
        }
        let result = try input.rank == 2 ? product : product.view(as: shape, viewName, .view)
        guard let bias, !isFused else { return result }
        try bias.checkAdds(to: shape)
        return try (result + bias.detached()).cast(to: result.dtype)
    }

    private var viewName: StaticString {
        isFused ? "view" : (input.rank == 1 ? "squeeze" : "_unsafe_view")
    }

    private func product() throws(TensorError) -> Tensor {
        let folded = input.viewed(as: rows)
        guard let bias, isFused else {
            return try MatrixProduct.linear(folded, weight, bias: nil, reusing: true)
        }
        if bias.rank == 1, bias.shape[0] == weight.shape[0] {
            return try MatrixProduct.linear(folded, weight, bias: bias, reusing: true)
        }
        let stretched = try bias.detached().expanded(to: try productShape)
        let product = try MatrixProduct.linear(folded.widened(), weight.widened(), bias: nil, reusing: false)
        return try (product + stretched).cast(to: input.dtype)
    }
}
