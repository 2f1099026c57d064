public import Tensors

/// The channels, `upscaleFactor` squared at a time, spread over as many pixels.
///
/// Input: `[*, C · r², H, W]`. Output: `[*, C, H · r, W · r]`.
public final class PixelShuffle: Module {
    /// How many times larger the image becomes.
    public let upscaleFactor: Int

    /// Creates a shuffle.
    public init(upscaleFactor: Int) {
        self.upscaleFactor = upscaleFactor
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try input.pixelShuffle(factor: upscaleFactor) }
    public override var extraRepr: String { "upscale_factor=\(upscaleFactor)" }
    public override var attributeNames: Set<String> { ["upscale_factor"] }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        let factor = Extent.fixed(upscaleFactor)
        return .images(inputs, axes: 2, channels: { $0 / (factor * factor) }, sizes: { $0.map { $0 * factor } })
    }

    public override func emptyCopy() throws -> Module { PixelShuffle(upscaleFactor: upscaleFactor) }
}

/// The pixels of each square as channels.
///
/// Input: `[*, C, H · r, W · r]`. Output: `[*, C · r², H, W]`.
public final class PixelUnshuffle: Module {
    /// How many times smaller the image becomes.
    public let downscaleFactor: Int

    /// Creates a shuffle.
    public init(downscaleFactor: Int) {
        self.downscaleFactor = downscaleFactor
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.pixelUnshuffle(factor: downscaleFactor)
    }

    public override var extraRepr: String { "downscale_factor=\(downscaleFactor)" }
    public override var attributeNames: Set<String> { ["downscale_factor"] }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        .unshuffledImages(inputs, by: .fixed(downscaleFactor))
    }

    public override func emptyCopy() throws -> Module { PixelUnshuffle(downscaleFactor: downscaleFactor) }
}

/// The channels of some parts dealt out in turn.
///
/// Input and output: `[N, C, *]`.
public final class ChannelShuffle: Module {
    /// The number of parts.
    public let groups: Int

    /// Creates a shuffle.
    public init(groups: Int) {
        self.groups = groups
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try input.channelShuffle(groups: groups) }
    public override var extraRepr: String { "groups=\(groups)" }
    public override var attributeNames: Set<String> { ["groups"] }

    /// Rows are by themselves but where they are the channels.
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let rank = spec.rank, rank >= 3 else { return .unknown }
        return spec.batchAxis == 1 ? .mixed(inputs) : .tensor(spec)
    }

    public override func emptyCopy() throws -> Module { ChannelShuffle(groups: groups) }
}

/// An axis cut into several.
///
/// Input: `[*, S, *]`. Output: `[*, *unflattenedSize, *]`; one of the sizes may be -1.
public final class Unflatten: Module {
    /// The axis, negative from the end.
    public let dim: Int
    /// The sizes of the axes that it becomes.
    public let unflattenedSize: [Int]

    /// Creates a layer.
    public init(dim: Int, unflattenedSize: [Int]) {
        (self.dim, self.unflattenedSize) = (dim, unflattenedSize)
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.unflattened(dim, unflattenedSize)
    }

    public override var extraRepr: String { "dim=\(dim), unflattened_size=\(unflattenedSize.pythonTuple)" }
    public override var attributeNames: Set<String> { ["dim", "unflattened_size"] }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let shape = spec.shape, let axis = spec.axis(dim),
            axis < shape.count, spec.batchAxis != axis
        else { return .unknown }
        var sizes = unflattenedSize.map(Extent.fixed)
        if let open = sizes.firstIndex(of: .fixed(-1)) {
            sizes[open] = .fixed(1)
            sizes[open] = shape[axis] / sizes.reduce(.fixed(1), *)
        }
        let rows = spec.batchAxis.map { TensorSpec.Rows.axis($0 < axis ? $0 : $0 + sizes.count - 1) } ?? spec.rows
        return .tensor(TensorSpec(shape: shape[..<axis] + sizes + shape[(axis + 1)...], dtype: spec.dtype, rows: rows))
    }

    public override func emptyCopy() throws -> Module { Unflatten(dim: dim, unflattenedSize: unflattenedSize) }
}

extension ModuleType {
    /// Layers that deal pixels, channels and axes out anew.
    static let shuffles: [ModuleType] = [
        ModuleType(
            "PixelShuffle",
            parameters: [ModuleParameter("upscale_factor", .int)],
            make: { given, _, _ in PixelShuffle(upscaleFactor: given.int("upscale_factor")) }
        ),
        ModuleType(
            "PixelUnshuffle",
            parameters: [ModuleParameter("downscale_factor", .int)],
            make: { given, _, _ in PixelUnshuffle(downscaleFactor: given.int("downscale_factor")) }
        ),
        ModuleType(
            "ChannelShuffle",
            parameters: [ModuleParameter("groups", .int)],
            make: { given, _, _ in ChannelShuffle(groups: given.int("groups")) }
        ),
        ModuleType(
            "Unflatten",
            parameters: [ModuleParameter("dim", .int), ModuleParameter("unflattened_size", .tuple)],
            make: { given, _, _ in
                Unflatten(dim: given.int("dim"), unflattenedSize: given.sizes("unflattened_size"))
            }
        ),
    ]
}
