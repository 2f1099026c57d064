extension Tensor {
    /// Returns the elements with the negative ones set to 0; NaN stays, and integers stay integers.
    public func relu() throws(TensorError) -> Tensor {
        guard dtype != .bool else { throw .boolRelu }
        guard dtype.isFloatingPoint else { return try clampedIntegers(min: 0, max: nil, operation: "relu") }
        return try applying(ReLU())
    }

    /// Returns x where x > 0, else `negativeSlope` times x.
    public func leakyReLU(negativeSlope: Double = 0.01) throws(TensorError) -> Tensor {
        try applying(LeakyReLU(slope: negativeSlope))
    }

    /// Returns x where x > 0, else `alpha` times (e^x - 1).
    public func elu(alpha: Double = 1) throws(TensorError) -> Tensor {
        try applying(ELU(alpha: alpha))
    }

    /// Returns the elements limited to `min`...`max`; NaN stays, and integers stay integers.
    public func hardtanh(min: Double = -1, max: Double = 1) throws(TensorError) -> Tensor {
        guard dtype.isFloatingPoint else {
            guard dtype != .bool else { throw .boolHardtanh }
            guard dtype != .uint8 || (min >= 0 && max >= 0) else { throw .unsignedHardtanh }
            return try clampedIntegers(min: min, max: max, operation: "hardtanh")
        }
        return try applying(Hardtanh(low: min, high: max))
    }

    /// Returns the elements limited to `min`...`max`, either of which may be missing; NaN stays, integers give float32.
    ///
    /// As in PyTorch, a bound that is NaN makes all elements NaN, and of bounds in the wrong order `max` wins.
    public func clamped(min: Double? = nil, max: Double? = nil) throws(TensorError) -> Tensor {
        try applying(Clamp(low: min, high: max))
    }

    /// Returns integers limited to `min`...`max`, either of which may be missing; booleans give int64.
    public func clampedIntegers(min: Int64? = nil, max: Int64? = nil) throws(TensorError) -> Tensor {
        guard dtype != .bool else { return try converted(to: .int64).clampedIntegers(min: min, max: max) }
        guard elementCount > 0 else { return self }
        let low = try min.map { bound throws(TensorError) in try held(bound) } ?? .min
        let high = try max.map { bound throws(TensorError) in try held(bound) } ?? .max
        return try clampedIntegers(low: low, high: high, operation: "clamp")
    }

    /// Returns a bound as this dtype holds it: PyTorch lets small negative ones wrap around in unsigned types.
    private func held(_ bound: Int64) throws(TensorError) -> Int64 {
        guard NestedValue.fits(bound, dtype) else { throw .scalarNotRepresentable(dtype) }
        return try Tensor(scalar: bound).converted(to: dtype).scalars(as: Int64.self).first ?? bound
    }
}

private struct ReLU: Activation {
    static let operation: StaticString = "relu"
    static let node = NodeName("ReluBackward0")
    static let kernel: String? = "relu"
    static let savesResult = true

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
    func value<R: Real>(_ x: R) -> R { x > 0 ? x : x.exponentialMinusOne * R(alpha) }
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

private struct Clamp: Activation {
    static let operation: StaticString = "clamp"
    static let node = NodeName("ClampBackward1", old: "ClampBackward")
    static let kernel: String? = nil
    static let savesResult = false
    let low: Double?
    let high: Double?

    @inline(__always)
    func value<R: Real>(_ x: R) -> R {
        var x = x
        if let low, !(x >= R(low)), !x.isNaN { x = R(low) }
        if let high, !(x <= R(high)), !x.isNaN { x = R(high) }
        return x
    }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        let isBelow = low.map { saved < R($0) } ?? false
        let isAbove = high.map { saved > R($0) } ?? false
        return isBelow || isAbove ? 0 : gradient
    }
}

extension Tensor {
    /// Returns integers limited to the integer parts of `min`...`max`.
    private func clampedIntegers(
        min: Double?,
        max: Double?,
        operation: StaticString
    ) throws(TensorError) -> Tensor {
        let low = min.map { Int64(converting: $0) } ?? .min
        let high = max.map { Int64(converting: $0) } ?? .max
        return try clampedIntegers(low: low, high: high, operation: operation)
    }

    private func clampedIntegers(low: Int64, high: Int64, operation: StaticString) throws(TensorError) -> Tensor {
        try Operations.perform(operation) { () throws(TensorError) in
            let clamp = IntegerClamp(tensor: self, low: low, high: high)
            return try dtype.acceptArithmetic(clamp, kernel: "clamp_scalar_cpu")
        }
    }
}

private struct IntegerClamp: ArithmeticVisitor {
    let tensor: Tensor
    let low: Int64
    let high: Int64

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try Tensor(of: A.self, shape: tensor.shape) { target throws(TensorError) in
            try tensor.withScalars(of: A.self) { source in
                for index in 0..<tensor.elementCount {
                    let value = source[index].converted(to: Int64.self)
                    (target + index).initialize(to: A(converting: min(max(value, low), high)))
                }
            }
        }
    }
}
