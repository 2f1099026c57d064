public import Tensors

/// In training, zeroes each element with probability `p` and scales the others by `1 / (1 - p)`; else the identity.
///
/// Any shape. It draws from the call's generator, one number for each element, or from the default one.
public final class Dropout: Module {
    /// The probability of a zero.
    public let p: PythonNumber
    /// Whether the description says that it works in place.
    public let inplace: Bool

    /// Creates a dropout.
    /// - Throws: `ModuleError.invalidDropout` unless `p` is a probability.
    public init(p: PythonNumber = 0.5, inplace: Bool = false) throws {
        // PyTorch lets NaN pass.
        if p.value < 0 || p.value > 1 { throw ModuleError.invalidDropout(p) }
        self.p = p
        self.inplace = inplace
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        guard isTraining else { return input }
        return try input.dropout(p: p.value, generator: CallContext.current?.generator ?? .default)
    }

    public override var typeName: String { "Dropout" }
    public override var extraRepr: String { "p=\(p), inplace=\(inplace.pythonText)" }
    override var oldExtraRepr: String { "p=\(p)" + (inplace ? ", inplace" : "") }
    public override var attributeNames: Set<String> { ["p", "inplace"] }
    /// In training it draws one number after the other, so that rows meet in the stream.
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        isTraining ? ValueSpec.mixed(inputs).inFloatsIfKnown : .elementwise(inputs)
    }

    public override func emptyCopy() throws -> Module { try Dropout(p: p, inplace: inplace) }
}

extension ModuleType {
    static let dropout = ModuleType("Dropout", parameters: [ModuleParameter("p", .number, 0.5), .inplace]) {
        given,
        _,
        _ in
        try Dropout(p: given.number("p"), inplace: given.flag("inplace"))
    }
}
