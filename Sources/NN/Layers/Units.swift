public import Tensors

// As in Rectifiers.swift, `inplace` stands in the description only.

/// An exponential unit that is smooth at zero for every `alpha`: `y = x` above zero, `alpha · (e^(x / alpha) - 1)` elsewhere.
///
/// Any shape.
public final class CELU: Module {
    /// The value it saturates at, negated.
    public let alpha: PythonNumber
    /// Whether the description says that it works in place.
    public let inplace: Bool

    /// Creates a unit.
    public init(alpha: PythonNumber = 1.0, inplace: Bool = false) {
        self.alpha = alpha
        self.inplace = inplace
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try input.celu(alpha: alpha.value) }
    public override var extraRepr: String { "alpha=\(alpha)" + (inplace ? ", inplace=True" : "") }
    override var oldExtraRepr: String { "alpha=\(alpha)" + (inplace ? ", inplace" : "") }
    public override var attributeNames: Set<String> { ["alpha", "inplace"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs) }
    public override var workPerElement: Int { CallMeter.scalarCost }

    public override func emptyCopy() throws -> Module { CELU(alpha: alpha, inplace: inplace) }
}

/// What units without arguments but `inplace` share.
public class InplaceUnit: Module {
    /// Whether the description says that it works in place.
    public final let inplace: Bool

    /// Creates a unit.
    public required init(inplace: Bool = false) {
        self.inplace = inplace
    }

    /// Whether PyTorch says `inplace` when it prints the unit.
    var showsInplace: Bool { true }
    public final override var extraRepr: String { inplace && showsInplace ? "inplace=True" : "" }
    override final var oldExtraRepr: String { inplace ? "inplace" : "" }
    public final override var attributeNames: Set<String> { ["inplace"] }
    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs) }
    public final override func emptyCopy() throws -> Module { Self(inplace: inplace) }
}

/// The exponential unit whose outputs keep mean 0 and variance 1.
///
/// Any shape.
public final class SELU: InplaceUnit {
    public override func forward(_ input: Tensor) throws -> Tensor { try input.selu() }
    public override var workPerElement: Int { CallMeter.scalarCost }
}

/// `y = x · tanh(log(1 + eˣ))`.
///
/// Any shape.
public final class Mish: InplaceUnit {
    public override func forward(_ input: Tensor) throws -> Tensor { try input.mish() }
    public override var workPerElement: Int { CallMeter.scalarCost }
}

/// `y = (x + 3) / 6` between zero and one.
///
/// Any shape.
public final class Hardsigmoid: InplaceUnit {
    override var showsInplace: Bool { false }
    public override func forward(_ input: Tensor) throws -> Tensor { try input.hardsigmoid() }
}

/// `y = x · (x + 3) / 6`, the fraction between zero and one.
///
/// Any shape.
public final class Hardswish: InplaceUnit {
    override var showsInplace: Bool { false }
    public override func forward(_ input: Tensor) throws -> Tensor { try input.hardswish() }
}

/// The logarithm of the sigmoid: `y = -log(1 + e⁻ˣ)`.
///
/// Any shape.
public final class LogSigmoid: Module {
    public override func forward(_ input: Tensor) throws -> Tensor { try input.logSigmoid() }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs) }
    public override var workPerElement: Int { CallMeter.scalarCost }

    public override func emptyCopy() throws -> Module { LogSigmoid() }
}

/// `y = x / (1 + |x|)`.
///
/// Any shape.
public final class Softsign: Module {
    public override func forward(_ input: Tensor) throws -> Tensor { try input.softsign() }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs).inFloats }
    public override var workPerElement: Int { CallMeter.scalarCost }

    public override func emptyCopy() throws -> Module { Softsign() }
}

