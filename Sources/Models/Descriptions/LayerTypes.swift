import NN
import Tensors

extension LayerType {
    private static let bias = LayerArgument("bias", .flag, .bool(true))

    /// Layers that multiply or look up.
    static let linears: [LayerType] = [
        LayerType(
            name: "Linear",
            arguments: [LayerArgument("in_features", .int), LayerArgument("out_features", .int), bias],
            takesDType: true,
            tensors: { given in
                [
                    TensorPlan(
                        name: "weight",
                        sizes: [given.int("out_features"), given.int("in_features")],
                        isPacked: true
                    ),
                    TensorPlan(name: "bias", sizes: [given.int("out_features")], isPresent: given.flag("bias")),
                ]
            },
            features: {
                Features(input: $0.int("in_features"), output: .size($0.int("out_features")))
            },
            make: { given, dtype, generator in
                try Linear(
                    inFeatures: given.int("in_features"),
                    outFeatures: given.int("out_features"),
                    bias: given.flag("bias"),
                    dtype: dtype,
                    generator: generator
                )
            }
        ),
        bilinear,
        LayerType(
            name: "Embedding",
            arguments: [
                LayerArgument("num_embeddings", .int), LayerArgument("embedding_dim", .int),
                LayerArgument("padding_idx", .optionalInt, .null),
            ],
            takesDType: true,
            changesRank: true,
            tensors: {
                [TensorPlan(name: "weight", sizes: [$0.int("num_embeddings"), $0.int("embedding_dim")])]
            },
            rows: { _ in .indices },
            features: { Features(output: .size($0.int("embedding_dim")), takesIndices: true) },
            make: { given, dtype, generator in
                try Embedding(
                    numEmbeddings: given.int("num_embeddings"),
                    embeddingDim: given.int("embedding_dim"),
                    paddingIndex: given.optionalInt("padding_idx"),
                    dtype: dtype,
                    generator: generator
                )
            }
        ),
    ]

    private static let bilinear = LayerType(
        name: "Bilinear",
        arguments: [
            LayerArgument("in1_features", .int), LayerArgument("in2_features", .int),
            LayerArgument("out_features", .int), bias,
        ],
        takesDType: true,
        inputCount: 2,
        tensors: { given in
            let sizes = [given.int("out_features"), given.int("in1_features"), given.int("in2_features")]
            return [
                TensorPlan(name: "weight", sizes: sizes),
                TensorPlan(name: "bias", sizes: [given.int("out_features")], isPresent: given.flag("bias")),
            ]
        },
        rows: { _ in .together },
        features: { Features(output: .size($0.int("out_features"))) },
        make: { given, dtype, generator in
            try Bilinear(
                in1Features: given.int("in1_features"),
                in2Features: given.int("in2_features"),
                outFeatures: given.int("out_features"),
                bias: given.flag("bias"),
                dtype: dtype,
                generator: generator
            )
        }
    )
}
