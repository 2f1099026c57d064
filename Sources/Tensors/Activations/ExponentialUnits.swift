extension Tensor {
    /// Returns `alpha` times (e^(x / `alpha`) - 1) where x < 0, else x: zeros keep their sign, whatever `alpha` is.
    public func celu(alpha: Double = 1) throws(TensorError) -> Tensor {
        guard alpha != 0 else { throw .layer(.zeroAlpha) }
        return try applying(CELU(alpha: alpha))
    }

    /// Returns the unit whose outputs keep mean 0 and variance 1: a scaled exponential one.
    public func selu() throws(TensorError) -> Tensor { try applying(SELU()) }

    /// Returns the logarithm of the sigmoid.
    public func logSigmoid() throws(TensorError) -> Tensor { try applying(LogSigmoid()) }

    /// Returns x times the hyperbolic tangent of ln(1 + e^x).
    public func mish() throws(TensorError) -> Tensor { try applying(Mish()) }
}

private struct CELU: Activation {
    static let operation: StaticString = "celu"
    static let node = NodeName("CeluBackward0", old: "CeluBackward")
    static let kernel: String? = "elu_cpu"
    static let savesResult = false
    let alpha: Double
    /// The inverse of `alpha` in gradients: PyTorch rounds `alpha` to float32 there, in every dtype.
    let slope: Double

    init(alpha: Double) {
        self.alpha = alpha
        let single = Float(alpha)
        slope = 1 / (single.isFinite ? Double(single) : alpha)
    }

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x < 0 ? (x * R(1 / alpha)).exponentialMinusOne * R(alpha) : x }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        saved <= 0 ? gradient * R(slope) * R(alpha) * (saved * R(slope)).exponential : gradient
    }
}

private struct SELU: Activation {
    static let operation: StaticString = "selu"
    static let node = NodeName("EluBackward0", old: "EluBackward")
    static let kernel: String? = "elu_cpu"
    static let savesResult = false
    private static let alpha = 1.6732632423543772848170429916717
    private static let scale = 1.0507009873554804934193349852946

    @inline(__always)
    func value<R: Real>(_ x: R) -> R {
        x > 0 ? x * R(Self.scale) : x.exponentialMinusOne * R(Self.alpha * Self.scale)
    }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        gradient * (saved <= 0 ? R(Self.alpha * Self.scale) * saved.exponential : R(Self.scale))
    }
}

private struct LogSigmoid: Activation {
    static let operation: StaticString = "log_sigmoid"
    static let node = NodeName("LogSigmoidBackward0", old: "LogSigmoidBackward")
    static let kernel: String? = "log_sigmoid_cpu"
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { (x < 0 ? x : 0) - (-x.magnitude).exponential.logarithmOfOnePlus }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        let power = (-saved.magnitude).exponential
        let share = power / (1 + power)
        return gradient * (saved < 0 ? 1 - share : share)
    }
}

private struct Mish: Activation {
    static let operation: StaticString = "mish"
    static let node = NodeName("MishBackward0")
    static let kernel: String? = "mish_cpu"
    static let savesResult = false

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x * x.exponential.logarithmOfOnePlus.hyperbolicTangent }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        let tangent = saved.exponential.logarithmOfOnePlus.hyperbolicTangent
        return gradient * (tangent + saved * saved.sigmoid * (1 - tangent * tangent))
    }
}
