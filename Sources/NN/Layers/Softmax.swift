public import Tensors

/// Shares that add up to one along an axis: `y_i = e^(x_i - max x) / Σ_j e^(x_j - max x)`.
///
/// Any shape.
public final class Softmax: Module {
    /// The axis, negative from the end; `nil` warns, and takes the first for 0, 1 and 3 axes and else the second.
    public let dim: Int?

    /// Creates a softmax along `dim`.
    public init(dim: Int? = nil) {
        self.dim = dim
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.softmax(dim: dim ?? implicitDimension(for: input, in: "softmax"))
    }

    public override var typeName: String { "Softmax" }
    public override var extraRepr: String { "dim=\(dim.pythonText)" }
    override var oldExtraRepr: String { "" }
    public override var attributeNames: Set<String> { ["dim"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .alongImplicitAxis(inputs, dim) }

    public override func emptyCopy() throws -> Module { Softmax(dim: dim) }
}

/// The logarithm of softmax: `y_i = x_i - max x - log Σ_j e^(x_j - max x)`.
///
/// Any shape.
public final class LogSoftmax: Module {
    /// The axis, as in `Softmax`.
    public let dim: Int?

    /// Creates a log-softmax along `dim`.
    public init(dim: Int? = nil) {
        self.dim = dim
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.logSoftmax(dim: dim ?? implicitDimension(for: input, in: "log_softmax"))
    }

    public override var typeName: String { "LogSoftmax" }
    public override var extraRepr: String { "dim=\(dim.pythonText)" }
    override var oldExtraRepr: String { "" }
    public override var attributeNames: Set<String> { ["dim"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .alongImplicitAxis(inputs, dim) }
    public override var workPerElement: Int { CallMeter.scalarCost }

    public override func emptyCopy() throws -> Module { LogSoftmax(dim: dim) }
}

/// PyTorch's old rule for an axis that was not given.
func implicitDimension(for input: Tensor, in function: String) -> Int {
    Warnings.emit(.implicitDimension(function: function))
    return [0, 1, 3].contains(input.rank) ? 0 : 1
}

extension ValueSpec {
    /// As the first input, along `dim` or the axis of PyTorch's old rule.
    static func alongImplicitAxis(_ inputs: [ValueSpec], _ dim: Int?) -> ValueSpec {
        guard let rank = inputs.first?.tensor?.rank else { return .unknown }
        return .along(inputs, dim ?? ([0, 1, 3].contains(rank) ? 0 : 1))
    }
}

extension ModuleType {
    static let softmax = ModuleType("Softmax", parameters: [ModuleParameter("dim", .optionalInt, Value.none)]) {
        given,
        _,
        _ in
        Softmax(dim: given.optionalInt("dim"))
    }

    static let logSoftmax = ModuleType("LogSoftmax", parameters: [ModuleParameter("dim", .optionalInt, Value.none)]) {
        given,
        _,
        _ in
        LogSoftmax(dim: given.optionalInt("dim"))
    }
}
