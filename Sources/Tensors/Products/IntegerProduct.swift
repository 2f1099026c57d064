/// The product of two matrices of integers, which wrap around, so that the order of additions does not show.
struct IntegerProduct: ArithmeticVisitor {
    let first: Tensor
    let second: Tensor
    let form: MatrixProduct.Form

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        guard A.dtype != .bool else { throw .notImplemented(kernel: "addmm_impl_cpu_", .bool) }
        return try Tensor(of: A.self, shape: form.shape) { target throws(TensorError) in
            try first.withScalars(of: A.self) { first throws(TensorError) in
                try second.withScalars(of: A.self) { second in
                    target.initialize(repeating: A.zero, count: form.rows * form.outputs)
                    for row in 0..<form.rows {
                        addRow(first + row * form.inner, second, to: target + row * form.outputs)
                    }
                }
            }
        }
    }

    @inline(__always)
    private func addRow<A: Arithmetic>(
        _ row: UnsafePointer<A>,
        _ second: UnsafePointer<A>,
        to target: UnsafeMutablePointer<A>
    ) {
        for step in 0..<form.inner {
            let (factor, line) = (row[step], second + step * form.outputs)
            for index in 0..<form.outputs {
                target[index] = A.sum(target[index], A.product(factor, line[index]))
            }
        }
    }
}
