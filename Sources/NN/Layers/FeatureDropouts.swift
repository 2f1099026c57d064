public import Tensors

/// What the dropouts beside `Dropout` share; out of training they are the identity.
///
/// They draw from the call's generator, or from the default one.
public class FeatureDropout: Module {
    /// The probability of a drop.
    public final let p: PythonNumber
    /// Whether the description says that it works in place.
    public final let inplace: Bool

    /// Creates a dropout.
    /// - Throws: `ModuleError.invalidDropout` unless `p` is a probability.
    public required init(p: PythonNumber = 0.5, inplace: Bool = false) throws {
        // PyTorch lets NaN pass.
        if p.value < 0 || p.value > 1 { throw ModuleError.invalidDropout(p) }
        self.p = p
        self.inplace = inplace
    }

    /// Returns `input` with numbers dropped by the probability `p`, which is zero out of training.
    func dropped(_ input: Tensor, p: Double, _ generator: Generator) throws -> Tensor { input }

    /// Refuses inputs of the wrong number of axes.
    func check(_ input: Tensor) throws {}

    public final override func forward(_ input: Tensor) throws -> Tensor {
        try check(input)
        return try dropped(input, p: isTraining ? p.value : 0, CallContext.current?.generator ?? .default)
    }

    public final override var extraRepr: String { "p=\(p), inplace=\(inplace.pythonText)" }
    override final var oldExtraRepr: String { "p=\(p)" + (inplace ? ", inplace" : "") }
    public final override var attributeNames: Set<String> { ["p", "inplace"] }

    /// In training it draws one number after the other, so that rows meet in the stream.
    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard !isTraining else { return ValueSpec.mixed(inputs).inFloatsIfKnown }
        return takes(inputs.first?.tensor?.rank) ? .elementwise(inputs) : .unknown
    }

    /// Whether an input may have so many axes.
    func takes(_ rank: Int?) -> Bool { true }

    public final override func emptyCopy() throws -> Module { try Self(p: p, inplace: inplace) }
}

/// In training, zeroes whole channels of sequences with probability `p` and scales the others by `1 / (1 - p)`.
///
/// Input and output: `[C, L]` or `[N, C, L]`.
public final class Dropout1d: FeatureDropout {
    override func check(_ input: Tensor) throws {
        guard takes(input.rank) else { throw ModuleError.layer(.lineDropoutRank(input.rank)) }
    }

    override func takes(_ rank: Int?) -> Bool { rank == 2 || rank == 3 }

    override func dropped(_ input: Tensor, p: Double, _ generator: Generator) throws -> Tensor {
        guard input.rank == 2 else { return try input.featureDropout(p: p, generator: generator) }
        return try input.withBatchAxis().featureDropout(p: p, generator: generator).withoutBatchAxis()
    }
}

/// In training, zeroes whole channels of images with probability `p` and scales the others by `1 / (1 - p)`.
///
/// Input and output: `[N, C, *]`; the first two axes are the batch and the channels, whatever there is behind.
public final class Dropout2d: FeatureDropout {
    override func dropped(_ input: Tensor, p: Double, _ generator: Generator) throws -> Tensor {
        try input.featureDropout(p: p, generator: generator)
    }
}

/// In training, zeroes whole channels of volumes with probability `p` and scales the others by `1 / (1 - p)`.
///
/// Input and output: `[C, D, H, W]` or `[N, C, D, H, W]`.
public final class Dropout3d: FeatureDropout {
    override func dropped(_ input: Tensor, p: Double, _ generator: Generator) throws -> Tensor {
        guard input.rank != 5 else { return try input.featureDropout(p: p, generator: generator) }
        return try input.withBatchAxis().featureDropout(p: p, generator: generator).withoutBatchAxis()
    }
}

/// In training, sets numbers to where `SELU` saturates, with probability `p`, and keeps mean and variance.
///
/// Any shape.
public final class AlphaDropout: FeatureDropout {
    override func dropped(_ input: Tensor, p: Double, _ generator: Generator) throws -> Tensor {
        try input.alphaDropout(p: p, wholeFeatures: false, generator: generator)
    }
}

/// In training, sets whole channels to where `SELU` saturates, with probability `p`, and keeps mean and variance.
///
/// Input and output: `[N, C, *]`.
public final class FeatureAlphaDropout: FeatureDropout {
    override func dropped(_ input: Tensor, p: Double, _ generator: Generator) throws -> Tensor {
        try input.alphaDropout(p: p, wholeFeatures: true, generator: generator)
    }
}

extension ModuleType {
    /// Dropouts beside `Dropout`.
    static let featureDropouts: [ModuleType] = [
        dropout(Dropout1d.self), dropout(Dropout2d.self), dropout(Dropout3d.self), dropout(AlphaDropout.self),
        dropout(FeatureAlphaDropout.self),
    ]

    private static func dropout(_ kind: FeatureDropout.Type) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: [ModuleParameter("p", .number, 0.5), ModuleParameter("inplace", .flag, false)],
            make: { given, _, _ in try kind.init(p: given.number("p"), inplace: given.flag("inplace")) }
        )
    }
}
