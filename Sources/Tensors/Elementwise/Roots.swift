extension Tensor {
    /// Returns one over the square roots.
    public func rsqrt() throws(TensorError) -> Tensor { try applying(Rsqrt()) }

    /// Returns one over each element.
    public func reciprocal() throws(TensorError) -> Tensor { try applying(Reciprocal()) }
}

private struct Rsqrt: Activation {
    static let operation: StaticString = "rsqrt"
    static let node = NodeName("RsqrtBackward0", old: "RsqrtBackward")
    static let kernel: String? = nil
    static let savesResult = true

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { 1 / x.squareRoot() }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient * -saved * saved * saved / 2 }
}

private struct Reciprocal: Activation {
    static let operation: StaticString = "reciprocal"
    static let node = NodeName("ReciprocalBackward0", old: "ReciprocalBackward")
    static let kernel: String? = nil
    static let savesResult = true
    static let cost = 0

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { 1 / x }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { -gradient * saved * saved }
}
