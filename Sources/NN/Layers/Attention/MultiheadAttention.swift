public import Tensors

/// Attention of several heads.
///
/// - Inputs: `query` of `[L, N, embedDim]`, `key` of `[S, N, kdim]`, `value` of `[S, N, vdim]`, each without `N`, or with it
///   in front where the batch comes first; and by name `key_padding_mask`, `need_weights`, `attn_mask`,
///   `average_attn_weights` and `is_causal`.
/// - Output: a tuple of what became of the query, and the weights or None.
/// - State: `in_proj_weight` of `[3 · embedDim, embedDim]`, or `q_proj_weight`, `k_proj_weight` and `v_proj_weight` where the
///   sizes differ; `in_proj_bias`; `bias_k` and `bias_v` if asked for; and the layer `out_proj`.
public final class MultiheadAttention: Module {
    /// The arguments that say how it is built.
    public struct Options: Sendable, Equatable {
        /// The probability with which, in training, a weight is dropped.
        public var dropout: PythonNumber = 0.0
        /// Whether it has biases.
        public var bias = true
        /// Whether learned rows stand behind the keys and the values.
        public var addBiasKV = false
        /// Whether a row of zeros stands behind the keys and the values.
        public var addZeroAttention = false
        /// The size of a key; `nil` is that of a query.
        public var kdim: Int?
        /// The size of a value; `nil` is that of a query.
        public var vdim: Int?
        /// Whether the batch comes first.
        public var batchFirst = false

        /// Creates PyTorch's defaults.
        public init() {}
    }

    /// The size of a query.
    public let embedDim: Int
    /// The number of heads.
    public let numHeads: Int
    /// How it is built.
    public let options: Options

    private let inSlot = Slot<Parameter>()
    private let partSlots = [Slot<Parameter>(), Slot<Parameter>(), Slot<Parameter>()]
    private let biasSlot = Slot<Parameter>()
    private let extraSlots = [Slot<Parameter>(), Slot<Parameter>()]
    private let outSlot = Slot<Module>()

