import NN
import Tensors

extension LayerType {
    /// Layers that normalise or drop channels.
    static let channelLayers: [LayerType] = [
        channelNorm(BatchNorm1d.self, isBatch: true, rows: .batchFirst, input: { $0.int("num_features") }),
        channelNorm(BatchNorm2d.self, isBatch: true, rows: .images(axes: 2)),
        channelNorm(BatchNorm3d.self, isBatch: true, rows: .images(axes: 3)),
        channelNorm(InstanceNorm1d.self, isBatch: false, rows: .images(axes: 1)),
        channelNorm(InstanceNorm2d.self, isBatch: false, rows: .images(axes: 2)),
        channelNorm(InstanceNorm3d.self, isBatch: false, rows: .images(axes: 3)),
        groupNorm, responseNorm(LocalResponseNorm.self, k: .double(1)), responseNorm(CrossMapLRN2d.self, k: .int(1)),
        dropout(Dropout1d.self, .images(axes: 1)), dropout(Dropout2d.self, .batchFirst),
        dropout(Dropout3d.self, .images(axes: 3)), dropout(AlphaDropout.self, .apart),
        dropout(FeatureAlphaDropout.self, .batchFirst),
    ]

    private static func channelNorm(
        _ kind: ChannelNorm.Type,
        isBatch: Bool,
        rows: RowRule,
        input: @escaping @Sendable (CheckedArguments) -> Int? = { _ in nil }
    ) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: [
                LayerArgument("num_features", .int), LayerArgument("eps", .number, .double(1e-5)),
                LayerArgument("momentum", .optionalNumber, .double(0.1)),
                LayerArgument("affine", .flag, .bool(isBatch)),
                LayerArgument("track_running_stats", .flag, .bool(isBatch)),
                LayerArgument("bias", .flag, .bool(true)),
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
            // Without running statistics a normalisation of batches takes those of the batch even in use.
            rows: { !isBatch || $0.flag("track_running_stats") ? .unlessTraining(rows) : .together },
            features: { Features(input: input($0)) },
            make: { given, dtype, generator in
                var options = ChannelNorm.Options()
                options.epsilon = given.number("eps")
                options.momentum = given.optionalNumber("momentum")
                options.affine = given.flag("affine")
                options.bias = given.flag("bias")
                options.trackRunningStats = given.flag("track_running_stats")
                return try kind.init(
                    numFeatures: given.int("num_features"),
                    options: options,
                    dtype: dtype,
                    generator: generator
                )
            }
        )
    }

    private static let groupNorm = LayerType(
        name: "GroupNorm",
        arguments: [
            LayerArgument("num_groups", .int), LayerArgument("num_channels", .int),
            LayerArgument("eps", .number, .double(1e-5)), LayerArgument("affine", .flag, .bool(true)),
            LayerArgument("bias", .flag, .bool(true)),
        ],
        takesDType: true,
        tensors: { given in
            let (sizes, isAffine) = ([given.int("num_channels")], given.flag("affine"))
            return [
                TensorPlan(name: "weight", sizes: sizes, isPresent: isAffine),
                TensorPlan(name: "bias", sizes: sizes, isPresent: isAffine && given.flag("bias")),
            ]
        },
        // One image with one number in each group is refused where a batch of them is not.
        rows: { _ in .together },
        make: { given, dtype, _ in
            try GroupNorm(
                numGroups: given.int("num_groups"),
                numChannels: given.int("num_channels"),
                epsilon: given.number("eps"),
                affine: given.flag("affine"),
                bias: given.flag("bias"),
                dtype: dtype
            )
        }
    )

    private static func responseNorm(_ kind: LocalResponseNorm.Type, k: ArgumentValue) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: [
                LayerArgument("size", .int), LayerArgument("alpha", .number, .double(1e-4)),
                LayerArgument("beta", .number, .double(0.75)), LayerArgument("k", .number, k),
            ],
            rows: { _ in .batchFirst },
            make: { given, _, _ in
                kind.init(
                    size: given.int("size"),
                    alpha: given.number("alpha"),
                    beta: given.number("beta"),
                    k: given.number("k")
                )
            }
        )
    }

    private static func dropout(_ kind: FeatureDropout.Type, _ rows: RowRule) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: [LayerArgument("p", .number, .double(0.5)), LayerArgument("inplace", .flag, .bool(false))],
            rows: { _ in .unlessTraining(rows) },
            make: { given, _, _ in try kind.init(p: given.number("p"), inplace: given.flag("inplace")) }
        )
    }
}