/// `y = x - tanh x`.
///
/// Any shape.
public final class Tanhshrink: Module {
    public override func forward(_ input: Tensor) throws -> Tensor { try input.tanhshrink() }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs).inFloats }
    public override var workPerElement: Int { CallMeter.scalarCost }

    public override func emptyCopy() throws -> Module { Tanhshrink() }
}

/// Zero between `-lambd` and `lambd`, the number itself elsewhere.
///
/// Any shape.
public final class Hardshrink: Module {
    /// Where it stops to be zero.
    public let lambd: PythonNumber

    /// Creates a unit.
    public init(lambd: PythonNumber = 0.5) {
        self.lambd = lambd
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try input.hardshrink(threshold: lambd.value) }
    public override var extraRepr: String { "\(lambd)" }
    public override var attributeNames: Set<String> { ["lambd"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs) }
    public override var workPerElement: Int { CallMeter.scalarCost }

    public override func emptyCopy() throws -> Module { Hardshrink(lambd: lambd) }
}

/// The number moved by `lambd` towards zero, which it does not pass.
///
/// Any shape.
public final class Softshrink: Module {
    /// How far it is moved.
    public let lambd: PythonNumber

    /// Creates a unit.
    public init(lambd: PythonNumber = 0.5) {
        self.lambd = lambd
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try input.softshrink(threshold: lambd.value) }
    public override var extraRepr: String { "\(lambd)" }
    public override var attributeNames: Set<String> { ["lambd"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs) }

    public override func emptyCopy() throws -> Module { Softshrink(lambd: lambd) }
}

/// The number where it is above `threshold`, else `value`.
///
/// Any shape.
public final class Threshold: Module {
    /// What a number must be above.
    public let threshold: PythonNumber
    /// What stands for the others.
    public let value: PythonNumber
    /// Whether the description says that it works in place.
    public let inplace: Bool

    /// Creates a unit.
    public init(threshold: PythonNumber, value: PythonNumber, inplace: Bool = false) {
        (self.threshold, self.value, self.inplace) = (threshold, value, inplace)
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.threshold(threshold.value, value: value.value)
    }

    public override var extraRepr: String {
        "threshold=\(threshold), value=\(value)" + (inplace ? ", inplace=True" : "")
    }

    override var oldExtraRepr: String { "threshold=\(threshold), value=\(value)" + (inplace ? ", inplace" : "") }
    public override var attributeNames: Set<String> { ["threshold", "value", "inplace"] }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .elementwise(inputs) }

    public override func emptyCopy() throws -> Module {
        Threshold(threshold: threshold, value: value, inplace: inplace)
    }
}

/// A rectifier that leaks, in training by a slope drawn for each number and else by the mean of the bounds.
///
/// Any shape. It draws from the call's generator, or from the default one.
public final class RReLU: Module {
    /// The smallest slope below zero.
    public let lower: PythonNumber
    /// The largest slope below zero.
    public let upper: PythonNumber
    /// Whether the description says that it works in place.
    public let inplace: Bool

    /// Creates a rectifier.
    public init(lower: PythonNumber = 0.125, upper: PythonNumber = .float(1.0 / 3), inplace: Bool = false) {
        (self.lower, self.upper, self.inplace) = (lower, upper, inplace)
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.rrelu(
            lower: lower.value,
            upper: upper.value,
            training: isTraining,
            generator: CallContext.current?.generator ?? .default
        )
    }

    public override var extraRepr: String { "lower=\(lower), upper=\(upper)" + (inplace ? ", inplace=True" : "") }
    override var oldExtraRepr: String { "lower=\(lower), upper=\(upper)" + (inplace ? ", inplace" : "") }
    public override var attributeNames: Set<String> { ["lower", "upper", "inplace"] }
    /// In training it draws one number after the other, so that rows meet in the stream.
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        isTraining ? .mixed(inputs) : .elementwise(inputs)
    }

    public override func emptyCopy() throws -> Module { RReLU(lower: lower, upper: upper, inplace: inplace) }
}

