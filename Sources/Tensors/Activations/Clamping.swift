extension Tensor {
    /// Returns the elements limited to `min`...`max`, either of which may be missing; NaN stays, integers give float32.
    ///
    /// As in PyTorch, a bound that is NaN makes all elements NaN, and of bounds in the wrong order `max` wins.
    public func clamped(min: Double? = nil, max: Double? = nil) throws(TensorError) -> Tensor {
        try applying(Clamp(low: min, high: max))
    }

    /// Returns integers limited to `min`...`max`, either of which may be missing; booleans give int64.
    public func clampedIntegers(min: Int64? = nil, max: Int64? = nil) throws(TensorError) -> Tensor {
        guard dtype != .bool else { return try converted(to: .int64).clampedIntegers(min: min, max: max) }
        return try clampedIntegers(min: min, max: max, operation: "clamp")
    }

    /// Returns integers limited to bounds that their dtype holds.
    func clampedIntegers(
        min: Int64?,
        max: Int64? = nil,
        operation: StaticString
    ) throws(TensorError) -> Tensor {
        guard elementCount > 0 else { return self }
        let low = try min.map { bound throws(TensorError) in try held(bound) } ?? .min
        let high = try max.map { bound throws(TensorError) in try held(bound) } ?? .max
        return try Operations.perform(operation) { () throws(TensorError) in
            let clamp = IntegerClamp(tensor: self, low: low, high: high)
            return try dtype.acceptArithmetic(clamp, kernel: "clamp_scalar_cpu")
        }
    }

    /// Returns a bound as this dtype holds it: PyTorch lets small negative ones wrap around in unsigned types.
    private func held(_ bound: Int64) throws(TensorError) -> Int64 {
        guard NestedValue.fits(bound, dtype) else { throw .scalarNotRepresentable(dtype) }
        return try Tensor(scalar: bound).converted(to: dtype).scalars(as: Int64.self).first ?? bound
    }
}

private struct Clamp: Activation {
    static let operation: StaticString = "clamp"
    static let node = NodeName("ClampBackward1", old: "ClampBackward")
    static let kernel: String? = nil
    static let savesResult = false
    static let cost = 0
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
        // NaN is in no bounds.
        let isAbove = low.map { saved >= R($0) } ?? true
        let isBelow = high.map { saved <= R($0) } ?? true
        return isAbove && isBelow ? gradient : 0
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
        }.laid(like: tensor)
    }
}
