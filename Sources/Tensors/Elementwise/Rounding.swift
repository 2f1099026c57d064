extension Tensor {
    /// Returns the largest integers that are not above the elements.
    public func floor() throws(TensorError) -> Tensor { try rounding(Round<Floor>(), "floor_vml_cpu") }

    /// Returns the smallest integers that are not below the elements.
    public func ceil() throws(TensorError) -> Tensor { try rounding(Round<Ceil>(), "ceil_vml_cpu") }

    /// Returns the nearest integers, the even ones of two.
    public func round() throws(TensorError) -> Tensor { try rounding(Round<Nearest>(), "round_vml_cpu") }

    /// Returns the elements without their fractions.
    public func trunc() throws(TensorError) -> Tensor { try rounding(Round<Trunc>(), "trunc_vml_cpu") }

    /// Returns the fractions of the elements, with their signs.
    public func frac() throws(TensorError) -> Tensor { try applying(Frac()) }

    /// Returns -1, 0 or 1 for each element; integers and bools stay what they are.
    public func sign() throws(TensorError) -> Tensor {
        guard !dtype.isFloatingPoint else { return try applying(Sign()) }
        guard dtype != .bool else { return self }
        return try Operations.perform("sign") { () throws(TensorError) in
            try dtype.acceptArithmetic(IntegerSign(tensor: self), kernel: "sign_cpu")
        }
    }

    /// Integers are whole already.
    private func rounding<A: Activation>(_ function: A, _ kernel: String) throws(TensorError) -> Tensor {
        guard dtype != .bool else { throw .notImplemented(kernel: kernel, .bool) }
        return dtype.isFloatingPoint ? try applying(function) : self
    }
}

/// A way to round to whole numbers.
private protocol Direction {
    static var operation: StaticString { get }
    static var node: NodeName { get }
    static var rule: FloatingPointRoundingRule { get }
}

private enum Floor: Direction {
    static let operation: StaticString = "floor"
    static let node = NodeName("FloorBackward0", old: "FloorBackward")
    static let rule = FloatingPointRoundingRule.down
}

private enum Ceil: Direction {
    static let operation: StaticString = "ceil"
    static let node = NodeName("CeilBackward0", old: "CeilBackward")
    static let rule = FloatingPointRoundingRule.up
}

private enum Nearest: Direction {
    static let operation: StaticString = "round"
    static let node = NodeName("RoundBackward0", old: "RoundBackward")
    static let rule = FloatingPointRoundingRule.toNearestOrEven
}

private enum Trunc: Direction {
    static let operation: StaticString = "trunc"
    static let node = NodeName("TruncBackward0", old: "TruncBackward")
    static let rule = FloatingPointRoundingRule.towardZero
}

private struct Round<D: Direction>: Activation {
    static var operation: StaticString { D.operation }
    static var node: NodeName { D.node }
    static var kernel: String? { nil }
    static var savesResult: Bool { true }

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.rounded(D.rule) }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { 0 }
}

private struct Frac: Activation {
    static let operation: StaticString = "frac"
    static let node = NodeName("FracBackward0", old: "FracBackward")
    static let kernel: String? = "frac_cpu"
    static let savesResult = true
    static let cost = 0

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x - x.rounded(.towardZero) }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient }
}

private struct Sign: Activation {
    static let operation: StaticString = "sign"
    static let node = NodeName("SignBackward0", old: "SignBackward")
    static let kernel: String? = nil
    static let savesResult = true
    static let cost = 0

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x > 0 ? 1 : (x < 0 ? -1 : 0) }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { 0 }
}

private struct IntegerSign: ArithmeticVisitor {
    let tensor: Tensor

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try Tensor(of: A.self, shape: tensor.shape) { target throws(TensorError) in
            try tensor.withScalars(of: A.self) { source in
                for index in 0..<tensor.elementCount {
                    let sign: Int64 = A.isLess(A.zero, source[index]) ? 1 : (A.isLess(source[index], A.zero) ? -1 : 0)
                    (target + index).initialize(to: A(converting: sign))
                }
            }
        }.laid(like: tensor)
    }
}