/// A rectifier that leaks by learned slopes, one for all or one for each channel.
///
/// - Input and output: any shape; with several slopes the second axis is the channels.
/// - State: `weight` of `[numParameters]`, all `initial` at first.
public final class PReLU: Module {
    /// The number of slopes.
    public let numParameters: Int
    /// The slopes that it began with.
    public let initial: PythonNumber

    private let weightSlot = Slot<Parameter>()

    /// Creates a rectifier.
    public convenience init(
        numParameters: Int = 1,
        initial: PythonNumber = 0.25,
        dtype: DType = .float32
    ) throws {
        try self.init(unfilled: numParameters, initial)
        let shape = try Shape(checking: [numParameters])
        weight = try Parameter(Tensor.full(initial.value, shape: shape, dtype: dtype))
    }

    private init(unfilled numParameters: Int, _ initial: PythonNumber) throws {
        (self.numParameters, self.initial) = (numParameters, initial)
        super.init()
        try registerParameter("weight", nil, in: weightSlot)
    }

    /// The slopes; without them, a call fails.
    public var weight: Parameter? {
        get { weightSlot.value }
        set { weightSlot.value = newValue }
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.prelu(weight: weightSlot.operand(of: "prelu", position: 2))
    }

    public override var extraRepr: String { "num_parameters=\(numParameters)" }
    public override var attributeNames: Set<String> { ["num_parameters", "init", "reset_parameters"] }

    /// With several slopes the second axis is the channels.
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard (weight?.tensor.elementCount ?? 1) != 1 else { return .elementwise(inputs) }
        guard let spec = inputs.first?.tensor, let rank = spec.rank, rank > 1 else { return .unknown }
        return spec.batchAxis == 1 ? .mixed(inputs) : .tensor(spec)
    }
    public override var workPerElement: Int { CallMeter.scalarCost }

    public override func emptyCopy() throws -> Module { try PReLU(unfilled: numParameters, initial) }
}

/// The first half along an axis times the sigmoid of the second.
public final class GLU: Module {
    /// The axis, negative from the end.
    public let dim: Int

    /// Creates a unit along `dim`.
    public init(dim: Int = -1) {
        self.dim = dim
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try input.glu(dim: dim) }
    public override var extraRepr: String { "dim=\(dim)" }
    public override var attributeNames: Set<String> { ["dim"] }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let axis = spec.axis(dim), let shape = spec.shape, axis < shape.count
        else {
            return .unknown
        }
        return .tensor(spec.resized(axis, to: shape[axis] / .fixed(2)))
    }

    public override func emptyCopy() throws -> Module { GLU(dim: dim) }
}

/// Softmax of the numbers negated: the smallest gets the largest share.
///
/// Any shape.
public final class Softmin: Module {
    /// The axis, as in `Softmax`.
    public let dim: Int?

    /// Creates a softmin along `dim`.
    public init(dim: Int? = nil) {
        self.dim = dim
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        let dim = dim ?? implicitDimension(for: input, in: "softmin")
        return try input.negated().softmax(dim: dim)
    }

    public override var extraRepr: String { "dim=\(dim.pythonText)" }
    override var oldExtraRepr: String { "" }
    public override var attributeNames: Set<String> { ["dim"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .alongImplicitAxis(inputs, dim) }

    public override func emptyCopy() throws -> Module { Softmin(dim: dim) }
}

/// Softmax over the channels of images.
///
/// Input and output: `[C, H, W]` or `[N, C, H, W]`.
public final class Softmax2d: Module {
    public override func forward(_ input: Tensor) throws -> Tensor {
        guard input.rank == 3 || input.rank == 4 else {
            throw ModuleError.layer(.softmaxRank(input.rank))
        }
        return try input.softmax(dim: -3)
    }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .images(inputs, axes: 2) }
    public override var workPerElement: Int { CallMeter.scalarCost }

    public override func emptyCopy() throws -> Module { Softmax2d() }
}
