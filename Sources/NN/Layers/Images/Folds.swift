public import Tensors

/// The windows over images as columns.
///
/// Input: `[C, H, W]` or a batch. Output: `[C · area of the kernel, windows]`, or a batch.
public final class Unfold: Module {
    /// The size of a window.
    public let kernelSize: AxisSizes
    /// The distance of a window's numbers.
    public let dilation: AxisSizes
    /// The zeros on either side.
    public let padding: AxisSizes
    /// The distance of windows.
    public let stride: AxisSizes
    private let steps: PoolSteps

    /// Creates a layer.
    /// - Throws: `ModuleError.layer` unless there is a size for both axes.
    public init(
        kernelSize: AxisSizes,
        dilation: AxisSizes = 1,
        padding: AxisSizes = 0,
        stride: AxisSizes = 1
    ) throws {
        (self.kernelSize, self.dilation, self.padding, self.stride) = (kernelSize, dilation, padding, stride)
        steps = try PoolSteps(folding: kernelSize, dilation, padding, stride)
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try input.unfolded(steps) }

    public override var extraRepr: String {
        "kernel_size=\(kernelSize), dilation=\(dilation), padding=\(padding), stride=\(stride)"
    }

    public override var attributeNames: Set<String> { ["kernel_size", "dilation", "padding", "stride"] }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let images = ValueSpec.images(inputs, axes: 2, sizes: { steps.outputExtents($0) }).tensor,
            let shape = images.shape
        else { return .unknown }
        let channels = shape[shape.count - 3] * .fixed(steps.area)
        let windows = shape[shape.count - 2] * shape[shape.count - 1]
        return .tensor(
            TensorSpec(shape: shape.dropLast(3) + [channels, windows], dtype: images.dtype, rows: images.rows)
        )
    }

    public override func emptyCopy() throws -> Module {
        try Unfold(kernelSize: kernelSize, dilation: dilation, padding: padding, stride: stride)
    }
}

/// The images in which each window is the sum of its column.
///
/// Input: `[C · area of the kernel, windows]` or a batch. Output: `[C, *outputSize]`, or a batch.
public final class Fold: Module {
    /// The height and the width of the images.
    public let outputSize: AxisSizes
    /// The size of a window.
    public let kernelSize: AxisSizes
    /// The distance of a window's numbers.
    public let dilation: AxisSizes
    /// The zeros on either side, which are dropped.
    public let padding: AxisSizes
    /// The distance of windows.
    public let stride: AxisSizes
    private let steps: PoolSteps
    private let sizes: [Int]

    /// Creates a layer.
    /// - Throws: `ModuleError.layer` unless there is a size for both axes.
    public init(
        outputSize: AxisSizes,
        kernelSize: AxisSizes,
        dilation: AxisSizes = 1,
        padding: AxisSizes = 0,
        stride: AxisSizes = 1
    ) throws {
        self.outputSize = outputSize
        (self.kernelSize, self.dilation, self.padding, self.stride) = (kernelSize, dilation, padding, stride)
        steps = try PoolSteps(folding: kernelSize, dilation, padding, stride)
        sizes = try outputSize.spread(over: 2, "output_size")
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try input.folded(to: sizes, steps) }

    public override var extraRepr: String {
        "output_size=\(outputSize), kernel_size=\(kernelSize), dilation=\(dilation), padding=\(padding), "
            + "stride=\(stride)"
    }

    public override var attributeNames: Set<String> {
        ["output_size", "kernel_size", "dilation", "padding", "stride"]
    }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        let columns = ValueSpec.images(inputs, axes: 1, channels: { $0 / .fixed(steps.area) })
        guard let columns = columns.tensor, let shape = columns.shape else { return .unknown }
        let shapes = shape.dropLast() + sizes.map(Extent.fixed)
        return .tensor(TensorSpec(shape: Array(shapes), dtype: columns.dtype, rows: columns.rows))
    }

    public override func emptyCopy() throws -> Module {
        try Fold(
            outputSize: outputSize,
            kernelSize: kernelSize,
            dilation: dilation,
            padding: padding,
            stride: stride
        )
    }
}

extension PoolSteps {
    fileprivate init(
        folding kernel: AxisSizes,
        _ dilation: AxisSizes,
        _ padding: AxisSizes,
        _ stride: AxisSizes
    ) throws(ModuleError) {
        self.init(
            kernel: try kernel.spread(over: 2, "kernel_size"),
            stride: try stride.spread(over: 2, "stride"),
            padding: try padding.spread(over: 2, "padding"),
            dilation: try dilation.spread(over: 2, "dilation")
        )
    }
}

extension ModuleType {
    /// Windows as columns, and back.
    static let folds: [ModuleType] = [unfold, fold]

    private static let windowArguments = [
        ModuleParameter("kernel_size", .axisSizes(2)), ModuleParameter("dilation", .axisSizes(2), 1),
        ModuleParameter("padding", .axisSizes(2), 0), ModuleParameter("stride", .axisSizes(2), 1),
    ]

    private static let unfold = ModuleType(
        "Unfold",
        parameters: windowArguments,
        make: { given, _, _ in
            try Unfold(
                kernelSize: given.axisSizes("kernel_size"),
                dilation: given.axisSizes("dilation"),
                padding: given.axisSizes("padding"),
                stride: given.axisSizes("stride")
            )
        }
    )

    private static let fold = ModuleType(
        "Fold",
        parameters: [ModuleParameter("output_size", .axisSizes(2))] + windowArguments,
        make: { given, _, _ in
            try Fold(
                outputSize: given.axisSizes("output_size"),
                kernelSize: given.axisSizes("kernel_size"),
                dilation: given.axisSizes("dilation"),
                padding: given.axisSizes("padding"),
                stride: given.axisSizes("stride")
            )
        }
    )
}