    /// Creates a layer with random parameters.
    /// - Throws: `ModuleError.layer` unless the heads divide the size.
    public convenience init(
        embedDim: Int,
        numHeads: Int,
        options: Options = Options(),
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws {
        let output = try NonDynamicallyQuantizableLinear(embedDim, embedDim, options.bias, dtype, generator)
        try self.init(unfilled: embedDim, numHeads, options, output)
        func xavier(_ rows: Int, _ columns: Int) throws -> Parameter {
            let shape = try Shape(checking: [rows, columns])
            return try Parameter(Initial.xavierUniform(shape, dtype: dtype, generator: generator))
        }
        if isOneSize {
            inSlot.value = try xavier(3 * embedDim, embedDim)
        } else {
            for (slot, size) in zip(partSlots, [embedDim, options.kdim ?? embedDim, options.vdim ?? embedDim]) {
                slot.value = try xavier(embedDim, size)
            }
        }
        if options.bias {
            biasSlot.value = try Parameter(Tensor.zeros(Shape(checking: [3 * embedDim]), dtype: dtype))
            output.bias = try Parameter(Tensor.zeros(Shape(checking: [embedDim]), dtype: dtype))
        }
        guard options.addBiasKV else { return }
        for slot in extraSlots {
            let shape = try Shape(checking: [1, 1, embedDim])
            slot.value = try Parameter(Initial.xavierNormal(shape, dtype: dtype, generator: generator))
        }
    }

    private init(unfilled embedDim: Int, _ numHeads: Int, _ options: Options, _ output: Module) throws {
        guard embedDim > 0, numHeads > 0 else {
            throw ModuleError.layer(.attentionSizes(embedDim: embedDim, numHeads: numHeads))
        }
        guard embedDim % numHeads == 0 else { throw ModuleError.layer(.headsDoNotDivide) }
        _ = try Shape(checking: [3, embedDim, embedDim])
        (self.embedDim, self.numHeads, self.options) = (embedDim, numHeads, options)
        super.init()
        if isOneSize { try registerParameter("in_proj_weight", nil, in: inSlot) }
        for (name, slot) in zip(["q_proj_weight", "k_proj_weight", "v_proj_weight"], partSlots) {
            try registerParameter(name, nil, in: slot)
        }
        if !isOneSize { try registerParameter("in_proj_weight", nil, in: inSlot) }
        try registerParameter("in_proj_bias", nil, in: biasSlot)
        try registerChild("out_proj", output, in: outSlot)
        for (name, slot) in zip(["bias_k", "bias_v"], extraSlots) { try registerParameter(name, nil, in: slot) }
    }

    /// Whether keys and values are as large as queries.
    private var isOneSize: Bool { (options.kdim ?? embedDim) == embedDim && (options.vdim ?? embedDim) == embedDim }

    private static let parameters = [
        CallParameter("query"), CallParameter("key"), CallParameter("value"),
        CallParameter("key_padding_mask", Value.none), CallParameter("need_weights", .bool(true)),
        CallParameter("attn_mask", Value.none), CallParameter("average_attn_weights", .bool(true)),
        CallParameter("is_causal", .bool(false)),
    ]

    override var boundParameters: [CallParameter]? { Self.parameters }

    public override func forward(_ arguments: Arguments) throws -> Value {
        let given = try arguments.bound(to: Self.parameters, in: self)
        let inputs = try zip(Self.parameters, given).prefix(3).enumerated().map { index, pair in
            guard let tensor = pair.1.tensor else {
                let got = pair.1.pythonType
                throw ModuleError.notATensor(function: "forward", name: pair.0.name, position: index + 1, got: got)
            }
            return tensor
        }
        let isBatch = inputs[0].rank == 3
        let call = AttentionCall(
            inputs: try sequences(inputs, isBatch: isBatch),
            isBatchFirst: isBatch && options.batchFirst,
            paddingMask: given[3].tensor,
            mask: given[5].tensor
        )
        try check(call, isBatch: isBatch)
        let needsWeights = if case .bool(true) = given[4] { true } else { false }
        let (means, weights) = try quicklyAttended(call, needsWeights: needsWeights) ?? attended(call)
        let output = try projected(means)
        let shaped =
            try isBatch
            ? (options.batchFirst ? output.transposed(0, 1) : output) : output.withoutBatchAxis(at: 1)
        guard needsWeights, let weights else { return .tuple([.tensor(shaped), .none]) }
        return .tuple([.tensor(shaped), .tensor(try shown(weights, given[6], batch: call.batch, isBatch))])
    }

    /// Returns the inputs with three axes.
    private func sequences(_ inputs: [Tensor], isBatch: Bool) throws -> [Tensor] {
        let ranks = inputs.map(\.rank)
        guard ranks[0] == 2 || ranks[0] == 3 else { throw ModuleError.layer(.attentionRank(ranks[0])) }
        guard ranks.allSatisfy({ $0 == ranks[0] }) else {
            throw ModuleError.layer(.attentionRanks(ranks[0], key: ranks[1], value: ranks[2]))
        }
        return try isBatch ? inputs : inputs.map { try $0.withBatchAxis(at: 1) }
    }

    private func check(_ call: AttentionCall, isBatch: Bool) throws {
        let (query, key, value) = (call.sizes(0), call.sizes(1), call.sizes(2))
        guard query[2] == embedDim else {
            throw ModuleError.layer(.attentionSize(expected: embedDim, got: query[2]))
        }
        guard isOneSize ? key == value : key.prefix(2) == value.prefix(2) else {
            throw ModuleError.layer(.attentionKeys(key: key, value: value, isOneSize: isOneSize))
        }
        if let mask = call.paddingMask {
            let (batch, keys) = (query[1], key[0])
            guard mask.rank == (isBatch ? 2 : 1) else {
                throw ModuleError.layer(.paddingMaskRank(isBatch: isBatch, mask.rank))
            }
            guard !isBatch || mask.shape[0] == batch else {
                throw ModuleError.layer(.paddingMask(axis: 0, expected: batch, got: mask.shape[0]))
            }
            guard mask.shape[mask.rank - 1] == keys else {
                throw ModuleError.layer(.paddingMask(axis: 1, expected: keys, got: mask.shape[mask.rank - 1]))
            }
        }
        guard let mask = call.mask else { return }
        let (rows, keys, heads) = (query[0], key[0], query[1] * numHeads)
        let expected = mask.rank == 2 ? [rows, keys] : [heads, rows, keys]
        guard mask.rank == 2 || mask.rank == 3 else {
            throw ModuleError.layer(.attentionMaskRank(isBatch: isBatch, mask.rank))
        }
        guard mask.shape.dimensions == expected else {
            throw ModuleError.layer(.attentionMask(mask.shape.dimensions, expected: expected))
        }
    }

    /// Returns what `attended` does without copies of the projections and, unless they are wanted, without the weights;
    /// `nil` where that is not to be had.
    private func quicklyAttended(_ call: AttentionCall, needsWeights: Bool) throws -> (Tensor, Tensor?)? {
        let weights = ([inSlot, biasSlot] + partSlots).compactMap(\.operand)
        guard !(isTraining && options.dropout.value > 0), !options.addZeroAttention, extraSlots[0].value == nil,
            HeadAttention.isQuick(call.inputs + weights)
        else { return nil }
        return try HeadAttention(heads: numHeads).quickOutput(
            operands: try operands(call),
            size: embedDim,
            mask: try mask(call, dtype: .float32),
            needsWeights: needsWeights
        )
    }

    /// The projections of query, key and value: of one input, columns of one matrix.
    private func operands(_ call: AttentionCall) throws -> [AttentionOperand] {
        let isFirst = call.isBatchFirst
        guard isOneSize, call.inputs.allSatisfy({ $0.isSame(as: call.inputs[0]) }) else {
            return try zip(call.inputs, projections()).map { input, weight in
                AttentionOperand(try input.linear(weight: weight.0, bias: weight.1), isBatchFirst: isFirst)
            }
        }
        let weight = try inSlot.operand(of: "multi_head_attention_forward", position: 5)
        let columns = try call.inputs[0].linear(weight: weight, bias: biasSlot.operand)
        return (0..<3).map { AttentionOperand(columns, column: $0 * embedDim, isBatchFirst: isFirst) }
    }

    /// Returns what the last layer makes of the means.
    private func projected(_ means: Tensor) throws -> Tensor {
        let sizes = means.shape.dimensions
        return try outSlot(try means.reshaped(to: [sizes[0] * sizes[1], embedDim])).reshaped(to: sizes)
    }

    private func attended(_ call: AttentionCall) throws -> (Tensor, Tensor?) {
        let weights = try projections()
        let inputs = try call.inputs.map { call.isBatchFirst ? try $0.transposed(0, 1) : $0 }
        var projected = try zip(inputs, weights).map { input, weight in
            try input.linear(weight: weight.0, bias: weight.1)
        }
        var mask = try mask(call, dtype: projected[0].dtype)
        if let biasK = extraSlots[0].operand, let biasV = extraSlots[1].operand {
            for (index, row) in [biasK, biasV].enumerated() {
                let form = try Shape(checking: [1, projected[0].shape[1], embedDim])
                let zeros = try Tensor.zeros(form, dtype: row.dtype)
                projected[index + 1] = try Tensor.concatenated([projected[index + 1], zeros + row])
            }
            mask = try mask.map { try $0.widenedByAColumn() }
        }
        if options.addZeroAttention {
            for index in 1...2 {
                let form = try Shape(checking: [1, projected[0].shape[1], embedDim])
                let zeros = try Tensor.zeros(form, dtype: projected[index].dtype)
                projected[index] = try Tensor.concatenated([projected[index], zeros])
            }
            mask = try mask.map { try $0.widenedByAColumn() }
        }
        let dropsOut = isTraining && options.dropout.value > 0
        let attention = HeadAttention(
            heads: numHeads,
            dropout: options.dropout.value,
            generator: dropsOut ? CallContext.current?.generator ?? .default : nil
        )
        return try attention(query: projected[0], key: projected[1], value: projected[2], mask: mask)
    }

    /// The weight and the bias for query, key and value.
    private func projections() throws -> [(Tensor, Tensor?)] {
        let weights =
            isOneSize
            ? try parts(inSlot.operand(of: "multi_head_attention_forward", position: 5))
            : try partSlots.map { try $0.operand(of: "multi_head_attention_forward", position: 5) }
        let biases: [Tensor?] = try biasSlot.operand.map(parts) ?? [nil, nil, nil]
        return Array(zip(weights, biases))
    }

    private func parts(_ tensor: Tensor) throws -> [Tensor] {
        try (0..<3).map { try tensor.rows($0 * embedDim..<($0 + 1) * embedDim) }
    }

    /// Returns what is added to the scores: `[batch · heads, rows, keys]` or `[rows, keys]`.
    private func mask(_ call: AttentionCall, dtype: DType) throws -> Tensor? {
        let mask = try call.mask?.addedMask(dtype: dtype)
        guard let padding = call.paddingMask else { return mask }
        let (batch, keys) = (call.batch, call.sizes(1)[0])
        let column = try padding.addedMask(dtype: dtype).reshaped(to: [batch, 1, 1, keys])
        let zeros = try Tensor.zeros(Shape(checking: [batch, numHeads, 1, keys]), dtype: dtype)
        let spread = try (column + zeros).reshaped(to: [batch * numHeads, 1, keys])
        return try mask.map { try spread + $0 } ?? spread
    }

    /// Returns the weights as they are given: those of all heads, or their mean.
    private func shown(_ weights: Tensor, _ averages: Value, batch: Int, _ isBatch: Bool) throws -> Tensor {
        let form = try Shape(checking: [batch, numHeads] + Array(weights.shape.dropFirst()))
        var shown = try weights.reshaped(to: form)
        if case .bool(true) = averages { shown = try shown.mean(dim: 1) }
        return isBatch ? shown : try shown.withoutBatchAxis()
    }

    public override var attributeNames: Set<String> {
        ["embed_dim", "kdim", "vdim", "num_heads", "dropout", "batch_first", "head_dim", "add_zero_attn", "bias"]
    }

    public override var inputSpecs: [TensorSpec]? {
        let dtype = outSlot.value?.parameterTable.first?.value?.tensor.dtype
        return [embedDim, options.kdim ?? embedDim, options.vdim ?? embedDim].map {
            .sequences(batchFirst: options.batchFirst, size: $0, dtype)
        }
    }

    /// What became of the query, and the weights.
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        let specs = inputs.prefix(3).compactMap(\.tensor)
        let axis = options.batchFirst ? 0 : 1
        guard specs.count == 3, let shape = specs[0].shape, let keys = specs[1].shape, shape.count == keys.count,
            shape.count == 2 || shape.count == 3
        else { return .unknown }
        let rows: TensorSpec.Rows =
            MaskSpecs(scores: inputs.given(5...5), padding: inputs.given(3...3)).keepRowsApart
                && !(isTraining && options.dropout.value > 0)
            ? .ofSequences(specs, axis: axis) : .mixed
        let output = TensorSpec(shape: shape, dtype: specs[0].dtype, rows: rows)
        let batch = shape.count == 3 ? [shape[axis]] : []
        let lengths = [shape, keys].map { $0[$0.count == 3 ? 1 - axis : 0] }
        let first: TensorSpec.Rows = rows == .axis(axis) ? .axis(0) : rows
        // Rows that stand behind the keys have weights as well.
        let more = (options.addBiasKV ? 1 : 0) + (options.addZeroAttention ? 1 : 0)
        let seen = more == 0 ? lengths[1] : lengths[1].number.map { .fixed($0 + more) } ?? .unknown
        let weights = TensorSpec(shape: batch + [lengths[0], seen], dtype: output.dtype, rows: first)
        return .tuple([.tensor(output), .tensor(weights)])
    }

