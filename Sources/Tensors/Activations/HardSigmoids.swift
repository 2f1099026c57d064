extension Tensor {
    /// Returns (x + 3) / 6 between 0 and 1.
    public func hardsigmoid() throws(TensorError) -> Tensor { try applying(Hardsigmoid()) }

    /// Returns x times its hard sigmoid.
    public func hardswish() throws(TensorError) -> Tensor { try applying(Hardswish()) }
}

private struct Hardsigmoid: Activation {
    static let operation: StaticString = "hardsigmoid"
    static let node = NodeName("HardsigmoidBackward0")
    static let kernel: String? = "hardsigmoid_cpu"
    static let savesResult = false
    static let cost = 0

    @inline(__always)
    func value<R: Real>(_ x: R) -> R {
        let raised = x + 3
        return (raised < 0 ? 0 : raised > 6 ? 6 : raised) / 6
    }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        // PyTorch's sixth is a float for doubles too.
        saved > -3 && saved < 3 ? gradient * R(1 / 6 as Float) : 0
    }
}

private struct Hardswish: Activation {
    static let operation: StaticString = "hardswish"
    static let node = NodeName("HardswishBackward0")
    static let kernel: String? = "hardswish_cpu"
    static let savesResult = false
    static let cost = 0

    @inline(__always)
    func value<R: Real>(_ x: R) -> R {
        let raised = x + 3
        return x * (raised < 0 ? 0 : raised > 6 ? 6 : raised) / 6
    }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        if saved <= -3 { return 0 }
        return saved < 3 ? gradient * (saved / 3 + 0.5) : gradient
    }
}
