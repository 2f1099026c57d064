import OrderedCollections
public import Tensors

/// What the layers of transformers share: attentions and two linear layers, each added to what it gets and normalised.
public class TransformerLayer: Module {
    /// The arguments that say how it is built.
    public struct Options: Sendable, Equatable {
        /// The size between the linear layers.
        public var dimFeedforward = 2048
        /// The probability with which, in training, numbers are dropped.
        public var dropout: PythonNumber = 0.1
        /// The function between the linear layers: `relu` or `gelu`.
        public var activation = "relu"
        /// What keeps the norms' division from zero.
        public var layerNormEpsilon: PythonNumber = 1e-5
        /// Whether the batch comes first.
        public var batchFirst = false
        /// Whether norms come before attentions and linear layers.
        public var normFirst = false
        /// Whether the linear layers and the norms have biases.
        public var bias = true

        /// Creates PyTorch's defaults.
        public init() {}
    }

    /// The size of a row.
    public final let modelSize: Int
    /// The number of heads.
    public final let headCount: Int
    /// How it is built.
    public final let options: Options
    /// The names of the attentions.
    class var attentions: [String] { ["self_attn"] }

    private let attentionSlots: [Slot<Module>]
    private let linearSlots = [Slot<Module>(), Slot<Module>()]
    private let dropoutSlot = Slot<Module>()
    private let normSlots: [Slot<Module>]
    private let dropoutSlots: [Slot<Module>]

    /// Creates a layer with random parameters.
    /// - Throws: `ModuleError.layer` for arguments that PyTorch refuses.
    public required init(
        modelSize: Int,
        headCount: Int,
        options: Options = Options(),
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws {
        (self.modelSize, self.headCount, self.options) = (modelSize, headCount, options)
        guard ["relu", "gelu"].contains(options.activation) else {
            throw ModuleError.layer(.activation(options.activation))
        }
        let count = Self.attentions.count
        attentionSlots = (0..<count).map { _ in Slot() }
        normSlots = (0...count).map { _ in Slot() }
        dropoutSlots = (0...count).map { _ in Slot() }
        super.init()
        for (name, slot) in zip(Self.attentions, attentionSlots) {
            try registerChild(name, attention(dtype, generator), in: slot)
        }
        let sizes = [modelSize, options.dimFeedforward, modelSize]
        for index in 0..<2 {
            let linear = try Linear(
                inFeatures: sizes[index],
                outFeatures: sizes[index + 1],
                bias: options.bias,
                dtype: dtype,
                generator: generator
            )
            try registerChild("linear\(index + 1)", linear, in: linearSlots[index])
            if index == 0 { try registerChild("dropout", Dropout(p: options.dropout), in: dropoutSlot) }
        }
        for (index, slot) in normSlots.enumerated() {
            let norm = try LayerNorm(
                normalizedShape: [modelSize],
                epsilon: options.layerNormEpsilon,
                bias: options.bias,
                dtype: dtype
            )
            try registerChild("norm\(index + 1)", norm, in: slot)
        }
        for (index, slot) in dropoutSlots.enumerated() {
            try registerChild("dropout\(index + 1)", Dropout(p: options.dropout), in: slot)
        }
    }

    private func attention(_ dtype: DType, _ generator: Generator?) throws -> Module {
        var settings = MultiheadAttention.Options()
        settings.dropout = options.dropout
        settings.bias = options.bias
        settings.batchFirst = options.batchFirst
        return try MultiheadAttention(
            embedDim: modelSize,
            numHeads: headCount,
            options: settings,
            dtype: dtype,
            generator: generator
        )
    }

    /// Returns `input` with what `change` makes of it added, the norm at `index` before or after.
    final func adding(_ input: Tensor, _ index: Int, _ change: (Tensor) throws -> Tensor) throws -> Tensor {
        guard options.normFirst else { return try normSlots[index](input + change(input)) }
        return try input + change(normSlots[index](input))
    }

    /// Returns what the attention at `index` makes of `input` and `memory`.
    final func attended(_ index: Int, _ input: Tensor, _ memory: Tensor, mask: Value, padding: Value) throws -> Tensor {
        let arguments = Arguments(
            values: [.tensor(input), .tensor(memory), .tensor(memory)],
            keyword: ["attn_mask": mask, "key_padding_mask": padding, "need_weights": .bool(false)]
        )
        let output = try attentionSlots[index](arguments)
        let attended = try oneTensor(of: output.elements?.first ?? output)
        return try dropoutSlots[index](attended)
    }

    /// Returns what the linear layers make of `input`.
    final func fed(_ input: Tensor) throws -> Tensor {
        let hidden = try linearSlots[0](input)
        let active = try options.activation == "gelu" ? hidden.gelu() : hidden.relu()
        let output = try linearSlots[1](dropoutSlot(active))
        return try dropoutSlots[dropoutSlots.count - 1](output)
    }

    public override var attributeNames: Set<String> { ["norm_first", "activation", "activation_relu_or_gelu"] }

    public final override var inputSpecs: [TensorSpec]? {
        let dtype = (linearSlots[0].value as? Linear)?.weight?.tensor.dtype
        return Self.attentions.map { _ in .sequences(batchFirst: options.batchFirst, size: modelSize, dtype) }
    }

    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        let count = Self.attentions.count
        let specs = inputs.prefix(count).compactMap(\.tensor)
        guard specs.count == count, let rank = specs[0].rank, rank == 2 || rank == 3 else { return .unknown }
        let rows: TensorSpec.Rows =
            MaskSpecs(behind: count, of: inputs).keepRowsApart && !(isTraining && options.dropout.value > 0)
            ? .ofSequences(specs, axis: options.batchFirst ? 0 : 1) : .mixed
        return .tensor(specs[0].with(rows: rows))
    }

