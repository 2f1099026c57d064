import NN
import OrderedCollections
import Tensors

extension LayerType {
    /// Layers that pad, shuffle, fold or scale images.
    static let images: [LayerType] = [
        pad(ZeroPad1d.self, axes: 1), pad(ZeroPad2d.self, axes: 2), pad(ZeroPad3d.self, axes: 3),
        pad(ConstantPad1d.self, axes: 1, takesValue: true), pad(ConstantPad2d.self, axes: 2, takesValue: true),
        pad(ConstantPad3d.self, axes: 3, takesValue: true),
        pad(ReflectionPad1d.self, axes: 1), pad(ReflectionPad2d.self, axes: 2), pad(ReflectionPad3d.self, axes: 3),
        pad(ReplicationPad1d.self, axes: 1), pad(ReplicationPad2d.self, axes: 2), pad(ReplicationPad3d.self, axes: 3),
        pad(CircularPad1d.self, axes: 1), pad(CircularPad2d.self, axes: 2), pad(CircularPad3d.self, axes: 3),
        LayerType(
            name: "PixelShuffle",
            arguments: [LayerArgument("upscale_factor", .int)],
            rows: { _ in .images(axes: 2) },
            features: { _ in Features(output: .unknown) },
            make: { given, _, _ in PixelShuffle(upscaleFactor: given.int("upscale_factor")) }
        ),
        LayerType(
            name: "PixelUnshuffle",
            arguments: [LayerArgument("downscale_factor", .int)],
            rows: { _ in .images(axes: 2) },
            features: { _ in Features(output: .unknown) },
            make: { given, _, _ in PixelUnshuffle(downscaleFactor: given.int("downscale_factor")) }
        ),
        LayerType(
            name: "ChannelShuffle",
            arguments: [LayerArgument("groups", .int)],
            rows: { _ in .batchFirst },
            make: { given, _, _ in ChannelShuffle(groups: given.int("groups")) }
        ),
        LayerType(
            name: "Unflatten",
            arguments: [LayerArgument("dim", .int), LayerArgument("unflattened_size", .tuple)],
            changesRank: true,
            rows: { $0.int("dim") >= 1 ? .batchFirst : .together },
            features: { _ in Features(output: .unknown) },
            make: { given, _, _ in
                Unflatten(dim: given.int("dim"), unflattenedSize: given.sizes("unflattened_size"))
            }
        ),
        unfold, fold, upsample,
        old(UpsamplingNearest2d.self, mode: "nearest", alignsCorners: nil),
        old(UpsamplingBilinear2d.self, mode: "bilinear", alignsCorners: true),
    ]

    private static func pad(_ kind: Pad.Type, axes: Int, takesValue: Bool = false) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: [LayerArgument("padding", .axisSizes(2 * axes))]
                + (takesValue ? [LayerArgument("value", .number)] : []),
            rows: { _ in .images(axes: axes) },
            features: { _ in Features(output: .unknown) },
            make: { given, _, _ in
                try kind.init(given.axisSizes("padding"), value: takesValue ? given.number("value") : 0.0)
            }
        )
    }

    private static let windowArguments = [
        LayerArgument("kernel_size", .axisSizes(2)), LayerArgument("dilation", .axisSizes(2), .int(1)),
        LayerArgument("padding", .axisSizes(2), .int(0)), LayerArgument("stride", .axisSizes(2), .int(1)),
    ]

    private static let unfold = LayerType(
        name: "Unfold",
        arguments: windowArguments,
        changesRank: true,
        rows: { _ in .images(axes: 2) },
        features: { _ in Features(output: .unknown) },
        make: { given, _, _ in
            try Unfold(
                kernelSize: given.axisSizes("kernel_size"),
                dilation: given.axisSizes("dilation"),
                padding: given.axisSizes("padding"),
                stride: given.axisSizes("stride")
            )
        }
    )

    private static let fold = LayerType(
        name: "Fold",
        arguments: [LayerArgument("output_size", .axisSizes(2))] + windowArguments,
        changesRank: true,
        rows: { _ in .images(axes: 1) },
        features: { _ in Features(output: .unknown) },
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

    private static let upsample = LayerType(
        name: "Upsample",
        arguments: [
            LayerArgument("size", .optionalSizes, .null), LayerArgument("scale_factor", .optionalFactors, .null),
            LayerArgument("mode", .text, .string("nearest")), LayerArgument("align_corners", .optionalFlag, .null),
            LayerArgument("recompute_scale_factor", .optionalFlag, .null),
        ],
        rows: { _ in .batchFirst },
        features: { _ in Features(output: .unknown) },
        make: { given, _, _ in
            Upsample(
                size: given.optionalAxisSizes("size"),
                scaleFactor: given.factors("scale_factor"),
                mode: given.text("mode"),
                alignCorners: given.optionalFlag("align_corners"),
                recomputeScaleFactor: given.optionalFlag("recompute_scale_factor")
            )
        }
    )

    private static func old(_ kind: Upsample.Type, mode: String, alignsCorners: Bool?) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: [
                LayerArgument("size", .optionalSizes, .null), LayerArgument("scale_factor", .optionalFactors, .null),
            ],
            rows: { _ in .batchFirst },
            features: { _ in Features(output: .unknown) },
            make: { given, _, _ in
                kind.init(
                    size: given.optionalAxisSizes("size"),
                    scaleFactor: given.factors("scale_factor"),
                    mode: mode,
                    alignCorners: alignsCorners,
                    recomputeScaleFactor: nil
                )
            }
        )
    }
}
