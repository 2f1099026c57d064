import NN
import Tensors

extension LayerType {
    /// Attention, and the layers of transformers.
    static let attention: [LayerType] = [
        multihead, transformer(TransformerEncoderLayer.self, ["self_attn"], inputs: 1),
        transformer(TransformerDecoderLayer.self, ["self_attn", "multihead_attn"], inputs: 2),
    ]

    private static let multihead = LayerType(
        name: "MultiheadAttention",
        arguments: [
            LayerArgument("embed_dim", .int), LayerArgument("num_heads", .int),
            LayerArgument("dropout", .number, .double(0)), LayerArgument("bias", .flag, .bool(true)),
            LayerArgument("add_bias_kv", .flag, .bool(false)), LayerArgument("add_zero_attn", .flag, .bool(false)),
            LayerArgument("kdim", .optionalInt, .null), LayerArgument("vdim", .optionalInt, .null),
            LayerArgument("batch_first", .flag, .bool(false)),
        ],
        takesDType: true,
        inputCount: 3,
        tensors: { given in
            let size = given.int("embed_dim")
            let (kdim, vdim) = (given.optionalInt("kdim") ?? size, given.optionalInt("vdim") ?? size)
            return attentionTensors(size, kdim, vdim, bias: given.flag("bias"), extra: given.flag("add_bias_kv"))
        },
        rows: { _ in .together },
        features: { _ in Features(output: .unknown) },
        make: { given, dtype, generator in
            var options = MultiheadAttention.Options()
            options.dropout = given.number("dropout")
            options.bias = given.flag("bias")
            options.addBiasKV = given.flag("add_bias_kv")
            options.addZeroAttention = given.flag("add_zero_attn")
            options.kdim = given.optionalInt("kdim")
            options.vdim = given.optionalInt("vdim")
            options.batchFirst = given.flag("batch_first")
            return try MultiheadAttention(
                embedDim: given.int("embed_dim"),
                numHeads: given.int("num_heads"),
                options: options,
                dtype: dtype,
                generator: generator
            )
        }
    )

    /// The tensors of an attention, the sizes saturating.
    private static func attentionTensors(
        _ size: Int,
        _ kdim: Int,
        _ vdim: Int,
        bias: Bool,
        extra: Bool
    ) -> [TensorPlan] {
        let (triple, overflow) = size.multipliedReportingOverflow(by: 3)
        let height = overflow ? (size < 0 ? Int.min : .max) : triple
        let isOneSize = kdim == size && vdim == size
        return [
            TensorPlan(name: "in_proj_weight", sizes: [height, size], isPresent: isOneSize),
            TensorPlan(name: "q_proj_weight", sizes: [size, size], isPresent: !isOneSize),
            TensorPlan(name: "k_proj_weight", sizes: [size, kdim], isPresent: !isOneSize),
            TensorPlan(name: "v_proj_weight", sizes: [size, vdim], isPresent: !isOneSize),
            TensorPlan(name: "in_proj_bias", sizes: [height], isPresent: bias),
            TensorPlan(name: "bias_k", sizes: [1, 1, size], isPresent: extra),
            TensorPlan(name: "bias_v", sizes: [1, 1, size], isPresent: extra),
            TensorPlan(name: "out_proj.weight", sizes: [size, size]),
            TensorPlan(name: "out_proj.bias", sizes: [size], isPresent: bias),
        ]
    }

    private static func transformer(_ kind: TransformerLayer.Type, _ attentions: [String], inputs: Int) -> LayerType {
        LayerType(
            name: "\(kind)",
            arguments: [
                LayerArgument("d_model", .int), LayerArgument("nhead", .int),
                LayerArgument("dim_feedforward", .int, .int(2048)), LayerArgument("dropout", .number, .double(0.1)),
                LayerArgument("activation", .text, .string("relu")),
                LayerArgument("layer_norm_eps", .number, .double(1e-5)),
                LayerArgument("batch_first", .flag, .bool(false)), LayerArgument("norm_first", .flag, .bool(false)),
                LayerArgument("bias", .flag, .bool(true)),
            ],
            takesDType: true,
            inputCount: inputs,
            tensors: { given in transformerTensors(given, attentions) },
            rows: { _ in .together },
            features: { Features(input: $0.int("d_model")) },
            make: { given, dtype, generator in
                var options = TransformerLayer.Options()
                options.dimFeedforward = given.int("dim_feedforward")
                options.dropout = given.number("dropout")
                options.activation = given.text("activation")
                options.layerNormEpsilon = given.number("layer_norm_eps")
                options.batchFirst = given.flag("batch_first")
                options.normFirst = given.flag("norm_first")
                options.bias = given.flag("bias")
                return try kind.init(
                    modelSize: given.int("d_model"),
                    headCount: given.int("nhead"),
                    options: options,
                    dtype: dtype,
                    generator: generator
                )
            }
        )
    }

    private static func transformerTensors(_ given: CheckedArguments, _ attentions: [String]) -> [TensorPlan] {
        let (size, inner, bias) = (given.int("d_model"), given.int("dim_feedforward"), given.flag("bias"))
        let ofAttentions = attentions.flatMap { name in
            attentionTensors(size, size, size, bias: bias, extra: false).map { plan in
                TensorPlan(name: "\(name).\(plan.name)", sizes: plan.sizes, isPresent: plan.isPresent)
            }
        }
        let linears = [("linear1", inner, size), ("linear2", size, inner)].flatMap { name, outputs, inputs in
            [
                TensorPlan(name: "\(name).weight", sizes: [outputs, inputs], isPacked: true),
                TensorPlan(name: "\(name).bias", sizes: [outputs], isPresent: bias),
            ]
        }
        let norms = (1...attentions.count + 1).flatMap { index in
            [
                TensorPlan(name: "norm\(index).weight", sizes: [size]),
                TensorPlan(name: "norm\(index).bias", sizes: [size], isPresent: bias),
            ]
        }
        return ofAttentions + linears + norms
    }
}
