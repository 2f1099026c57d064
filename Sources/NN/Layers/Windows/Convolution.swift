public import Tensors

/// What the convolutions share: weighted sums over windows of an image with channels.
///
/// - Input: `[inChannels, *sizes]` or a batch of such. Output: `[outChannels, *sizes]`, or a batch.
/// - State: `weight` of `[outChannels, inChannels / groups, *kernelSize]`, or with the first two exchanged where it is
///   transposed, and `bias` of `[outChannels]`; both drawn uniformly from `±1/√(inputs of an output)`.
public class Convolution: Module {
    /// What stands around the image.
    public enum Padding: Sendable, Equatable {
        /// So many numbers on either side of each axis.
        case sizes(AxisSizes)
        /// Nothing.
        case valid
        /// As much as keeps the sizes.
        case same
    }

    /// What the numbers around the image are.
    public enum PaddingMode: String, Sendable {
        case zeros, reflect, replicate, circular
    }

    /// The arguments that say how it goes over its input.
    public struct Options: Sendable, Equatable {
        /// The distance of windows.
        public var stride: AxisSizes = 1
        /// What stands around the image.
        public var padding = Padding.sizes(0)
        /// What is added at the end of each axis of the output of a transposed convolution.
        public var outputPadding: AxisSizes = 0
        /// The distance of the kernel's numbers.
        public var dilation: AxisSizes = 1
        /// How many parts the channels are cut into, each with kernels of its own.
        public var groups = 1
        /// Whether it has a bias.
        public var bias = true
        /// What the numbers around the image are.
        public var paddingMode = PaddingMode.zeros

        /// Creates PyTorch's defaults.
        public init() {}
    }

    /// The number of axes behind the channels.
    class var axes: Int { 1 }
    class var isTransposed: Bool { false }

    /// The number of channels of the input.
    public final let inChannels: Int
    /// The number of channels of the output.
    public final let outChannels: Int
    /// The kernel's size along each axis.
    public final let kernelSize: [Int]
    /// How it goes over its input.
    public final let options: Options
    private let steps: ConvolutionSteps

    private let weightSlot = Slot<Parameter>()
    private let biasSlot = Slot<Parameter>()

