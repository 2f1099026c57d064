/// A function of one number that is applied element by element, and its derivative.
protocol Activation: Sendable {
    /// What ATen calls it.
    static var operation: StaticString { get }
    /// What PyTorch calls its node.
    static var node: NodeName { get }
    /// What PyTorch calls it when it refuses integers; `nil` if integers become float32.
    static var kernel: String? { get }
    /// Whether the derivative is computed from the result instead of the argument.
    static var savesResult: Bool { get }
    /// Its kernel for floats, if there is one.
    static var function: ElementFunction? { get }
    /// What a value costs beside reading and writing it, in multiply-adds, where no kernel finds it.
    static var cost: Int { get }

    func value<R: Real>(_ x: R) -> R
    /// Returns the gradient of the argument; `saved` is the argument or the result.
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R
}

extension Activation {
    static var function: ElementFunction? { nil }
    static var cost: Int { CallMeter.scalarCost }
}

extension Tensor {
    /// Returns the values of `activation` at the elements.
    func applying<A: Activation>(_ activation: A) throws(TensorError) -> Tensor {
        let result = try Operations.perform(A.operation) { () throws(TensorError) in
            let floats = dtype.isFloatingPoint || A.kernel != nil ? self : try cast(to: .float32)
            let map = ActivationMap(activation: activation, input: try floats.widened())
            return try floats.dtype.computing.acceptReal(map, kernel: A.kernel ?? "").cast(to: floats.dtype)
        }
        guard Autograd.records(self) else { return result }
        let saved = A.savesResult ? result : detached()
        return try result.recorded(A.node, [self], saving: [saved]) { gradient, _ in
            [try activation.gradients(gradient, at: saved)]
        }
    }
}

extension Activation {
    /// Returns the gradients of the arguments, given those of the values, which have the same shape.
    func gradients(_ gradients: Tensor, at saved: Tensor) throws(TensorError) -> Tensor {
        try CallMeter.chargeElements(saved.elementCount, cost: Self.cost)
        let pair = ActivationGradient(activation: self, gradient: try gradients.widened(), saved: try saved.widened())
        return try saved.dtype.computing.acceptReal(pair, kernel: "").cast(to: saved.dtype)
    }
}

private struct ActivationMap<A: Activation>: RealVisitor {
    let activation: A
    let input: Tensor

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        if R.self == Float.self, let function = A.function { return try FloatRows.mapped(input, function) }
        try CallMeter.chargeElements(input.elementCount, cost: A.cost)
        return try Tensor(of: R.self, shape: input.shape) { target throws(TensorError) in
            try input.withScalars(of: R.self) { source in
                for index in 0..<input.elementCount { (target + index).initialize(to: activation.value(source[index])) }
            }
        }.laid(like: input)
    }
}

private struct ActivationGradient<A: Activation>: RealVisitor {
    let activation: A
    let gradient: Tensor
    let saved: Tensor

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try Tensor(of: R.self, shape: saved.shape) { target throws(TensorError) in
            try gradient.withScalars(of: R.self) { gradient throws(TensorError) in
                try saved.withScalars(of: R.self) { source in
                    for index in 0..<saved.elementCount {
                        (target + index).initialize(to: activation.gradient(gradient[index], at: source[index]))
                    }
                }
            }
        }
    }
}