    public final override var workPerElement: Int {
        let (attention, overflow) = modelSize.multipliedReportingOverflow(by: 4 * Self.attentions.count)
        let (linears, overflow2) = options.dimFeedforward.multipliedReportingOverflow(by: 2)
        let (work, overflow3) = attention.addingReportingOverflow(linears)
        return overflow || overflow2 || overflow3 ? .max : work
    }

    public final override func emptyCopy() throws -> Module {
        // What is drawn here is replaced at once; it must not move the default stream.
        try Self(modelSize: modelSize, headCount: headCount, options: options, generator: Generator(seed: 0))
    }
}

/// A layer of a transformer's encoder: attention of a sequence to itself, then two linear layers.
///
/// Inputs: `src` of `[S, N, modelSize]`, or `[N, S, modelSize]` where the batch comes first, or `[S, modelSize]`; and by name
/// `src_mask`, `src_key_padding_mask` and `is_causal`. Output: of the shape of `src`.
public final class TransformerEncoderLayer: TransformerLayer {
    private static let parameters = [
        CallParameter("src"), CallParameter("src_mask", Value.none), CallParameter("src_key_padding_mask", Value.none),
        CallParameter("is_causal", .bool(false)),
    ]

    override var boundParameters: [CallParameter]? { Self.parameters }

    public override func forward(_ input: Tensor) throws -> Tensor { try oneTensor(of: forward(Arguments(input))) }

    public override func forward(_ arguments: Arguments) throws -> Value {
        let given = try arguments.bound(to: Self.parameters, in: self)
        guard let input = given[0].tensor else {
            throw ModuleError.notATensor(function: "forward", name: "src", position: 1, got: given[0].pythonType)
        }
        let attended = try adding(input, 0) { try self.attended(0, $0, $0, mask: given[1], padding: given[2]) }
        return .tensor(try adding(attended, 1) { try fed($0) })
    }
}

/// A layer of a transformer's decoder: attention of a sequence to itself and to another, then two linear layers.
///
/// Inputs: `tgt` and `memory` of `[L, N, modelSize]`, or `[N, L, modelSize]` where the batch comes first, or
/// `[L, modelSize]`; and by name `tgt_mask`, `memory_mask`, their `..._key_padding_mask`, and whether they are causal.
/// Output: of the shape of `tgt`.
public final class TransformerDecoderLayer: TransformerLayer {
    override class var attentions: [String] { ["self_attn", "multihead_attn"] }

