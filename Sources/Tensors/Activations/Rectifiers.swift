extension Tensor {
    /// Returns the elements with the negative ones set to 0; NaN stays, and integers stay integers.
    public func relu() throws(TensorError) -> Tensor {
        guard dtype != .bool else { throw .boolRelu }
        guard dtype.isFloatingPoint else { return try clampedIntegers(min: 0, operation: "relu") }
        return try applying(ReLU())
    }

    /// Returns x where x > 0, else `negativeSlope` times x.
    public func leakyReLU(negativeSlope: Double = 0.01) throws(TensorError) -> Tensor {
        try applying(LeakyReLU(slope: negativeSlope))
    }

    /// Returns `alpha` times (e^x - 1) where x < 0, else x: zeros keep their sign, whatever that of `alpha`.
    public func elu(alpha: Double = 1) throws(TensorError) -> Tensor {
        try applying(ELU(alpha: alpha))
    }

    /// Returns the elements limited to `min`...`max`; NaN stays, and integers stay integers.
    public func hardtanh(min: Double = -1, max: Double = 1) throws(TensorError) -> Tensor {
        guard dtype.isFloatingPoint else {
            guard dtype != .bool else { throw .boolHardtanh }
            let (low, high) = (try Self.integerPart(of: min), try Self.integerPart(of: max))
            guard dtype != .uint8 || (low >= 0 && high >= 0) else { throw .unsignedHardtanh }
            return try clampedIntegers(min: low, max: high, operation: "hardtanh")
        }
        return try applying(Hardtanh(low: min, high: max))
    }

    /// Returns a bound of integers without its fraction.
    private static func integerPart(of bound: Double) throws(TensorError) -> Int64 {
        guard let integer = Int64(exactly: bound.rounded(.towardZero)) else { throw .scalarNotRepresentable(.int64) }
        return integer
    }
}

private struct ReLU: Activation {
    static let operation: StaticString = "relu"
    static let node = NodeName("ReluBackward0")
    static let kernel: String? = "relu"
    static let savesResult = true
    static let cost = 0
    static let function: ElementFunction? = .relu

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x < 0 ? 0 : x }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { saved <= 0 ? 0 : gradient }
}

private struct LeakyReLU: Activation {
    static let operation: StaticString = "leaky_relu"
    static let node = NodeName("LeakyReluBackward0")
    static let kernel: String? = "leaky_relu_cpu"
    static let savesResult = false
    static let cost = 0
    let slope: Double

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x > 0 ? x : x * R(slope) }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { saved > 0 ? gradient : gradient * R(slope) }
}

private struct ELU: Activation {
    static let operation: StaticString = "elu"
    static let node = NodeName("EluBackward0", old: "EluBackward")
    static let kernel: String? = "elu_cpu"
    static let savesResult = false
    let alpha: Double

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x < 0 ? x.exponentialMinusOne * R(alpha) : x }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        saved <= 0 ? gradient * R(alpha) * saved.exponential : gradient
    }
}

private struct Hardtanh: Activation {
    static let operation: StaticString = "hardtanh"
    static let node = NodeName("HardtanhBackward0")
    static let kernel: String? = "hardtanh_cpu"
    static let savesResult = false
    static let cost = 0
    let low: Double
    let high: Double

    @inline(__always)
    func value<R: Real>(_ x: R) -> R {
        let raised = x < R(low) ? R(low) : x
        return raised > R(high) ? R(high) : raised
    }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        saved <= R(low) || saved >= R(high) ? 0 : gradient
    }
}
