import NN
import Tensors

extension LayerType {
    private static let affine = LayerArgument("elementwise_affine", .flag, .bool(true))

    /// Layers that normalise.
    static let normalizations: [LayerType] = [
        LayerType(
            name: "LayerNorm",
            arguments: [
                LayerArgument("normalized_shape", .sizes), LayerArgument("eps", .number, .double(1e-5)), affine,
                LayerArgument("bias", .flag, .bool(true)),
            ],
            takesDType: true,
            tensors: { given in
                let (sizes, isAffine) = (given.sizes("normalized_shape"), given.flag("elementwise_affine"))
                return [
                    TensorPlan(name: "weight", sizes: sizes, isPresent: isAffine),
                    TensorPlan(name: "bias", sizes: sizes, isPresent: isAffine && given.flag("bias")),
                ]
            },
            rows: { $0.sizes("normalized_shape").count == 1 ? .apart : .together },
            features: { Features(input: $0.sizes("normalized_shape").last) },
            make: { given, dtype, _ in
                try LayerNorm(
                    normalizedShape: given.sizes("normalized_shape"),
                    epsilon: given.number("eps"),
                    elementwiseAffine: given.flag("elementwise_affine"),
                    bias: given.flag("bias"),
                    dtype: dtype
                )
            }
        ),
        LayerType(
            name: "RMSNorm",
            arguments: [
                LayerArgument("normalized_shape", .sizes), LayerArgument("eps", .optionalNumber, .null), affine,
            ],
            takesDType: true,
            tensors: { given in
                let isAffine = given.flag("elementwise_affine")
                return [TensorPlan(name: "weight", sizes: given.sizes("normalized_shape"), isPresent: isAffine)]
            },
            rows: { $0.sizes("normalized_shape").count == 1 ? .apart : .together },
            features: { Features(input: $0.sizes("normalized_shape").last) },
            make: { given, dtype, _ in
                try RMSNorm(
                    normalizedShape: given.sizes("normalized_shape"),
                    epsilon: given.optionalNumber("eps"),
                    elementwiseAffine: given.flag("elementwise_affine"),
                    dtype: dtype
                )
            }
        ),
    ]
}
