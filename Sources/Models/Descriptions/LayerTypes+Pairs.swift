import NN
import Tensors

extension LayerType {
    /// Layers of two inputs, and pools of powers.
    static let pairs: [LayerType] = [
        LayerType(
            name: "CosineSimilarity",
            arguments: [LayerArgument("dim", .int, .int(1)), LayerArgument("eps", .number, .double(1e-8))],
            changesRank: true,
            inputCount: 2,
            rows: { _ in .together },
            features: { _ in Features(output: .unknown) },
            make: { given, _, _ in CosineSimilarity(dim: given.int("dim"), epsilon: given.number("eps")) }
        ),
        LayerType(
            name: "PairwiseDistance",
            arguments: [
                LayerArgument("p", .number, .double(2)), LayerArgument("eps", .number, .double(1e-6)),
                LayerArgument("keepdim", .flag, .bool(false)),
            ],
            changesRank: true,
            inputCount: 2,
            rows: { _ in .together },
            features: { _ in Features(output: .unknown) },
            make: { given, _, _ in
                PairwiseDistance(p: given.number("p"), epsilon: given.number("eps"), keepdim: given.flag("keepdim"))
            }
        ),
        powerPool(LPPool1d.self, axes: 1), powerPool(LPPool2d.self, axes: 2), powerPool(LPPool3d.self, axes: 3),
    ]

    private static func powerPool(_ kind: LPPool1d.Type, axes: Int) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: [
                LayerArgument("norm_type", .number), LayerArgument("kernel_size", .axisSizes(axes)),
                LayerArgument("stride", .optionalAxisSizes(axes), .null),
                LayerArgument("ceil_mode", .flag, .bool(false)),
            ],
            rows: { _ in .images(axes: axes) },
            features: { _ in Features(output: .unknown) },
            make: { given, _, _ in
                try kind.init(
                    normType: given.number("norm_type"),
                    kernelSize: given.axisSizes("kernel_size"),
                    stride: given.optionalAxisSizes("stride"),
                    ceilMode: given.flag("ceil_mode")
                )
            }
        )
    }
}