    private static let parameters = [
        CallParameter("tgt"), CallParameter("memory"), CallParameter("tgt_mask", Value.none),
        CallParameter("memory_mask", Value.none), CallParameter("tgt_key_padding_mask", Value.none),
        CallParameter("memory_key_padding_mask", Value.none), CallParameter("tgt_is_causal", .bool(false)),
        CallParameter("memory_is_causal", .bool(false)),
    ]

    override var boundParameters: [CallParameter]? { Self.parameters }

    public override func forward(_ input: Tensor) throws -> Tensor { try oneTensor(of: forward(Arguments(input))) }

    public override func forward(_ arguments: Arguments) throws -> Value {
        let given = try arguments.bound(to: Self.parameters, in: self)
        guard let input = given[0].tensor, let memory = given[1].tensor else {
            let got = given[0].tensor == nil ? given[0] : given[1]
            throw ModuleError.notATensor(function: "forward", name: "tgt", position: 1, got: got.pythonType)
        }
        let own = try adding(input, 0) { try attended(0, $0, $0, mask: given[2], padding: given[4]) }
        let other = try adding(own, 1) { try attended(1, $0, memory, mask: given[3], padding: given[5]) }
        return .tensor(try adding(other, 2) { try fed($0) })
    }
}

extension ModuleType {
    /// The layers of transformers.
    static let transformerLayers: [ModuleType] = [
        transformer(TransformerEncoderLayer.self, ["self_attn"], inputs: 1),
        transformer(TransformerDecoderLayer.self, ["self_attn", "multihead_attn"], inputs: 2),
    ]

    private static func transformer(_ kind: TransformerLayer.Type, _ attentions: [String], inputs: Int) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: [
                ModuleParameter("d_model", .int), ModuleParameter("nhead", .int),
                ModuleParameter("dim_feedforward", .int, 2048),
            ] + layerParameters,
            inputCount: inputs,
            tensors: { given in transformerTensors(given, attentions) },
            make: { given, dtype, generator in
                try kind.init(
                    modelSize: given.int("d_model"),
                    headCount: given.int("nhead"),
                    options: layerOptions(given),
                    dtype: dtype,
                    generator: generator
                )
            }
        )
    }

    /// What layers and whole transformers take alike.
    static let layerParameters = [
        ModuleParameter("dropout", .number, 0.1), ModuleParameter("activation", .text, "relu"),
        ModuleParameter("layer_norm_eps", .number, 1e-5), ModuleParameter("batch_first", .flag, false),
        ModuleParameter("norm_first", .flag, false), ModuleParameter("bias", .flag, true),
    ]

    static func layerOptions(_ given: ModuleArguments) -> TransformerLayer.Options {
        var options = TransformerLayer.Options()
        options.dimFeedforward = given.int("dim_feedforward")
        options.dropout = given.number("dropout")
        options.activation = given.text("activation")
        options.layerNormEpsilon = given.number("layer_norm_eps")
        options.batchFirst = given.flag("batch_first")
        options.normFirst = given.flag("norm_first")
        options.bias = given.flag("bias")
        return options
    }

    static func transformerTensors(_ given: ModuleArguments, _ attentions: [String]) -> [TensorDeclaration] {
        let (size, inner, bias) = (given.int("d_model"), given.int("dim_feedforward"), given.flag("bias"))
        let ofAttentions = attentions.flatMap { name in
            attentionTensors(size, size, size, bias: bias, extra: false).map { $0.inside(name) }
        }
        let linears = [("linear1", inner, size), ("linear2", size, inner)].flatMap { name, outputs, inputs in
            [
                TensorDeclaration("\(name).weight", [outputs, inputs], isPacked: true),
                TensorDeclaration("\(name).bias", [outputs], isPresent: bias),
            ]
        }
        let norms = (1...attentions.count + 1).flatMap { index in
            [
                TensorDeclaration("norm\(index).weight", [size]),
                TensorDeclaration("norm\(index).bias", [size], isPresent: bias),
            ]
        }
        return ofAttentions + linears + norms
    }
}