    public override var workPerElement: Int {
        let (work, overflow) = embedDim.multipliedReportingOverflow(by: 4)
        return overflow ? .max : work
    }

    public override func emptyCopy() throws -> Module {
        try MultiheadAttention(
            unfilled: embedDim,
            numHeads,
            options,
            NonDynamicallyQuantizableLinear(unfilled: embedDim, embedDim)
        )
    }
}

/// The inputs of one call, which have three axes, and its masks.
private struct AttentionCall {
    let inputs: [Tensor]
    let isBatchFirst: Bool
    let paddingMask: Tensor?
    let mask: Tensor?

    /// The sizes of an input as `[rows, batch, size]`.
    func sizes(_ index: Int) -> [Int] {
        var sizes = inputs[index].shape.dimensions
        if isBatchFirst { sizes.swapAt(0, 1) }
        return sizes
    }

    var batch: Int { sizes(0)[1] }
}

extension Tensor {
    /// Returns a mask with a column of zeros behind it.
    fileprivate func widenedByAColumn() throws -> Tensor {
        let amounts = [TensorPadding.Amount(before: 0, after: 1)]
        return try padded(TensorPadding(.constant(0), amounts))
    }
}

/// The last layer of an attention, which PyTorch keeps from one of its ways of quantising.
public final class NonDynamicallyQuantizableLinear: Module {
    private let sizes: (Int, Int)
    private let weightSlot = Slot<Parameter>()
    private let biasSlot = Slot<Parameter>()

