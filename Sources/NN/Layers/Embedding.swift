public import Tensors

/// A table of vectors: `y = weight[x]`.
///
/// - Input: integers of any shape `[*]`. Output: `[*, embeddingDim]`.
/// - State: `weight` of `[numEmbeddings, embeddingDim]`, drawn from the standard normal distribution, with zeros in the
///   row of the padding index. That row gets no gradient.
public final class Embedding: Module {
    /// The number of rows.
    public let numEmbeddings: Int
    /// The size of a row.
    public let embeddingDim: Int
    /// The row for padding, counted from the front.
    public let paddingIndex: Int?
    /// How it reads its table.
    public let options: Options

    /// The arguments that say how it reads its table.
    public struct Options: Sendable, Equatable {
        /// What a row's norm is at most after a call that asks for it; `nil` for any.
        public var maxNorm: PythonNumber?
        /// The exponent of that norm.
        public var normType: PythonNumber = 2.0
        /// Whether a row's gradient is divided by how often it is asked for.
        public var scaleGradByFreq = false
        /// Whether the description says that gradients are sparse; here they never are.
        public var sparse = false

        /// Creates PyTorch's defaults.
        public init() {}
    }

    private let weightSlot = Slot<Parameter>()

    /// Creates a table with random rows.
    /// - Parameter paddingIndex: The row that stays zero; a negative one counts from the end.
    public convenience init(
        numEmbeddings: Int,
        embeddingDim: Int,
        paddingIndex: Int? = nil,
        options: Options = Options(),
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws {
        _ = try Shape(checking: [numEmbeddings, embeddingDim])
        let padding = try EmbeddingTable.padding(paddingIndex, of: numEmbeddings)
        try self.init(unfilled: numEmbeddings, embeddingDim, padding, options)
        weight = try EmbeddingTable.drawn(numEmbeddings, embeddingDim, padding, dtype, generator)
    }

    private init(
        unfilled numEmbeddings: Int,
        _ embeddingDim: Int,
        _ paddingIndex: Int?,
        _ options: Options
    ) throws {
        (self.numEmbeddings, self.embeddingDim) = (numEmbeddings, embeddingDim)
        (self.paddingIndex, self.options) = (paddingIndex, options)
        super.init()
        try registerParameter("weight", nil, in: weightSlot)
    }

    /// The table; without one, a call fails.
    public var weight: Parameter? {
        get { weightSlot.value }
        set { weightSlot.value = newValue }
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        let table = try weightSlot.shortened(by: options.maxNorm, options.normType, rows: input)
        return try Tensor.embedding(
            weight: weightSlot.operand(of: "embedding", position: 1),
            indices: input,
            paddingIndex: paddingIndex,
            scalesByFrequency: options.scaleGradByFreq,
            table: table
        )
    }

    public override var typeName: String { "Embedding" }

    public override var extraRepr: String {
        var parts = ["\(numEmbeddings), \(embeddingDim)"]
        if let paddingIndex { parts.append("padding_idx=\(paddingIndex)") }
        if let norm = options.maxNorm { parts.append("max_norm=\(norm)") }
        if options.normType.value != 2 { parts.append("norm_type=\(options.normType)") }
        if options.scaleGradByFreq { parts.append("scale_grad_by_freq=True") }
        if options.sparse { parts.append("sparse=True") }
        return parts.joined(separator: ", ")
    }

    public override var attributeNames: Set<String> {
        ["num_embeddings", "embedding_dim", "padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse"]
    }

    public override var expectedInput: String? { "int64[*] from 0 to \(numEmbeddings - 1)" }

    public override var inputSpecs: [TensorSpec]? {
        [TensorSpec(shape: [.batch(1), .unknown], dtype: .int64, rows: .axis(0))]
    }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let indices = inputs.first?.tensor, let shape = indices.shape else { return .unknown }
        let spec = TensorSpec(shape: shape + [.fixed(embeddingDim)], dtype: weight?.tensor.dtype, rows: indices.rows)
        return .tensor(spec)
    }

    public override func emptyCopy() throws -> Module {
        try Embedding(unfilled: numEmbeddings, embeddingDim, paddingIndex, options)
    }
}

extension ModuleType {
    static let embedding = ModuleType(
        "Embedding",
        parameters: [
            ModuleParameter("num_embeddings", .int), ModuleParameter("embedding_dim", .int),
            ModuleParameter("padding_idx", .optionalInt, Value.none),
            ModuleParameter("max_norm", .optionalNumber, Value.none), ModuleParameter("norm_type", .number, 2.0),
            ModuleParameter("scale_grad_by_freq", .flag, false), ModuleParameter("sparse", .flag, false),
        ],
        tensors: { [TensorDeclaration("weight", [$0.int("num_embeddings"), $0.int("embedding_dim")])] },
        make: { given, dtype, generator in
            var options = Embedding.Options()
            options.maxNorm = given.optionalNumber("max_norm")
            options.normType = given.number("norm_type")
            options.scaleGradByFreq = given.flag("scale_grad_by_freq")
            options.sparse = given.flag("sparse")
            return try Embedding(
                numEmbeddings: given.int("num_embeddings"),
                embeddingDim: given.int("embedding_dim"),
                paddingIndex: given.optionalInt("padding_idx"),
                options: options,
                dtype: dtype,
                generator: generator
            )
        }
    )
}
