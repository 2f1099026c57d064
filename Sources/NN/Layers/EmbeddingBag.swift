public import Tensors

/// A table of vectors of which each bag of indices gives one: their sum, their mean or the largest of each column.
///
/// - Inputs: `input`, integers of `[N, L]`, a bag in each row; or of `[L]` with `offsets` of `[N]`, where each bag begins; and
///   for sums `per_sample_weights` of the shape of `input`. Output: `[N, embeddingDim]`.
/// - State: `weight` of `[numEmbeddings, embeddingDim]`, as in `Embedding`.
public final class EmbeddingBag: Module {
    /// The arguments that say how it reads its table.
    public struct Options: Sendable, Equatable {
        /// What a row's norm is at most after a call that asks for it; `nil` for any.
        public var maxNorm: PythonNumber?
        /// The exponent of that norm.
        public var normType: PythonNumber = 2.0
        /// Whether a row's gradient is divided by how often it is asked for.
        public var scaleGradByFreq = false
        /// What becomes of a bag: `sum`, `mean` or `max`.
        public var mode = "mean"
        /// Whether the description says that gradients are sparse; here they never are.
        public var sparse = false
        /// Whether the last offset is where the last bag ends.
        public var includeLastOffset = false
        /// The row that counts in no bag; a negative one counts from the end.
        public var paddingIndex: Int?

        /// Creates PyTorch's defaults.
        public init() {}
    }

    /// The number of rows.
    public let numEmbeddings: Int
    /// The size of a row.
    public let embeddingDim: Int
    /// How it reads its table, the padding index counted from the front.
    public let options: Options

    private let weightSlot = Slot<Parameter>()

    /// Creates a table with random rows.
    public convenience init(
        numEmbeddings: Int,
        embeddingDim: Int,
        options: Options = Options(),
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws {
        var options = options
        options.paddingIndex = try EmbeddingTable.padding(options.paddingIndex, of: numEmbeddings, isBag: true)
        try self.init(unfilled: numEmbeddings, embeddingDim, options)
        weight = try EmbeddingTable.drawn(numEmbeddings, embeddingDim, options.paddingIndex, dtype, generator)
    }

    private init(unfilled numEmbeddings: Int, _ embeddingDim: Int, _ options: Options) throws {
        (self.numEmbeddings, self.embeddingDim, self.options) = (numEmbeddings, embeddingDim, options)
        super.init()
        try registerParameter("weight", nil, in: weightSlot)
    }

    /// The table; without one, a call fails.
    public var weight: Parameter? {
        get { weightSlot.value }
        set { weightSlot.value = newValue }
    }

    private static let parameters = [
        CallParameter("input"), CallParameter("offsets", Value.none), CallParameter("per_sample_weights", Value.none),
    ]

    public override func forward(_ input: Tensor) throws -> Tensor { try oneTensor(of: forward(Arguments(input))) }

    public override func forward(_ arguments: Arguments) throws -> Value {
        let given = try arguments.bound(to: Self.parameters, in: self)
        guard let input = given[0].tensor else {
            throw ModuleError.notATensor(function: "forward", name: "input", position: 1, got: given[0].pythonType)
        }
        guard let mode = EmbeddingBags.Mode(rawValue: options.mode) else { throw ModuleError.layer(.bagMode) }
        if mode == .max, options.scaleGradByFreq { throw ModuleError.layer(.scaledMaximum) }
        if mode == .max, options.sparse { throw ModuleError.layer(.sparseMaximum) }
        var bags = EmbeddingBags(mode, paddingIndex: options.paddingIndex)
        (bags.scalesByFrequency, bags.includesLastOffset) = (options.scaleGradByFreq, options.includeLastOffset)
        let table = try weightSlot.shortened(by: options.maxNorm, options.normType, rows: input)
        return .tensor(
            try Tensor.embeddingBag(
                weight: weightSlot.operand(of: "embedding_bag", position: 1),
                indices: input,
                offsets: given[1].tensor,
                sampleWeights: given[2].tensor,
                bags,
                table: table
            )
        )
    }

    public override var extraRepr: String {
        var parts = ["\(numEmbeddings), \(embeddingDim)"]
        if let norm = options.maxNorm { parts.append("max_norm=\(norm)") }
        if options.normType.value != 2 { parts.append("norm_type=\(options.normType)") }
        if options.scaleGradByFreq { parts.append("scale_grad_by_freq=True") }
        parts.append("mode='\(options.mode)'")
        if let padding = options.paddingIndex { parts.append("padding_idx=\(padding)") }
        return parts.joined(separator: ", ")
    }

    public override var attributeNames: Set<String> {
        [
            "num_embeddings", "embedding_dim", "max_norm", "norm_type", "scale_grad_by_freq", "mode", "sparse",
            "include_last_offset", "padding_idx", "reset_parameters", "from_pretrained",
        ]
    }

    public override var expectedInput: String? { "int64[N, L] from 0 to \(numEmbeddings - 1)" }

    public override var inputSpecs: [TensorSpec]? {
        [TensorSpec(shape: [.batch(1), .unknown], dtype: .int64, rows: .axis(0))]
    }

    /// A bag is a row where indices come as a matrix; a frequency counts the rows of all.
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let indices = inputs.first?.tensor, let shape = indices.shape, shape.count == 2,
            inputs.dropFirst().allSatisfy(\.isNone)
        else { return .unknown }
        let rows: TensorSpec.Rows = indices.rows == .axis(1) ? .mixed : indices.rows
        return .tensor(TensorSpec(shape: [shape[0], .fixed(embeddingDim)], dtype: weight?.tensor.dtype, rows: rows))
    }

    public override func emptyCopy() throws -> Module {
        try EmbeddingBag(unfilled: numEmbeddings, embeddingDim, options)
    }
}

extension ModuleType {
    static let embeddingBag = ModuleType(
        "EmbeddingBag",
        parameters: [
            ModuleParameter("num_embeddings", .int), ModuleParameter("embedding_dim", .int),
            ModuleParameter("max_norm", .optionalNumber, Value.none), ModuleParameter("norm_type", .number, 2.0),
            ModuleParameter("scale_grad_by_freq", .flag, false), ModuleParameter("mode", .text, "mean"),
            ModuleParameter("sparse", .flag, false), ModuleParameter("include_last_offset", .flag, false),
            ModuleParameter("padding_idx", .optionalInt, Value.none),
        ],
        tensors: { [TensorDeclaration("weight", [$0.int("num_embeddings"), $0.int("embedding_dim")])] },
        make: { given, dtype, generator in
            var options = EmbeddingBag.Options()
            options.maxNorm = given.optionalNumber("max_norm")
            options.normType = given.number("norm_type")
            options.scaleGradByFreq = given.flag("scale_grad_by_freq")
            options.mode = given.text("mode")
            options.sparse = given.flag("sparse")
            options.includeLastOffset = given.flag("include_last_offset")
            options.paddingIndex = given.optionalInt("padding_idx")
            return try EmbeddingBag(
                numEmbeddings: given.int("num_embeddings"),
                embeddingDim: given.int("embedding_dim"),
                options: options,
                dtype: dtype,
                generator: generator
            )
        }
    )
}
