extension Tensor {
    /// Returns x where |x| > `threshold`, else 0.
    public func hardshrink(threshold: Double = 0.5) throws(TensorError) -> Tensor {
        try applying(Hardshrink(threshold: threshold))
    }

    /// Returns x moved towards 0 by `threshold`, and 0 where it would pass it.
    public func softshrink(threshold: Double = 0.5) throws(TensorError) -> Tensor {
        guard dtype.isFloatingPoint else { throw .notImplemented(kernel: "softshrink_check", dtype) }
        guard threshold >= 0 else { throw .layer(.negativeLambda(threshold, dtype)) }
        return try applying(Softshrink(threshold: threshold))
    }

    /// Returns x where it is above `threshold`, else `value`.
    public func threshold(_ threshold: Double, value: Double) throws(TensorError) -> Tensor {
        guard !dtype.isFloatingPoint, dtype != .bool else {
            return try applying(Threshold(threshold: threshold, replacement: value))
        }
        return try Operations.perform("threshold") { () throws(TensorError) in
            let visitor = IntegerThreshold(tensor: self, threshold: threshold, replacement: value)
            return try dtype.acceptArithmetic(visitor, kernel: "threshold_cpu")
        }
    }

    /// Returns x less its hyperbolic tangent.
    public func tanhshrink() throws(TensorError) -> Tensor { try self - tanh() }

    /// Returns x / (1 + |x|).
    public func softsign() throws(TensorError) -> Tensor { try self / (abs() + 1) }
}

private struct Hardshrink: Activation {
    static let operation: StaticString = "hardshrink"
    static let node = NodeName("HardshrinkBackward0", old: "HardshrinkBackward")
    static let kernel: String? = "hardshrink_cpu"
    static let savesResult = false
    let threshold: Double

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x >= -R(threshold) && x <= R(threshold) ? 0 : x }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        saved >= -R(threshold) && saved <= R(threshold) ? 0 : gradient
    }
}

private struct Softshrink: Activation {
    static let operation: StaticString = "softshrink"
    static let node = NodeName("SoftshrinkBackward0", old: "SoftshrinkBackward")
    static let kernel: String? = "softshrink_cpu"
    static let savesResult = false
    static let cost = 0
    let threshold: Double

    @inline(__always)
    func value<R: Real>(_ x: R) -> R {
        if x > R(threshold) { return x - R(threshold) }
        // A product, so that NaN stays.
        return x < -R(threshold) ? x + R(threshold) : x * 0
    }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        saved >= -R(threshold) && saved <= R(threshold) ? 0 : gradient
    }
}

private struct IntegerThreshold: ArithmeticVisitor {
    let tensor: Tensor
    let threshold: Double
    let replacement: Double

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        let (threshold, replacement) = (A(converting: threshold), A(converting: replacement))
        return try Tensor(of: A.self, shape: tensor.shape) { target in
            let source = tensor.address(of: A.self)
            for index in 0..<tensor.elementCount {
                (target + index).initialize(to: A.isLarger(source[index], threshold) ? source[index] : replacement)
            }
        }.laid(like: tensor)
    }
}

private struct Threshold: Activation {
    static let operation: StaticString = "threshold"
    static let node = NodeName("ThresholdBackward0")
    static let kernel: String? = "threshold_cpu"
    static let savesResult = false
    static let cost = 0
    let threshold: Double
    let replacement: Double

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x <= R(threshold) ? R(replacement) : x }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { saved <= R(threshold) ? 0 : gradient }
}
