public import Tensors

/// What the pools over windows share: one number for each window of each channel.
///
/// Input and output: `[channels, *sizes]` or a batch of such.
public class WindowPool: Module {
    /// The arguments that say how it goes over its input.
    public struct Options: Sendable, Equatable {
        /// The distance of windows; `nil` is their size.
        public var stride: AxisSizes?
        /// The padding on either side, which is never the largest and in a mean is zero.
        public var padding: AxisSizes = 0
        /// The distance of a window's numbers, for a maximum.
        public var dilation: AxisSizes = 1
        /// Whether windows that lie only partly inside count.
        public var ceilMode = false
        /// Whether a mean counts the padding.
        public var countIncludePad = true
        /// Whether a maximum gives the places of its numbers as well.
        public var returnIndices = false
        /// What a mean divides by in place of the count.
        public var divisorOverride: Int?

        /// Creates PyTorch's defaults.
        public init() {}
    }

    /// The number of axes behind the channels.
    class var axes: Int { 1 }

    /// The size of a window.
    public final let kernelSize: AxisSizes
    /// How it goes over its input.
    public final let options: Options
    final let steps: PoolSteps

    /// Creates a pool.
    /// - Throws: `ModuleError.layer` unless there is a size for each axis.
    public required init(kernelSize: AxisSizes, options: Options = Options()) throws {
        self.kernelSize = kernelSize
        self.options = options
        let axes = Self.axes
        steps = PoolSteps(
            kernel: try kernelSize.spread(over: axes, "kernel_size"),
            stride: try (options.stride ?? kernelSize).spread(over: axes, "stride"),
            padding: try options.padding.spread(over: axes, "padding"),
            dilation: try options.dilation.spread(over: axes, "dilation"),
            isCeiled: options.ceilMode
        )
    }

    public override var attributeNames: Set<String> { ["kernel_size", "stride", "padding", "ceil_mode"] }

    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        .pooled(.images(inputs, axes: Self.axes, sizes: steps.outputExtents), withIndices: options.returnIndices)
    }

    public final override var workPerElement: Int { CallMeter.windows(of: steps.area) }

    public final override func emptyCopy() throws -> Module { try Self(kernelSize: kernelSize, options: options) }
}

/// The largest number of each window along one axis.
public class MaxPool1d: WindowPool {
    public final override func forward(_ input: Tensor) throws -> Tensor { try input.largestInWindows(steps) }

    public final override func forward(_ arguments: Arguments) throws -> Value {
        guard options.returnIndices else { return try super.forward(arguments) }
        let pooled = try arguments.bound(to: "input", in: self)[0].maxPool(steps, asksForIndices: true)
        return .tuple([.tensor(pooled.values), .tensor(pooled.indices)])
    }

    public final override var extraRepr: String {
        "kernel_size=\(kernelSize), stride=\(options.stride ?? kernelSize), padding=\(options.padding), "
            + "dilation=\(options.dilation), ceil_mode=\(options.ceilMode.pythonText)"
    }

    public final override var attributeNames: Set<String> {
        super.attributeNames.union(["dilation", "return_indices"])
    }
}

/// The largest number of each window along two axes.
public final class MaxPool2d: MaxPool1d {
    override class var axes: Int { 2 }
}

/// The largest number of each window along three axes.
public final class MaxPool3d: MaxPool1d {
    override class var axes: Int { 3 }
}

/// The mean of each window along one axis.
public class AvgPool1d: WindowPool {
    public final override func forward(_ input: Tensor) throws -> Tensor {
        try input.averagePool(steps, countsPadding: options.countIncludePad, divisor: options.divisorOverride)
    }

    public final override var extraRepr: String {
        // PyTorch keeps the sizes of one axis as tuples.
        func text(_ sizes: AxisSizes, _ spread: [Int]) -> String {
            Self.axes == 1 ? spread.pythonTuple : sizes.description
        }
        return "kernel_size=\(text(kernelSize, steps.kernel)), "
            + "stride=\(text(options.stride ?? kernelSize, steps.stride)), "
            + "padding=\(text(options.padding, steps.padding))"
    }

    public final override var attributeNames: Set<String> {
        super.attributeNames.union(["count_include_pad"] + (Self.axes == 1 ? [] : ["divisor_override"]))
    }
}

/// The mean of each window along two axes.
public final class AvgPool2d: AvgPool1d {
    override class var axes: Int { 2 }
}

/// The mean of each window along three axes.
public final class AvgPool3d: AvgPool1d {
    override class var axes: Int { 3 }
}

extension ModuleType {
    /// Pools over windows.
    static let windowPools: [ModuleType] = [
        maxPool(MaxPool1d.self, axes: 1), maxPool(MaxPool2d.self, axes: 2), maxPool(MaxPool3d.self, axes: 3),
        averagePool(AvgPool1d.self, axes: 1), averagePool(AvgPool2d.self, axes: 2),
        averagePool(AvgPool3d.self, axes: 3),
    ]

    private static func maxPool(_ kind: WindowPool.Type, axes: Int) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: windows(axes) + [
                ModuleParameter("dilation", .axisSizes(axes), 1), .returnIndices,
                ModuleParameter("ceil_mode", .flag, false),
            ],
            make: { given, _, _ in
                var options = options(given)
                options.dilation = given.axisSizes("dilation")
                options.returnIndices = given.flag("return_indices")
                return try kind.init(kernelSize: given.axisSizes("kernel_size"), options: options)
            }
        )
    }

    private static func averagePool(_ kind: WindowPool.Type, axes: Int) -> ModuleType {
        let divisor = axes > 1 ? [ModuleParameter("divisor_override", .optionalInt, Value.none)] : []
        return ModuleType(
            "\(kind)",
            parameters: windows(axes) + [
                ModuleParameter("ceil_mode", .flag, false),
                ModuleParameter("count_include_pad", .flag, true),
            ] + divisor,
            make: { given, _, _ in
                var options = options(given)
                options.countIncludePad = given.flag("count_include_pad")
                options.divisorOverride = given.optionalInt("divisor_override")
                return try kind.init(kernelSize: given.axisSizes("kernel_size"), options: options)
            }
        )
    }

    private static func windows(_ axes: Int) -> [ModuleParameter] {
        [
            ModuleParameter("kernel_size", .axisSizes(axes)),
            ModuleParameter("stride", .optionalAxisSizes(axes), Value.none),
            ModuleParameter("padding", .axisSizes(axes), 0),
        ]
    }

    private static func options(_ given: ModuleArguments) -> WindowPool.Options {
        var options = WindowPool.Options()
        options.stride = given.optionalAxisSizes("stride")
        options.padding = given.axisSizes("padding")
        options.ceilMode = given.flag("ceil_mode")
        return options
    }
}

extension ValueSpec {
    /// What a pool gives, with the places of its numbers if it gives them.
    static func pooled(_ output: ValueSpec, withIndices: Bool) -> ValueSpec {
        guard withIndices else { return output }
        return .tuple([output, .tensor((output.tensor ?? .unknown).with(dtype: .int64))])
    }
}
