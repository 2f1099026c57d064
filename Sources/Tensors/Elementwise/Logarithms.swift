extension Tensor {
    /// Returns e to the power of each element, minus one, exact near zero.
    public func expm1() throws(TensorError) -> Tensor { try applying(Expm1()) }

    /// Returns the logarithms of one plus each element, exact near zero.
    public func log1p() throws(TensorError) -> Tensor { try applying(Log1p()) }

    /// Returns the logarithms to base 2.
    public func log2() throws(TensorError) -> Tensor { try applying(Log2()) }

    /// Returns the logarithms to base 10.
    public func log10() throws(TensorError) -> Tensor { try applying(Log10()) }

    /// Returns the error function of the elements.
    public func erf() throws(TensorError) -> Tensor { try applying(Erf()) }
}

private struct Expm1: Activation {
    static let operation: StaticString = "expm1"
    static let node = NodeName("Expm1Backward0", old: "Expm1Backward")
    static let kernel: String? = nil
    static let savesResult = true

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.exponentialMinusOne }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient * (saved + 1) }
}

private struct Log1p: Activation {
    static let operation: StaticString = "log1p"
    static let node = NodeName("Log1pBackward0", old: "Log1pBackward")
    static let kernel: String? = nil
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.logarithmOfOnePlus }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient / (saved + 1) }
}

private struct Log2: Activation {
    static let operation: StaticString = "log2"
    static let node = NodeName("Log2Backward0", old: "Log2Backward")
    static let kernel: String? = nil
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.binaryLogarithm }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient / (saved * R(0.6931471805599453)) }
}

private struct Log10: Activation {
    static let operation: StaticString = "log10"
    static let node = NodeName("Log10Backward0", old: "Log10Backward")
    static let kernel: String? = nil
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.decimalLogarithm }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient / (saved * R(2.302585092994046)) }
}

private struct Erf: Activation {
    static let operation: StaticString = "erf"
    static let node = NodeName("ErfBackward0", old: "ErfBackward")
    static let kernel: String? = nil
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.errorFunction }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        gradient * R(1.1283791670955126) * (-saved * saved).exponential
    }
}
