extension Tensor {
    /// Returns e^x over the sum of e^x along one axis, both without overflow.
    public func softmax(dim: Int) throws(TensorError) -> Tensor {
        try normalizedExponentials(dim, logarithmic: false, "softmax", "softmax")
    }

    /// Returns the logarithm of the softmax along one axis, exact where the softmax vanishes.
    public func logSoftmax(dim: Int) throws(TensorError) -> Tensor {
        try normalizedExponentials(dim, logarithmic: true, "log_softmax", "log_softmax")
    }

    private func normalizedExponentials(
        _ dim: Int,
        logarithmic: Bool,
        _ operation: StaticString,
        _ kernel: String
    ) throws(TensorError) -> Tensor {
        let axis = try shape.axis(dim)
        // Without elements PyTorch asks for no kernel, and so refuses no dtype.
        guard elementCount > 0 || dtype.isFloatingPoint else { return self }
        let isLast = axis == Swift.max(rank, 1) - 1
        let result = try Operations.perform(operation) { () throws(TensorError) in
            let view = AxisView(shape, axis: axis)
            let forward = SoftmaxForward(input: try widened(), view: view, isLogarithmic: logarithmic)
            let name = kernel + (isLast ? "_lastdim_kernel_impl" : "_kernel_impl")
            return try dtype.computing.acceptReal(forward, kernel: name).cast(to: dtype)
        }
        guard Autograd.records(self) else { return result }
        let name = logarithmic ? "LogSoftmaxBackward" : "SoftmaxBackward"
        return try result.recorded(NodeName(name + "0", old: name), [self], saving: [result]) { gradient, _ in
            let backward = SoftmaxBackward(
                gradient: try gradient.widened(),
                output: try result.widened(),
                view: AxisView(result.shape, axis: axis),
                isLogarithmic: logarithmic
            )
            return [try result.dtype.computing.acceptReal(backward, kernel: kernel).cast(to: result.dtype)]
        }
    }
}

private struct SoftmaxForward: RealVisitor {
    let input: Tensor
    let view: AxisView
    let isLogarithmic: Bool

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        if R.self == Float.self, view.inner == 1, !isLogarithmic, view.count > 0 {
            return try FloatRows.softmax(input, input.elementCount / view.count, view.count)
        }
        try CallMeter.chargeElements(input.elementCount, cost: CallMeter.scalarCost)
        return try Tensor(of: R.self, shape: input.shape) { target throws(TensorError) in
            try input.withScalars(of: R.self) { source in
                view.forEachRow { start in row(source + start, to: target + start) }
            }
        }
    }

    @inline(__always)
    private func row<R: Real>(_ source: UnsafePointer<R>, to target: UnsafeMutablePointer<R>) {
        let (count, step) = (view.count, view.inner)
        var largest = -R.infinity
        for index in 0..<count {
            let value = source[index * step]
            // A NaN must win, so that the whole row becomes NaN.
            if !(value <= largest) { largest = value }
        }
        var sum: R = 0
        for index in 0..<count {
            let power = (source[index * step] - largest).exponential
            (target + index * step).initialize(to: power)
            sum += power
        }
        if isLogarithmic {
            let logarithm = sum.logarithm
            for index in 0..<count { target[index * step] = source[index * step] - largest - logarithm }
        } else {
            for index in 0..<count { target[index * step] /= sum }
        }
    }
}

/// s (g - sum(g s)) for the softmax s, and g - e^l sum(g) for its logarithm l; nothing is rounded before it is subtracted.
private struct SoftmaxBackward: RealVisitor {
    let gradient: Tensor
    let output: Tensor
    let view: AxisView
    let isLogarithmic: Bool

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try Tensor(of: R.self, shape: output.shape) { target throws(TensorError) in
            try gradient.withScalars(of: R.self) { gradient throws(TensorError) in
                try output.withScalars(of: R.self) { output in
                    view.forEachRow { start in row(gradient + start, output + start, to: target + start) }
                }
            }
        }
    }

    @inline(__always)
    private func row<R: Real>(
        _ gradient: UnsafePointer<R>,
        _ output: UnsafePointer<R>,
        to target: UnsafeMutablePointer<R>
    ) {
        let step = view.inner
        var sum = 0.0
        for index in 0..<view.count {
            let given = Double(gradient[index * step])
            sum += isLogarithmic ? given : given * Double(output[index * step])
        }
        for index in 0..<view.count {
            let (given, result) = (Double(gradient[index * step]), output[index * step])
            let value = isLogarithmic ? given - Double(result.exponential) * sum : Double(result) * (given - sum)
            (target + index * step).initialize(to: R(value))
        }
    }
}

extension AxisView {
    /// Calls `body` with the place of the first element of each row.
    @inline(__always)
    func forEachRow(_ body: (Int) -> Void) {
        guard count > 0, inner > 0 else { return }
        for block in 0..<outer {
            for column in 0..<inner { body(block * count * inner + column) }
        }
    }
}