    convenience init(_ inputs: Int, _ outputs: Int, _ bias: Bool, _ dtype: DType, _ generator: Generator?) throws {
        try self.init(unfilled: inputs, outputs)
        let linear = try Linear(
            inFeatures: inputs,
            outFeatures: outputs,
            bias: bias,
            dtype: dtype,
            generator: generator
        )
        (weightSlot.value, biasSlot.value) = (linear.weight, linear.bias)
    }

    init(unfilled inputs: Int, _ outputs: Int) throws {
        sizes = (inputs, outputs)
        super.init()
        try registerParameter("weight", nil, in: weightSlot)
        try registerParameter("bias", nil, in: biasSlot)
    }

    /// The bias; `nil` adds none.
    public var bias: Parameter? {
        get { biasSlot.value }
        set { biasSlot.value = newValue }
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.linear(weight: weightSlot.operand(of: "linear", position: 2), bias: biasSlot.operand)
    }

    public override var extraRepr: String {
        "in_features=\(sizes.0), out_features=\(sizes.1), bias=\((bias != nil).pythonText)"
    }

    public override var attributeNames: Set<String> { ["in_features", "out_features"] }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        .lastAxis(inputs, from: sizes.0, to: sizes.1)
    }

    public override var workPerElement: Int { sizes.0 }

    public override func emptyCopy() throws -> Module {
        try NonDynamicallyQuantizableLinear(unfilled: sizes.0, sizes.1)
    }
}

