extension Tensor {
    /// Returns each element to the power of `exponent`.
    func power(_ exponent: Double) throws(TensorError) -> Tensor { try applying(FixedPower(exponent: exponent)) }
}

private struct FixedPower: Activation {
    static let operation: StaticString = "pow"
    static let node = NodeName("PowBackward0")
    static let kernel: String? = nil
    static let savesResult = false
    let exponent: Double

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { R(Double(x).raised(to: exponent)) }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        exponent == 0 ? 0 : gradient * R(exponent * Double(saved).raised(to: exponent - 1))
    }
}
