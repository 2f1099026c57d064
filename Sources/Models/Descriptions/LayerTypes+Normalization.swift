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
        batchNorm,
    ]

    private static let batchNorm = LayerType(
        name: "BatchNorm1d",
        arguments: [
            LayerArgument("num_features", .int), LayerArgument("eps", .number, .double(1e-5)),
            LayerArgument("momentum", .optionalNumber, .double(0.1)), LayerArgument("affine", .flag, .bool(true)),
            LayerArgument("track_running_stats", .flag, .bool(true)), LayerArgument("bias", .flag, .bool(true)),
        ],
        takesDType: true,
        tensors: { given in
            let sizes = [given.int("num_features")]
            let (isAffine, tracks) = (given.flag("affine"), given.flag("track_running_stats"))
            return [
                TensorPlan(name: "weight", sizes: sizes, isPresent: isAffine),
                TensorPlan(name: "bias", sizes: sizes, isPresent: isAffine && given.flag("bias")),
                TensorPlan(name: "running_mean", sizes: sizes, isPresent: tracks),
                TensorPlan(name: "running_var", sizes: sizes, isPresent: tracks),
                TensorPlan(name: "num_batches_tracked", sizes: [], isPresent: tracks, dtype: .int64),
            ]
        },
        // Without running statistics it takes those of the batch even in use.
        rows: { $0.flag("track_running_stats") ? .unlessTraining(.batchFirst) : .together },
        features: { Features(input: $0.int("num_features")) },
        make: { given, dtype, generator in
            var options = BatchNorm1d.Options()
            options.epsilon = given.number("eps")
            options.momentum = given.optionalNumber("momentum")
            options.affine = given.flag("affine")
            options.bias = given.flag("bias")
            options.trackRunningStats = given.flag("track_running_stats")
            return try BatchNorm1d(
                numFeatures: given.int("num_features"),
                options: options,
                dtype: dtype,
                generator: generator
            )
        }
    )
}
