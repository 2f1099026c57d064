import OrderedCollections
public import Tensors

/// A transformer: an encoder, and a decoder that looks at what the encoder made.
///
/// - Inputs: `src` and `tgt` of `[S, N, modelSize]` and `[T, N, modelSize]`, or with the batch first, or without one; and by
///   name their masks. Output: of the shape of `tgt`.
public final class Transformer: Module {
    /// The arguments that say how it is built, beside those of its layers.
    public struct Stacks: Sendable, Equatable {
        /// The layers of the encoder.
        public var encoderLayers = 6
        /// The layers of the decoder.
        public var decoderLayers = 6

        /// Creates PyTorch's defaults.
        public init() {}
    }

    /// The size of a row.
    public let modelSize: Int
    /// The number of heads.
    public let headCount: Int
    /// How many layers it has.
    public let stacks: Stacks
    /// How its layers are built.
    public let options: TransformerLayer.Options

    private let encoderSlot = Slot<Module>()
    private let decoderSlot = Slot<Module>()

    /// Creates a transformer with random parameters.
    /// - Throws: `ModuleError.layer` for arguments that PyTorch refuses.
    public init(
        modelSize: Int = 512,
        headCount: Int = 8,
        stacks: Stacks = Stacks(),
        options: TransformerLayer.Options = TransformerLayer.Options(),
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws {
        (self.modelSize, self.headCount, self.stacks, self.options) = (modelSize, headCount, stacks, options)
        super.init()
        func layer(_ kind: TransformerLayer.Type) throws -> Module {
            try kind.init(
                modelSize: modelSize,
                headCount: headCount,
                options: options,
                dtype: dtype,
                generator: generator
            )
        }
        func norm() throws -> Module {
            try LayerNorm(
                normalizedShape: [modelSize],
                epsilon: options.layerNormEpsilon,
                bias: options.bias,
                dtype: dtype
            )
        }
        let encoder = try TransformerEncoder(
            layer: layer(TransformerEncoderLayer.self),
            count: stacks.encoderLayers,
            norm: norm()
        )
        try registerChild("encoder", encoder, in: encoderSlot)
        let decoder = try TransformerDecoder(
            layer: layer(TransformerDecoderLayer.self),
            count: stacks.decoderLayers,
            norm: norm()
        )
        try registerChild("decoder", decoder, in: decoderSlot)
        for (_, parameter) in namedParameters() where parameter.tensor.rank > 1 {
            parameter.tensor = try Initial.xavierUniform(parameter.tensor.shape, dtype: dtype, generator: generator)
        }
    }

    private static let parameters = [
        CallParameter("src"), CallParameter("tgt"), CallParameter("src_mask", Value.none),
        CallParameter("tgt_mask", Value.none), CallParameter("memory_mask", Value.none),
        CallParameter("src_key_padding_mask", Value.none), CallParameter("tgt_key_padding_mask", Value.none),
        CallParameter("memory_key_padding_mask", Value.none), CallParameter("src_is_causal", Value.none),
        CallParameter("tgt_is_causal", Value.none), CallParameter("memory_is_causal", .bool(false)),
    ]

    override var boundParameters: [CallParameter]? { Self.parameters }

    public override func forward(_ input: Tensor) throws -> Tensor { try oneTensor(of: forward(Arguments(input))) }

    public override func forward(_ arguments: Arguments) throws -> Value {
        let given = try arguments.bound(to: Self.parameters, in: self)
        guard let source = given[0].tensor, let target = given[1].tensor else {
            let place = given[0].tensor == nil ? 0 : 1
            throw ModuleError.notATensor(
                function: "forward",
                name: Self.parameters[place].name,
                position: place + 1,
                got: given[place].pythonType
            )
        }
        try check(source, target)
        let memory = try encoderSlot(
            Arguments(
                values: [.tensor(source)],
                keyword: ["mask": given[2], "src_key_padding_mask": given[5], "is_causal": given[8]]
            )
        )
        return try decoderSlot(
            Arguments(
                values: [.tensor(target), memory],
                keyword: [
                    "tgt_mask": given[3], "memory_mask": given[4], "tgt_key_padding_mask": given[6],
                    "memory_key_padding_mask": given[7], "tgt_is_causal": given[9], "memory_is_causal": given[10],
                ]
            )
        )
    }

    private func check(_ source: Tensor, _ target: Tensor) throws {
        let axis = options.batchFirst ? 0 : 1
        for tensor in [source, target] where tensor.rank <= axis {
            throw TensorError.dimensionOutOfRange(axis, rank: tensor.rank)
        }
        guard source.rank != 3 || source.shape[axis] == target.shape[axis] else {
            throw ModuleError.layer(.transformerBatches)
        }
        guard [source, target].allSatisfy({ $0.shape.last == modelSize }) else {
            throw ModuleError.layer(.transformerSizes)
        }
    }

    public override var attributeNames: Set<String> {
        ["d_model", "nhead", "batch_first", "generate_square_subsequent_mask"]
    }

    public override var inputSpecs: [TensorSpec]? {
        let specs = encoderSlot.value?.inputSpecs ?? []
        return specs.count == 1 ? specs + specs : nil
    }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        // Masks stand behind both inputs: of scores of the source, the target and the memory, then of their padding.
        func masks(_ places: Int...) -> [ValueSpec] {
            places.map { inputs.indices.contains($0) ? inputs[$0] : .constant(.none) }
        }
        guard inputs.count >= 2,
            let memory = encoderSlot.value?.outputSpec(for: [inputs[0]] + masks(2, 5)),
            let decoder = decoderSlot.value
        else { return .unknown }
        return decoder.outputSpec(for: [inputs[1], memory] + masks(3, 4, 6, 7))
    }

