extension Tensor {
    /// Returns 1 / (1 + e^-x); integers give float32.
    public func sigmoid() throws(TensorError) -> Tensor { try applying(Sigmoid()) }

    /// Returns the hyperbolic tangent; integers give float32.
    public func tanh() throws(TensorError) -> Tensor { try applying(Tanh()) }

    /// Returns x times its sigmoid.
    public func silu() throws(TensorError) -> Tensor { try applying(SiLU()) }

    /// Returns ln(1 + e^(`beta` x)) / `beta`, and x itself where `beta` x is above `threshold`.
    public func softplus(beta: Double = 1, threshold: Double = 20) throws(TensorError) -> Tensor {
        try applying(Softplus(beta: beta, threshold: threshold))
    }
}

private struct Sigmoid: Activation {
    static let operation: StaticString = "sigmoid"
    static let node = NodeName("SigmoidBackward0", old: "SigmoidBackward")
    static let kernel: String? = nil
    static let savesResult = true
    static let function: ElementFunction? = .sigmoid

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.sigmoid }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient * ((1 - saved) * saved) }
}

private struct Tanh: Activation {
    static let operation: StaticString = "tanh"
    static let node = NodeName("TanhBackward0", old: "TanhBackward")
    static let kernel: String? = nil
    static let savesResult = true
    static let function: ElementFunction? = .tanh

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.hyperbolicTangent }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient * (1 - saved * saved) }
}

private struct SiLU: Activation {
    static let operation: StaticString = "silu"
    static let node = NodeName("SiluBackward0")
    static let kernel: String? = "silu_cpu"
    static let savesResult = false
    static let function: ElementFunction? = .silu

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x / (1 + (-x).exponential) }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        let sigmoid = saved.sigmoid
        return gradient * sigmoid * (1 + saved * (1 - sigmoid))
    }
}

private struct Softplus: Activation {
    static let operation: StaticString = "softplus"
    static let node = NodeName("SoftplusBackward0", old: "SoftplusBackward")
    static let kernel: String? = "softplus_cpu"
    static let savesResult = false
    let beta: Double
    let threshold: Double

    @inline(__always)
    func value<R: Real>(_ x: R) -> R {
        let scaled = x * R(beta)
        return scaled > R(threshold) ? x : scaled.exponential.logarithmOfOnePlus / R(beta)
    }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        let scaled = saved * R(beta)
        guard !(scaled > R(threshold)) else { return gradient }
        let power = scaled.exponential
        return gradient * power / (power + 1)
    }
}
