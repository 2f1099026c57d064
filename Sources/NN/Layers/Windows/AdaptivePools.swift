public import Tensors

/// What the pools of a given output size share: one number for each of so many even parts of each channel.
///
/// Input: `[channels, *sizes]` or a batch of such. Output: `[channels, *outputSize]`, or a batch.
public class AdaptivePool: Module {
    class var axes: Int { 1 }

    /// The size of the output.
    public final let outputSize: OutputSizes
    final let sizes: [Int?]

    /// Creates a pool.
    /// - Throws: `ModuleError.layer` unless there is a size for each axis.
    public required init(outputSize: OutputSizes) throws {
        self.outputSize = outputSize
        sizes = try outputSize.spread(over: Self.axes)
    }

    /// The sizes; along one axis PyTorch takes no None, and along more it looks for the axes that a list is for.
    final func checkedSizes(_ kind: String, of input: Tensor) throws(ModuleError) -> [Int?] {
        if case .each = outputSize, Self.axes > 1, input.rank <= Self.axes {
            throw .layer(.listedSizes(least: Self.axes + 1))
        }
        guard Self.axes == 1, sizes[0] == nil else { return sizes }
        throw .layer(.noneSize(function: "adaptive_\(kind)_pool1d"))
    }

    public final override var extraRepr: String { "output_size=\(outputSize)" }
    public override var attributeNames: Set<String> { ["output_size"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        .images(inputs, axes: Self.axes, sizes: { extents in zip(sizes, extents).map { $0.map(Extent.fixed) ?? $1 } })
    }

    public override func emptyCopy() throws -> Module { try Self(outputSize: outputSize) }
}

/// The mean of each part along one axis.
public class AdaptiveAvgPool1d: AdaptivePool {
    public final override func forward(_ input: Tensor) throws -> Tensor {
        try input.adaptiveAveragePool(checkedSizes("avg", of: input))
    }
}

/// The mean of each part along two axes.
public final class AdaptiveAvgPool2d: AdaptiveAvgPool1d {
    override class var axes: Int { 2 }
}

/// The mean of each part along three axes.
public final class AdaptiveAvgPool3d: AdaptiveAvgPool1d {
    override class var axes: Int { 3 }
}

/// The largest number of each part along one axis, and its place if that is asked for.
public class AdaptiveMaxPool1d: AdaptivePool {
    /// Whether it gives the places as well.
    public final private(set) var returnIndices = false

    /// Creates a pool.
    /// - Throws: `ModuleError.layer` unless there is a size for each axis.
    public required convenience init(outputSize: OutputSizes, returnIndices: Bool) throws {
        try self.init(outputSize: outputSize)
        self.returnIndices = returnIndices
    }

    public final override func forward(_ input: Tensor) throws -> Tensor {
        try input.adaptiveMaxPool(checkedSizes("max", of: input)).values
    }

    public final override func forward(_ arguments: Arguments) throws -> Value {
        guard returnIndices else { return try super.forward(arguments) }
        let input = try arguments.bound(to: "input", in: self)[0]
        let pooled = try input.adaptiveMaxPool(checkedSizes("max", of: input))
        return .tuple([.tensor(pooled.values), .tensor(pooled.indices)])
    }

    public final override var attributeNames: Set<String> { ["output_size", "return_indices"] }

    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        .pooled(super.outputSpec(for: inputs), withIndices: returnIndices)
    }

    public final override func emptyCopy() throws -> Module {
        try Self(outputSize: outputSize, returnIndices: returnIndices)
    }
}

/// The largest number of each part along two axes.
public final class AdaptiveMaxPool2d: AdaptiveMaxPool1d {
    override class var axes: Int { 2 }
}

/// The largest number of each part along three axes.
public final class AdaptiveMaxPool3d: AdaptiveMaxPool1d {
    override class var axes: Int { 3 }
}

extension ModuleType {
    /// Pools of a given output size.
    static let adaptivePools: [ModuleType] = [
        adaptivePool(AdaptiveAvgPool1d.self, axes: 1), adaptivePool(AdaptiveAvgPool2d.self, axes: 2),
        adaptivePool(AdaptiveAvgPool3d.self, axes: 3),
        adaptiveMaximum(AdaptiveMaxPool1d.self, axes: 1), adaptiveMaximum(AdaptiveMaxPool2d.self, axes: 2),
        adaptiveMaximum(AdaptiveMaxPool3d.self, axes: 3),
    ]

    private static func adaptivePool(_ kind: AdaptivePool.Type, axes: Int) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: [ModuleParameter("output_size", .outputSizes(axes))],
            make: { given, _, _ in try kind.init(outputSize: given.outputSizes("output_size")) }
        )
    }

    private static func adaptiveMaximum(_ kind: AdaptiveMaxPool1d.Type, axes: Int) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: [ModuleParameter("output_size", .outputSizes(axes)), .returnIndices],
            make: { given, _, _ in
                try kind.init(
                    outputSize: given.outputSizes("output_size"),
                    returnIndices: given.flag("return_indices")
                )
            }
        )
    }
}