    public override func work(for inputs: [ValueSpec], rows: Int) -> Int? {
        guard inputs.count >= 2, let encoder = encoderSlot.value, let decoder = decoderSlot.value else { return nil }
        let memory = encoder.outputSpec(for: [inputs[0]])
        guard let first = encoder.work(for: [inputs[0]], rows: rows),
            let second = decoder.work(for: [inputs[1], memory], rows: rows)
        else { return nil }
        let (sum, overflow) = first.addingReportingOverflow(second)
        return overflow ? .max : sum
    }

    public override func emptyCopy() throws -> Module {
        // What is drawn here is replaced at once; it must not move the default stream.
        try Transformer(
            modelSize: modelSize,
            headCount: headCount,
            stacks: stacks,
            options: options,
            generator: Generator(seed: 0)
        )
    }
}

extension ModuleType {
    static let transformer = ModuleType(
        "Transformer",
        parameters: [
            ModuleParameter("d_model", .int, 512), ModuleParameter("nhead", .int, 8),
            ModuleParameter("num_encoder_layers", .int, 6), ModuleParameter("num_decoder_layers", .int, 6),
            ModuleParameter("dim_feedforward", .int, 2048),
        ] + layerParameters,
        inputCount: 2,
        tensors: { given in
            // More layers than this have more weights than a tree may have modules.
            let counts = [given.int("num_encoder_layers"), given.int("num_decoder_layers")]
            guard counts.allSatisfy({ $0 <= 10_000 }) else { return [TensorDeclaration("layers", [.max, .max])] }
            return stackTensors(given, "encoder", ["self_attn"], count: counts[0])
                + stackTensors(given, "decoder", ["self_attn", "multihead_attn"], count: counts[1])
        },
        make: { given, dtype, generator in
            var stacks = Transformer.Stacks()
            stacks.encoderLayers = given.int("num_encoder_layers")
            stacks.decoderLayers = given.int("num_decoder_layers")
            return try Transformer(
                modelSize: given.int("d_model"),
                headCount: given.int("nhead"),
                stacks: stacks,
                options: layerOptions(given),
                dtype: dtype,
                generator: generator
            )
        }
    )

    private static func stackTensors(
        _ given: ModuleArguments,
        _ name: String,
        _ attentions: [String],
        count: Int
    ) -> [TensorDeclaration] {
        let layer = transformerTensors(given, attentions)
        let layers = (0..<max(0, count)).flatMap { index in
            layer.map { $0.inside("\(name).layers.\(index)") }
        }
        let size = [given.int("d_model")]
        return layers + [
            TensorDeclaration("\(name).norm.weight", size),
            TensorDeclaration("\(name).norm.bias", size, isPresent: given.flag("bias")),
        ]
    }
}
