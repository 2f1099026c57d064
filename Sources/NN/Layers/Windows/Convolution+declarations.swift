import OrderedCollections
import Tensors

extension ModuleType {
    /// Convolutions in both directions.
    static let convolutions: [ModuleType] = [
        convolution(Conv1d.self, axes: 1), convolution(Conv2d.self, axes: 2), convolution(Conv3d.self, axes: 3),
        transposed(ConvTranspose1d.self, axes: 1), transposed(ConvTranspose2d.self, axes: 2),
        transposed(ConvTranspose3d.self, axes: 3),
    ]

    private static func convolution(_ kind: Convolution.Type, axes: Int) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: channels(axes) + [
                ModuleParameter("stride", .axisSizes(axes), 1),
                ModuleParameter("padding", .axisSizesOrText(axes), 0),
                ModuleParameter("dilation", .axisSizes(axes), 1), ModuleParameter("groups", .int, 1),
                ModuleParameter("bias", .flag, true), paddingMode,
            ],
            tensors: { given in
                weights(given, [given.int("out_channels"), part(given.int("in_channels"), given)], axes)
            },
            make: { given, dtype, generator in try make(kind, given, dtype, generator) }
        )
    }

    private static func transposed(_ kind: Convolution.Type, axes: Int) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: channels(axes) + [
                ModuleParameter("stride", .axisSizes(axes), 1), ModuleParameter("padding", .axisSizes(axes), 0),
                ModuleParameter("output_padding", .axisSizes(axes), 0), ModuleParameter("groups", .int, 1),
                ModuleParameter("bias", .flag, true), ModuleParameter("dilation", .axisSizes(axes), 1),
                paddingMode,
            ],
            tensors: { given in
                weights(given, [given.int("in_channels"), part(given.int("out_channels"), given)], axes)
            },
            make: { given, dtype, generator in try make(kind, given, dtype, generator) }
        )
    }

    private static func channels(_ axes: Int) -> [ModuleParameter] {
        [
            ModuleParameter("in_channels", .int), ModuleParameter("out_channels", .int),
            ModuleParameter("kernel_size", .axisSizes(axes)),
        ]
    }

    private static let paddingMode = ModuleParameter("padding_mode", .text, "zeros")

    /// The channels of one group; PyTorch refuses groups that do not divide them later.
    private static func part(_ channels: Int, _ given: ModuleArguments) -> Int {
        given.int("groups") > 0 ? channels / given.int("groups") : channels
    }

    private static func weights(_ given: ModuleArguments, _ ends: [Int], _ axes: Int) -> [TensorDeclaration] {
        let kernel = given.sizes("kernel_size")
        let sizes = kernel.count == axes ? kernel : [Int](repeating: kernel.first ?? 0, count: axes)
        return [
            TensorDeclaration("weight", ends + sizes),
            TensorDeclaration("bias", [given.int("out_channels")], isPresent: given.flag("bias")),
        ]
    }

    private static func make(
        _ kind: Convolution.Type,
        _ given: ModuleArguments,
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

    private static func padding(_ given: ModuleArguments) throws -> Convolution.Padding {
        guard case .string(let name) = given.values["padding"] else { return .sizes(given.axisSizes("padding")) }
        switch name {
        case "same": return .same
        case "valid": return .valid
        default: throw ModuleError.layer(.paddingName(name))
        }
    }
}
