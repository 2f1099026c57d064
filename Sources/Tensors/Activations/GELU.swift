/// The two formulas of the Gaussian error linear unit.
public enum GELUApproximation: String, Sendable, CaseIterable {
    /// x/2 (1 + erf(x / sqrt 2)).
    case none
    /// x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
    case tanh
}

extension Tensor {
    /// Returns x times the probability that a normal number is below x.
    public func gelu(approximate: GELUApproximation = .none) throws(TensorError) -> Tensor {
        switch approximate {
        case .none: try applying(ExactGELU())
        case .tanh: try applying(TanhGELU())
        }
    }
}

private struct ExactGELU: Activation {
    static let operation: StaticString = "gelu"
    static let node = NodeName("GeluBackward0")
    static let kernel: String? = "GeluKernelImpl"
    static let savesResult = false
    static let function: ElementFunction? = .gelu

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x * probability(below: x) }

    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        let inverseRootOfTwoPi = R(0.3989422804014327)
        let density = (-saved * saved / 2).exponential * inverseRootOfTwoPi
        return gradient * (probability(below: saved) + saved * density)
    }

    @inline(__always)
    private func probability<R: Real>(below x: R) -> R {
        let inverseRootOfTwo = R(0.7071067811865476)
        return (1 + (x * inverseRootOfTwo).errorFunction) / 2
    }
}

private struct TanhGELU: Activation {
    static let operation: StaticString = "gelu"
    static let node = NodeName("GeluBackward0")
    static let kernel: String? = "GeluKernelImpl"
    static let savesResult = false
    private static let rootOfTwoOverPi = 0.7978845608028654
    private static let cubic = 0.044715

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x / 2 * (1 + inner(x).hyperbolicTangent) }

    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R {
        let tangent = inner(saved).hyperbolicTangent
        let slope = R(Self.rootOfTwoOverPi) * (1 + 3 * R(Self.cubic) * saved * saved)
        return gradient * ((1 + tangent) / 2 + saved / 2 * (1 - tangent * tangent) * slope)
    }

    @inline(__always)
    private func inner<R: Real>(_ x: R) -> R { R(Self.rootOfTwoOverPi) * (x + R(Self.cubic) * x * x * x) }
}
