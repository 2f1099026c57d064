public import Tensors

// Tensors are values here, so nothing happens in place: `inplace` stands in the description, as in PyTorch.

/// The positive part: `y = max(x, 0)`, NaN kept.
///
/// Any shape.
public final class ReLU: Module {
    /// Whether the description says that it works in place.
    public let inplace: Bool

    /// Creates a rectifier.
    public init(inplace: Bool = false) {
        self.inplace = inplace
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try input.relu() }
    override func channelStep(rank: Int) -> ChannelStep? { .rectified }
    public override var typeName: String { "ReLU" }
    public override var extraRepr: String { inplace ? "inplace=True" : "" }
    override var oldExtraRepr: String { inplace ? "inplace" : "" }
    public override var attributeNames: Set<String> { ["inplace"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs) }

    public override func emptyCopy() throws -> Module { ReLU(inplace: inplace) }
}

/// A rectifier that leaks: `y = x` above zero, `negativeSlope · x` elsewhere.
///
/// Any shape.
public final class LeakyReLU: Module {
    /// The slope below zero.
    public let negativeSlope: PythonNumber
    /// Whether the description says that it works in place.
    public let inplace: Bool

    /// Creates a leaky rectifier.
    public init(negativeSlope: PythonNumber = 0.01, inplace: Bool = false) {
        self.negativeSlope = negativeSlope
        self.inplace = inplace
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.leakyReLU(negativeSlope: negativeSlope.value)
    }

    public override var typeName: String { "LeakyReLU" }
    public override var extraRepr: String { "negative_slope=\(negativeSlope)" + (inplace ? ", inplace=True" : "") }
    override var oldExtraRepr: String { "negative_slope=\(negativeSlope)" + (inplace ? ", inplace" : "") }
    public override var attributeNames: Set<String> { ["negative_slope", "inplace"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs) }

    public override func emptyCopy() throws -> Module { LeakyReLU(negativeSlope: negativeSlope, inplace: inplace) }
}

/// A rectifier that saturates smoothly: `y = x` above zero, `alpha · (eˣ - 1)` elsewhere.
///
/// Any shape.
public final class ELU: Module {
    /// The value it saturates at, negated.
    public let alpha: PythonNumber
    /// Whether the description says that it works in place.
    public let inplace: Bool

    /// Creates an exponential linear unit.
    public init(alpha: PythonNumber = 1.0, inplace: Bool = false) {
        self.alpha = alpha
        self.inplace = inplace
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try input.elu(alpha: alpha.value) }
    public override var typeName: String { "ELU" }
    public override var extraRepr: String { "alpha=\(alpha)" + (inplace ? ", inplace=True" : "") }
    override var oldExtraRepr: String { "alpha=\(alpha)" + (inplace ? ", inplace" : "") }
    public override var attributeNames: Set<String> { ["alpha", "inplace"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs) }
    public override var workPerElement: Int { CallMeter.scalarCost }

    public override func emptyCopy() throws -> Module { ELU(alpha: alpha, inplace: inplace) }
}

/// The input between two bounds: `y = min(max(x, minVal), maxVal)`.
///
/// Any shape.
public class Hardtanh: Module {
    public final override var forwardOwner: String { "Hardtanh" }

    /// The lower bound.
    public final let minVal: PythonNumber
    /// The upper bound.
    public final let maxVal: PythonNumber
    /// Whether the description says that it works in place.
    public final let inplace: Bool

    /// Creates a clamp.
    /// - Throws: `ModuleError.emptyRange` unless `minVal` is below `maxVal`.
    public init(minVal: PythonNumber = -1.0, maxVal: PythonNumber = 1.0, inplace: Bool = false) throws {
        // PyTorch refuses `max <= min`, and so lets NaN pass.
        if maxVal.value <= minVal.value { throw ModuleError.emptyRange(min: minVal, max: maxVal) }
        self.minVal = minVal
        self.maxVal = maxVal
        self.inplace = inplace
    }

    public final override func forward(_ input: Tensor) throws -> Tensor {
        try input.hardtanh(min: minVal.value, max: maxVal.value)
    }

    public override var typeName: String { "Hardtanh" }

    public override var extraRepr: String {
        "min_val=\(minVal), max_val=\(maxVal)" + (inplace ? ", inplace=True" : "")
    }

    override var oldExtraRepr: String { "min_val=\(minVal), max_val=\(maxVal)" + (inplace ? ", inplace" : "") }

    public final override var attributeNames: Set<String> { ["min_val", "max_val", "inplace"] }

    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs) }

    public override func emptyCopy() throws -> Module {
        try Hardtanh(minVal: minVal, maxVal: maxVal, inplace: inplace)
    }
}

/// The positive part up to six: `y = min(max(x, 0), 6)`.
///
/// Any shape.
public final class ReLU6: Hardtanh {
    /// Creates a rectifier with a ceiling.
    public init(inplace: Bool = false) throws {
        try super.init(minVal: 0, maxVal: 6, inplace: inplace)
    }

    public override var typeName: String { "ReLU6" }
    public override var extraRepr: String { inplace ? "inplace=True" : "" }
    override var oldExtraRepr: String { inplace ? "inplace" : "" }
    public override func emptyCopy() throws -> Module { try ReLU6(inplace: inplace) }
}

extension ModuleParameter {
    /// Whether PyTorch would work in place.
    static let inplace = ModuleParameter("inplace", .flag, false)
}

extension ModuleType {
    static let relu = ModuleType("ReLU", parameters: [.inplace]) { given, _, _ in
        ReLU(inplace: given.flag("inplace"))
    }

    static let relu6 = ModuleType("ReLU6", parameters: [.inplace]) { given, _, _ in
        try ReLU6(inplace: given.flag("inplace"))
    }

    static let leakyReLU = ModuleType(
        "LeakyReLU",
        parameters: [ModuleParameter("negative_slope", .number, 0.01), .inplace]
    ) { given, _, _ in
        LeakyReLU(negativeSlope: given.number("negative_slope"), inplace: given.flag("inplace"))
    }

    static let elu = ModuleType("ELU", parameters: [ModuleParameter("alpha", .number, 1.0), .inplace]) { given, _, _ in
        ELU(alpha: given.number("alpha"), inplace: given.flag("inplace"))
    }

    static let hardtanh = ModuleType(
        "Hardtanh",
        parameters: [ModuleParameter("min_val", .number, -1.0), ModuleParameter("max_val", .number, 1.0), .inplace]
    ) { given, _, _ in
        try Hardtanh(
            minVal: given.number("min_val"),
            maxVal: given.number("max_val"),
            inplace: given.flag("inplace")
        )
    }
}
