public import Tensors

/// The Gaussian error linear unit: `y = x Φ(x)`, with Φ the normal distribution's cumulative function.
///
/// Any shape.
///
/// With `approximate: .tanh`, `y = x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
public final class GELU: Module {
    /// How Φ is computed.
    public let approximate: GELUApproximation

    /// Creates a unit, exact by default.
    public init(approximate: GELUApproximation = .none) {
        self.approximate = approximate
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try input.gelu(approximate: approximate) }
    public override var typeName: String { "GELU" }
    public override var extraRepr: String { "approximate='\(approximate.rawValue)'" }
    public override var attributeNames: Set<String> { ["approximate"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs) }

    public override func emptyCopy() throws -> Module { GELU(approximate: approximate) }
}

/// The sigmoid linear unit: `y = x / (1 + e⁻ˣ)`.
///
/// Any shape.
public final class SiLU: Module {
    /// Whether the description says that it works in place.
    public let inplace: Bool

    /// Creates a unit.
    public init(inplace: Bool = false) {
        self.inplace = inplace
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try input.silu() }
    public override var typeName: String { "SiLU" }
    public override var extraRepr: String { inplace ? "inplace=True" : "" }
    public override var attributeNames: Set<String> { ["inplace"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs) }

    public override func emptyCopy() throws -> Module { SiLU(inplace: inplace) }
}

/// The logistic function: `y = 1 / (1 + e⁻ˣ)`.
///
/// Any shape; integers give float32.
public final class Sigmoid: Module {
    public override func forward(_ input: Tensor) throws -> Tensor { try input.sigmoid() }
    public override var typeName: String { "Sigmoid" }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs).inFloats }

    public override func emptyCopy() throws -> Module { Sigmoid() }
}

/// The hyperbolic tangent: `y = tanh x`.
///
/// Any shape; integers give float32.
public final class Tanh: Module {
    public override func forward(_ input: Tensor) throws -> Tensor { try input.tanh() }
    public override var typeName: String { "Tanh" }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs).inFloats }

    public override func emptyCopy() throws -> Module { Tanh() }
}

/// A smooth rectifier: `y = log(1 + e^(beta x)) / beta`, and `x` where `beta x` is over `threshold`.
///
/// Any shape.
public final class Softplus: Module {
    /// How sharply it bends.
    public let beta: PythonNumber
    /// Where it becomes the identity.
    public let threshold: PythonNumber

    /// Creates a smooth rectifier.
    public init(beta: PythonNumber = 1.0, threshold: PythonNumber = 20.0) {
        self.beta = beta
        self.threshold = threshold
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.softplus(beta: beta.value, threshold: threshold.value)
    }

    public override var typeName: String { "Softplus" }
    public override var extraRepr: String { "beta=\(beta), threshold=\(threshold)" }
    override var oldExtraRepr: String { "beta=\(beta.shortPythonText), threshold=\(threshold.shortPythonText)" }
    public override var attributeNames: Set<String> { ["beta", "threshold"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs) }
    public override var workPerElement: Int { CallMeter.scalarCost }

    public override func emptyCopy() throws -> Module { Softplus(beta: beta, threshold: threshold) }
}

extension ModuleType {
    static let gelu = ModuleType("GELU", parameters: [ModuleParameter("approximate", .text, "none")]) { given, _, _ in
        guard let approximation = GELUApproximation(rawValue: given.text("approximate")) else {
            throw ArgumentProblem(.refused("approximate argument must be either none or tanh."), at: ["approximate"])
        }
        return GELU(approximate: approximation)
    }

    static let silu = ModuleType("SiLU", parameters: [.inplace]) { given, _, _ in SiLU(inplace: given.flag("inplace")) }
    static let sigmoid = ModuleType("Sigmoid") { _, _, _ in Sigmoid() }
    static let tanh = ModuleType("Tanh") { _, _, _ in Tanh() }

    static let softplus = ModuleType(
        "Softplus",
        parameters: [ModuleParameter("beta", .number, 1.0), ModuleParameter("threshold", .number, 20.0)]
    ) { given, _, _ in
        Softplus(beta: given.number("beta"), threshold: given.number("threshold"))
    }
}
