import NN
import OrderedCollections
import Tensors

extension LayerType {
    /// Convolutions in both directions.
    static let convolutions: [LayerType] = [
        convolution(Conv1d.self, axes: 1), convolution(Conv2d.self, axes: 2), convolution(Conv3d.self, axes: 3),
        transposed(ConvTranspose1d.self, axes: 1), transposed(ConvTranspose2d.self, axes: 2),
        transposed(ConvTranspose3d.self, axes: 3),
    ]

    private static func convolution(_ kind: Convolution.Type, axes: Int) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: channels(axes) + [
                LayerArgument("stride", .axisSizes(axes), .int(1)),
                LayerArgument("padding", .axisSizesOrText(axes), .int(0)),
                LayerArgument("dilation", .axisSizes(axes), .int(1)), LayerArgument("groups", .int, .int(1)),
                LayerArgument("bias", .flag, .bool(true)), paddingMode,
            ],
            takesDType: true,
            tensors: { given in
                weights(given, [given.int("out_channels"), part(given.int("in_channels"), given)], axes)
            },
            rows: { _ in .images(axes: axes) },
            features: { _ in Features(output: .unknown) },
            make: { given, dtype, generator in try make(kind, given, dtype, generator) }
        )
    }

    private static func transposed(_ kind: Convolution.Type, axes: Int) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: channels(axes) + [
                LayerArgument("stride", .axisSizes(axes), .int(1)), LayerArgument("padding", .axisSizes(axes), .int(0)),
                LayerArgument("output_padding", .axisSizes(axes), .int(0)), LayerArgument("groups", .int, .int(1)),
                LayerArgument("bias", .flag, .bool(true)), LayerArgument("dilation", .axisSizes(axes), .int(1)),
                paddingMode,
            ],
            takesDType: true,
            tensors: { given in
                weights(given, [given.int("in_channels"), part(given.int("out_channels"), given)], axes)
            },
            rows: { _ in .images(axes: axes) },
            features: { _ in Features(output: .unknown) },
            make: { given, dtype, generator in try make(kind, given, dtype, generator) }
        )
    }

    private static func channels(_ axes: Int) -> [LayerArgument] {
        [
            LayerArgument("in_channels", .int), LayerArgument("out_channels", .int),
            LayerArgument("kernel_size", .axisSizes(axes)),
        ]
    }

    private static let paddingMode = LayerArgument("padding_mode", .text, .string("zeros"))

    /// The channels of one group; PyTorch refuses groups that do not divide them later.
    private static func part(_ channels: Int, _ given: CheckedArguments) -> Int {
        given.int("groups") > 0 ? channels / given.int("groups") : channels
    }

    private static func weights(_ given: CheckedArguments, _ ends: [Int], _ axes: Int) -> [TensorPlan] {
        let kernel = given.sizes("kernel_size")
        let sizes = kernel.count == axes ? kernel : [Int](repeating: kernel.first ?? 0, count: axes)
        return [
            TensorPlan(name: "weight", sizes: ends + sizes),
            TensorPlan(name: "bias", sizes: [given.int("out_channels")], isPresent: given.flag("bias")),
        ]
    }

    private static func make(
        _ kind: Convolution.Type,
        _ given: CheckedArguments,
        _ dtype: DType,
        _ generator: Generator?
    ) throws -> Module {
        var options = Convolution.Options()
        options.stride = given.axisSizes("stride")
        options.padding = try padding(given)
        options.dilation = given.axisSizes("dilation")
        options.outputPadding = given.axisSizes("output_padding")
        options.groups = given.int("groups")
        options.bias = given.flag("bias")
        let mode = given.text("padding_mode")
        guard let paddingMode = Convolution.PaddingMode(rawValue: mode) else {
            throw ModuleError.layer(.paddingMode(mode))
        }
        options.paddingMode = paddingMode
        return try kind.init(
            inChannels: given.int("in_channels"),
            outChannels: given.int("out_channels"),
            kernelSize: given.axisSizes("kernel_size"),
            options: options,
            dtype: dtype,
            generator: generator
        )
    }

    private static func padding(_ given: CheckedArguments) throws -> Convolution.Padding {
        guard case .string(let name) = given.values["padding"] else { return .sizes(given.axisSizes("padding")) }
        switch name {
        case "same": return .same
        case "valid": return .valid
        default: throw ModuleError.layer(.paddingName(name))
        }
    }
}

extension LayerType {
    /// Pools over windows, and over even parts.
    static let pools: [LayerType] = [
        maxPool(MaxPool1d.self, axes: 1), maxPool(MaxPool2d.self, axes: 2), maxPool(MaxPool3d.self, axes: 3),
        averagePool(AvgPool1d.self, axes: 1), averagePool(AvgPool2d.self, axes: 2),
        averagePool(AvgPool3d.self, axes: 3),
        adaptivePool(AdaptiveAvgPool1d.self, axes: 1), adaptivePool(AdaptiveAvgPool2d.self, axes: 2),
        adaptivePool(AdaptiveAvgPool3d.self, axes: 3),
        adaptivePool(AdaptiveMaxPool1d.self, axes: 1), adaptivePool(AdaptiveMaxPool2d.self, axes: 2),
        adaptivePool(AdaptiveMaxPool3d.self, axes: 3),
    ]

    private static func maxPool(_ kind: WindowPool.Type, axes: Int) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: windows(axes) + [
                LayerArgument("dilation", .axisSizes(axes), .int(1)), LayerArgument("ceil_mode", .flag, .bool(false)),
            ],
            rows: { _ in .images(axes: axes) },
            features: { _ in Features(output: .unknown) },
            make: { given, _, _ in
                var options = options(given)
                options.dilation = given.axisSizes("dilation")
                return try kind.init(kernelSize: given.axisSizes("kernel_size"), options: options)
            }
        )
    }

    private static func averagePool(_ kind: WindowPool.Type, axes: Int) -> LayerType {
        let divisor = axes > 1 ? [LayerArgument("divisor_override", .optionalInt, .null)] : []
        return LayerType(
            name: "\(kind)",
            arguments: windows(axes) + [
                LayerArgument("ceil_mode", .flag, .bool(false)),
                LayerArgument("count_include_pad", .flag, .bool(true)),
            ] + divisor,
            rows: { _ in .images(axes: axes) },
            features: { _ in Features(output: .unknown) },
            make: { given, _, _ in
                var options = options(given)
                options.countIncludePad = given.flag("count_include_pad")
                options.divisorOverride = given.optionalInt("divisor_override")
                return try kind.init(kernelSize: given.axisSizes("kernel_size"), options: options)
            }
        )
    }

    private static func windows(_ axes: Int) -> [LayerArgument] {
        [
            LayerArgument("kernel_size", .axisSizes(axes)), LayerArgument("stride", .optionalAxisSizes(axes), .null),
            LayerArgument("padding", .axisSizes(axes), .int(0)),
        ]
    }

    private static func options(_ given: CheckedArguments) -> WindowPool.Options {
        var options = WindowPool.Options()
        options.stride = given.optionalAxisSizes("stride")
        options.padding = given.axisSizes("padding")
        options.ceilMode = given.flag("ceil_mode")
        return options
    }

    private static func adaptivePool(_ kind: AdaptivePool.Type, axes: Int) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: [LayerArgument("output_size", .outputSizes(axes))],
            rows: { _ in .images(axes: axes) },
            features: { _ in Features(output: .unknown) },
            make: { given, _, _ in try kind.init(outputSize: given.outputSizes("output_size")) }
        )
    }
}
