extension Tensor {
    /// Returns the sines.
    public func sin() throws(TensorError) -> Tensor { try applying(Sin()) }

    /// Returns the cosines.
    public func cos() throws(TensorError) -> Tensor { try applying(Cos()) }

    /// Returns the tangents.
    public func tan() throws(TensorError) -> Tensor { try applying(Tan()) }

    /// Returns the angles whose sines the elements are.
    public func asin() throws(TensorError) -> Tensor { try applying(Asin()) }

    /// Returns the angles whose cosines the elements are.
    public func acos() throws(TensorError) -> Tensor { try applying(Acos()) }

    /// Returns the angles whose tangents the elements are.
    public func atan() throws(TensorError) -> Tensor { try applying(Atan()) }

    /// Returns the hyperbolic sines.
    public func sinh() throws(TensorError) -> Tensor { try applying(Sinh()) }

    /// Returns the hyperbolic cosines.
    public func cosh() throws(TensorError) -> Tensor { try applying(Cosh()) }
}

private struct Sin: Activation {
    static let operation: StaticString = "sin"
    static let node = NodeName("SinBackward0", old: "SinBackward")
    static let kernel: String? = nil
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.sine }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient * saved.cosine }
}

private struct Cos: Activation {
    static let operation: StaticString = "cos"
    static let node = NodeName("CosBackward0", old: "CosBackward")
    static let kernel: String? = nil
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.cosine }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { -gradient * saved.sine }
}

private struct Tan: Activation {
    static let operation: StaticString = "tan"
    static let node = NodeName("TanBackward0", old: "TanBackward")
    static let kernel: String? = nil
    static let savesResult = true

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.tangent }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient * (1 + saved * saved) }
}

private struct Asin: Activation {
    static let operation: StaticString = "asin"
    static let node = NodeName("AsinBackward0", old: "AsinBackward")
    static let kernel: String? = nil
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.arcSine }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient / (1 - saved * saved).squareRoot() }
}

private struct Acos: Activation {
    static let operation: StaticString = "acos"
    static let node = NodeName("AcosBackward0", old: "AcosBackward")
    static let kernel: String? = nil
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.arcCosine }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { -gradient / (1 - saved * saved).squareRoot() }
}

private struct Atan: Activation {
    static let operation: StaticString = "atan"
    static let node = NodeName("AtanBackward0", old: "AtanBackward")
    static let kernel: String? = nil
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.arcTangent }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient / (saved * saved + 1) }
}

private struct Sinh: Activation {
    static let operation: StaticString = "sinh"
    static let node = NodeName("SinhBackward0", old: "SinhBackward")
    static let kernel: String? = nil
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.hyperbolicSine }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient * saved.hyperbolicCosine }
}

private struct Cosh: Activation {
    static let operation: StaticString = "cosh"
    static let node = NodeName("CoshBackward0", old: "CoshBackward")
    static let kernel: String? = nil
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.hyperbolicCosine }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient * saved.hyperbolicSine }
}