    /// Creates a layer with random parameters.
    /// - Throws: `ModuleError.layer` for arguments that PyTorch refuses.
    public required convenience init(
        inChannels: Int,
        outChannels: Int,
        kernelSize: AxisSizes,
        options: Options = Options(),
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws {
        let kernel = try kernelSize.spread(over: Self.axes, "kernel_size")
        try self.init(unfilled: (inChannels, outChannels, kernel), options)
        let ends = [outChannels, inChannels / options.groups]
        let shape = try Shape(
            checking: (Self.isTransposed ? [inChannels, outChannels / options.groups] : ends) + kernel
        )
        weight = try Parameter(
            Initial.kaimingUniform(
                shape,
                nonlinearity: .leakyReLU(slope: 5.squareRoot()),
                dtype: dtype,
                generator: generator
            )
        )
        guard options.bias else { return }
        let inputs = shape.dropFirst().reduce(1, *)
        let biasShape = try Shape(checking: [outChannels])
        let bound = inputs > 0 ? 1 / Double(inputs).squareRoot() : 0
        bias =
            inputs > 0
            ? try Parameter(Initial.uniform(biasShape, within: bound, dtype, generator))
            : try Parameter(Tensor.zeros(biasShape, dtype: dtype))
    }

    required init(unfilled form: (inChannels: Int, outChannels: Int, kernelSize: [Int]), _ options: Options) throws {
        guard options.groups > 0 else { throw ModuleError.layer(.groupsNotPositive) }
        guard form.inChannels % options.groups == 0 else { throw ModuleError.layer(.groupsDoNotDivide(isInput: true)) }
        guard form.outChannels % options.groups == 0 else {
            throw ModuleError.layer(.groupsDoNotDivide(isInput: false))
        }
        (inChannels, outChannels, kernelSize, self.options) = (form.0, form.1, form.2, options)
        steps = try Self.steps(options)
        super.init()
        if Self.isTransposed, options.paddingMode != .zeros {
            throw ModuleError.layer(.transposedPaddingMode(type: typeName))
        }
        try registerParameter("weight", nil, in: weightSlot)
        try registerParameter("bias", nil, in: biasSlot)
    }

    private static func steps(_ options: Options) throws -> ConvolutionSteps {
        let stride = try options.stride.spread(over: axes, "stride")
        if options.padding == .same, stride.contains(where: { $0 != 1 }) {
            throw ModuleError.layer(.stridedSamePadding)
        }
        let padding: ConvolutionSteps.Padding =
            switch options.padding {
            case .sizes(let sizes): .zeros(try sizes.spread(over: axes, "padding"))
            case .valid: .zeros([Int](repeating: 0, count: axes))
            case .same: .same
            }
        return ConvolutionSteps(
            stride: stride,
            padding: padding,
            dilation: try options.dilation.spread(over: axes, "dilation"),
            groups: options.groups,
            outputPadding: isTransposed ? try options.outputPadding.spread(over: axes, "output_padding") : []
        )
    }

    /// The weight; without one, a call fails.
    public final var weight: Parameter? {
        get { weightSlot.value }
        set { weightSlot.value = newValue }
    }

    /// The bias; `nil` adds none.
    public final var bias: Parameter? {
        get { biasSlot.value }
        set { biasSlot.value = newValue }
    }

    public final override func forward(_ input: Tensor) throws -> Tensor {
        let function = "conv\(Self.isTransposed ? "_transpose" : "")\(Self.axes)d"
        let weight = try weightSlot.operand(of: function, position: 2)
        let bias = biasSlot.operand
        guard !Self.isTransposed else {
            return try input.transposedConvolution(weight: weight, bias: bias, steps: steps)
        }
        guard options.paddingMode != .zeros else {
            return try input.convolution(weight: weight, bias: bias, steps: steps)
        }
        var unpadded = steps
        unpadded.padding = .zeros([Int](repeating: 0, count: Self.axes))
        return try padded(input, around: weight).convolution(weight: weight, bias: bias, steps: unpadded)
    }

    final override var takesSteps: Bool { !Self.isTransposed && options.paddingMode == .zeros }

    final override func forward(_ input: Tensor, through next: ChannelSteps) throws -> Tensor? {
        let weight = try weightSlot.operand(of: "conv\(Self.axes)d", position: 2)
        guard input.rank == Self.axes + 2, let channels = weight.shape.first,
            let finish = ChannelFinish(next, channels: channels)
        else { return nil }
        return try input.convolution(weight: weight, bias: biasSlot.operand, steps: steps, finish: finish)
    }

    /// Returns the input with what stands around it.
    private func padded(_ input: Tensor, around weight: Tensor) throws -> Tensor {
        let amounts: [TensorPadding.Amount] =
            switch steps.padding {
            case .zeros(let sizes): sizes.map { .init(before: $0, after: $0) }
            case .same:
                zip(steps.dilation, kernelSize).map { dilation, kernel in
                    let total = dilation.multipliedReportingOverflow(by: kernel - 1).partialValue
                    return .init(before: total / 2, after: total - total / 2)
                }
            }
        let mode: TensorPadding.Mode =
            switch options.paddingMode {
            case .zeros: .constant(0)
            case .reflect: .reflect
            case .replicate: .replicate
            case .circular: .circular
            }
        return try input.padded(TensorPadding(mode, amounts))
    }

    public final override var extraRepr: String {
        let zeros = [Int](repeating: 0, count: Self.axes)
        var parts = ["\(inChannels), \(outChannels)", "kernel_size=\(kernelSize.pythonTuple)"]
        parts.append("stride=\(steps.stride.pythonTuple)")
        switch (options.padding, steps.padding) {
        case (.valid, _): parts.append("padding=valid")
        case (_, .same): parts.append("padding=same")
        case (_, .zeros(let sizes)): if sizes != zeros { parts.append("padding=\(sizes.pythonTuple)") }
        }
        if steps.dilation.contains(where: { $0 != 1 }) { parts.append("dilation=\(steps.dilation.pythonTuple)") }
        if Self.isTransposed, steps.outputPadding != zeros {
            parts.append("output_padding=\(steps.outputPadding.pythonTuple)")
        }
        if options.groups != 1 { parts.append("groups=\(options.groups)") }
        if bias == nil { parts.append("bias=False") }
        if options.paddingMode != .zeros { parts.append("padding_mode=\(options.paddingMode.rawValue)") }
        return parts.joined(separator: ", ")
    }

    public final override var attributeNames: Set<String> {
        [
            "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "output_padding",
            "padding_mode", "transposed", "reset_parameters",
        ]
    }

    public final override var expectedInput: String? {
        let sizes = ["D", "H", "W"].suffix(Self.axes).joined(separator: ", ")
        let dtype = weight.map { $0.tensor.dtype.rawValue } ?? ""
        return "\(dtype)[\(inChannels), \(sizes)] or [N, \(inChannels), \(sizes)]"
    }

    public final override var inputSpecs: [TensorSpec]? {
        [.images(channels: inChannels, axes: Self.axes, weight?.tensor.dtype)]
    }

    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        ValueSpec.images(inputs, axes: Self.axes, from: inChannels, to: .fixed(outChannels)) { sizes in
            sizes.indices.map { outputExtent(sizes[$0], $0) }
        }.inFloatsIfKnown
    }

    private func outputExtent(_ size: Extent, _ axis: Int) -> Extent {
        guard let size = size.number else { return .unknown }
        let (kernel, stride, dilation) = (kernelSize[axis], steps.stride[axis], steps.dilation[axis])
        switch steps.padding {
        case .same: return .fixed(size)
        case .zeros(let padding) where Self.isTransposed:
            return .transposed(
                size,
                kernel: kernel,
                stride: stride,
                padding: padding[axis],
                dilation: dilation,
                extra: steps.outputPadding[axis]
            )
        case .zeros(let padding):
            return .window(size, kernel: kernel, stride: stride, padding: padding[axis], dilation: dilation)
        }
    }

    public final override var workPerElement: Int {
        (kernelSize + [inChannels / options.groups]).reduce(1) { product, size in
            let (next, overflow) = product.multipliedReportingOverflow(by: max(1, size))
            return overflow ? .max : next
        }
    }

    public final override func emptyCopy() throws -> Module {
        try Self(unfilled: (inChannels, outChannels, kernelSize), options)
    }
}

/// A convolution along one axis.
public final class Conv1d: Convolution {}

/// A convolution along two axes.
public final class Conv2d: Convolution {
    override class var axes: Int { 2 }
}

/// A convolution along three axes.
public final class Conv3d: Convolution {
    override class var axes: Int { 3 }
}

/// What goes back through a convolution along one axis, as a layer.
public final class ConvTranspose1d: Convolution {
    override class var isTransposed: Bool { true }
}

/// What goes back through a convolution along two axes, as a layer.
public final class ConvTranspose2d: Convolution {
    override class var axes: Int { 2 }
    override class var isTransposed: Bool { true }
}

/// What goes back through a convolution along three axes, as a layer.
public final class ConvTranspose3d: Convolution {
    override class var axes: Int { 3 }
    override class var isTransposed: Bool { true }
}
