/// Products of matrices without history: every path goes through the same kernels in the same order of additions, so a
/// row of the result has the same bits whatever rows are computed beside it.
enum MatrixProduct {
    /// Returns `input` times the transposed `weight`, plus `bias` if given: (rows, k) by (outputs, k) is (rows, outputs).
    ///
    /// - Parameters:
    ///   - bias: One number per output, of the computing dtype or the weight's.
    ///   - reusing: Whether the weight's storage keeps the packed weight for the next product.
    static func linear(_ input: Tensor, _ weight: Tensor, bias: Tensor?, reusing: Bool) throws(TensorError) -> Tensor {
        let form = Form(rows: input.shape[0], inner: input.shape[1], outputs: weight.shape[0])
        return try product(of: input, form, bias: bias) { format throws(TensorError) in
            if reusing { return try weight.body.origin.packing.packed(weight, as: format) }
            return try pack(weight, format, form, transposed: false)
        } plain: { () throws(TensorError) in
            try weight.swapped(0, 1)
        }
    }

    /// Returns `first` times `second`: (m, k) by (k, n) is (m, n).
    static func plain(_ first: Tensor, _ second: Tensor) throws(TensorError) -> Tensor {
        let form = Form(rows: first.shape[0], inner: first.shape[1], outputs: second.shape[1])
        return try product(of: first, form, bias: nil) { format throws(TensorError) in
            try pack(second, format, form, transposed: true)
        } plain: { () throws(TensorError) in
            second
        }
    }

    /// The sizes of a product.
    struct Form {
        let rows: Int
        let inner: Int
        let outputs: Int
        var isEmpty: Bool { rows == 0 || inner == 0 || outputs == 0 }
        var shape: Shape { get throws(TensorError) { try Shape(checking: [rows, outputs]) } }
    }

    private static func product(
        of input: Tensor,
        _ form: Form,
        bias: Tensor?,
        packed: (WeightStorage) throws(TensorError) -> PackedWeight,
        plain: () throws(TensorError) -> Tensor
    ) throws(TensorError) -> Tensor {
        guard let format = WeightStorage(input.dtype) else {
            guard !form.isEmpty else { return try empty(form, bias: bias, dtype: input.dtype) }
            try CallMeter.charge(form.rows, form.outputs, form.inner, cost: CallMeter.integerCost)
            let result = try input.dtype.acceptArithmetic(
                IntegerProduct(first: input, second: try plain(), form: form),
                kernel: "addmm_impl_cpu_"
            )
            guard let bias else { return result }
            return try (result + bias.detached())
        }
        try CallMeter.charge(form.rows, form.outputs, form.inner)
        guard !form.isEmpty else { return try empty(form, bias: bias, dtype: input.dtype) }
        let product = KernelProduct(
            input: try input.widened(),
            packed: try packed(format),
            bias: try bias?.widened(),
            shape: try form.shape
        )
        return try input.dtype.computing.acceptReal(product, kernel: "addmm_impl_cpu_").cast(to: input.dtype)
    }

    /// The result when there is nothing to multiply: the bias, or zeros.
    private static func empty(_ form: Form, bias: Tensor?, dtype: DType) throws(TensorError) -> Tensor {
        guard let bias else { return try .zeros(form.shape, dtype: dtype) }
        return try bias.detached().expanded(to: form.shape)
    }

    private static func pack(
        _ matrix: Tensor,
        _ format: WeightStorage,
        _ form: Form,
        transposed: Bool
    ) throws(TensorError) -> PackedWeight {
        let packed = matrix.withUnsafeBytes { bytes in
            bytes.baseAddress.flatMap { base in
                PackedWeight(
                    base,
                    storage: format,
                    outputs: form.outputs,
                    inputs: form.inner,
                    transposed: transposed
                )
            }
        }
        guard let packed else { throw .outOfMemory(matrix.byteCount) }
        return packed
    }
}

extension WeightStorage {
    /// The format for a floating-point dtype.
    init?(_ dtype: DType) {
        switch dtype {
        case .float32: self = .float32
        case .float64: self = .float64
        case .float16: self = .float16
        case .bfloat16: self = .bfloat16
        default: return nil
        }
    }
}

/// One call of the kernels.
private struct KernelProduct: RealVisitor {
    let input: Tensor
    let packed: PackedWeight
    let bias: Tensor?
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try Tensor(of: R.self, shape: shape) { output throws(TensorError) in
            try input.withScalars(of: R.self) { input throws(TensorError) in
                guard let bias else { return R.multiply(input, by: packed, rows: shape[0], bias: nil, into: output) }
                try bias.withScalars(of: R.self) { bias in
                    R.multiply(input, by: packed, rows: shape[0], bias: bias, into: output)
                }
            }
        }
    }
}