extension ModuleType {
    static let multiheadAttention = ModuleType(
        "MultiheadAttention",
        parameters: [
            ModuleParameter("embed_dim", .int), ModuleParameter("num_heads", .int),
            ModuleParameter("dropout", .number, 0.0), ModuleParameter("bias", .flag, true),
            ModuleParameter("add_bias_kv", .flag, false), ModuleParameter("add_zero_attn", .flag, false),
            ModuleParameter("kdim", .optionalInt, Value.none), ModuleParameter("vdim", .optionalInt, Value.none),
            ModuleParameter("batch_first", .flag, false),
        ],
        inputCount: 3,
        tensors: { given in
            let size = given.int("embed_dim")
            let (kdim, vdim) = (given.optionalInt("kdim") ?? size, given.optionalInt("vdim") ?? size)
            return attentionTensors(size, kdim, vdim, bias: given.flag("bias"), extra: given.flag("add_bias_kv"))
        },
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
    static func attentionTensors(
        _ size: Int,
        _ kdim: Int,
        _ vdim: Int,
        bias: Bool,
        extra: Bool
    ) -> [TensorDeclaration] {
        let (triple, overflow) = size.multipliedReportingOverflow(by: 3)
        let height = overflow ? (size < 0 ? Int.min : .max) : triple
        let isOneSize = kdim == size && vdim == size
        return [
            TensorDeclaration("in_proj_weight", [height, size], isPresent: isOneSize),
            TensorDeclaration("q_proj_weight", [size, size], isPresent: !isOneSize),
            TensorDeclaration("k_proj_weight", [size, kdim], isPresent: !isOneSize),
            TensorDeclaration("v_proj_weight", [size, vdim], isPresent: !isOneSize),
            TensorDeclaration("in_proj_bias", [height], isPresent: bias),
            TensorDeclaration("bias_k", [1, 1, size], isPresent: extra),
            TensorDeclaration("bias_v", [1, 1, size], isPresent: extra),
            TensorDeclaration("out_proj.weight", [size, size]),
            TensorDeclaration("out_proj.bias", [size], isPresent: bias),
        ]
    }
}
