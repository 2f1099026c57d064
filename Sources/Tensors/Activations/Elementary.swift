extension Tensor {
    /// Returns e to the power of each element.
    public func exp() throws(TensorError) -> Tensor { try applying(Exp()) }

    /// Returns the natural logarithms.
    public func log() throws(TensorError) -> Tensor { try applying(Log()) }

    /// Returns the square roots.
    public func sqrt() throws(TensorError) -> Tensor { try applying(Sqrt()) }

    /// Returns the absolute values; integers stay integers.
    public func abs() throws(TensorError) -> Tensor {
        guard !dtype.isFloatingPoint else { return try applying(Abs()) }
        guard dtype != .bool else { throw .notImplemented(kernel: "abs_cpu", .bool) }
        return try Operations.perform("abs") { () throws(TensorError) in
            try dtype.acceptArithmetic(IntegerAbs(tensor: self), kernel: "abs_cpu")
        }
    }
}

private struct IntegerAbs: ArithmeticVisitor {
    let tensor: Tensor

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try Tensor(of: A.self, shape: tensor.shape) { target throws(TensorError) in
            try tensor.withScalars(of: A.self) { source in
                for index in 0..<tensor.elementCount {
                    let (value, opposite) = (source[index], A.difference(A.zero, source[index]))
                    (target + index).initialize(to: A.isLarger(A.zero, value) ? opposite : value)
                }
            }
        }.laid(like: tensor)
    }
}

private struct Exp: Activation {
    static let operation: StaticString = "exp"
    static let node = NodeName("ExpBackward0", old: "ExpBackward")
    static let kernel: String? = nil
    static let savesResult = true
    static let function: ElementFunction? = .exp

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.exponential }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient * saved }
}

private struct Log: Activation {
    static let operation: StaticString = "log"
    static let node = NodeName("LogBackward0", old: "LogBackward")
    static let kernel: String? = nil
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.logarithm }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient / saved }
}

private struct Sqrt: Activation {
    static let operation: StaticString = "sqrt"
    static let node = NodeName("SqrtBackward0", old: "SqrtBackward")
    static let kernel: String? = nil
    static let savesResult = true

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.squareRoot() }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient / (2 * saved) }
}

private struct Abs: Activation {
    static let operation: StaticString = "abs"
    static let node = NodeName("AbsBackward0", old: "AbsBackward")
    static let kernel: String? = "abs_cpu"
    static let savesResult = false
    static let cost = 0

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.magnitude }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { saved > 0 ? gradient : (saved < 0 ? -gradient : 0) }
}
