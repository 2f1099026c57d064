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

    private let weightSlot = Slot<Parameter>()

    /// Creates a table with random rows.
    /// - Parameter paddingIndex: The row that stays zero; a negative one counts from the end.
    public convenience init(
        numEmbeddings: Int,
        embeddingDim: Int,
        paddingIndex: Int? = nil,
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws {
        let shape = try Shape(checking: [numEmbeddings, embeddingDim])
        var padding = paddingIndex
        if let index = paddingIndex {
            // PyTorch lets zero pass here, and finds later that a table without rows has none to clear.
            guard index == 0 || (-numEmbeddings..<numEmbeddings).contains(index) else {
                throw ModuleError.invalidPadding(index: index, count: numEmbeddings)
            }
            padding = index < 0 ? index + numEmbeddings : index
        }
        try self.init(unfilled: numEmbeddings, embeddingDim, padding)
        let drawn = try Initial.normal(shape, dtype: dtype, generator: generator)
        weight = try Parameter(padding.map { try Self.clear(row: $0, of: drawn) } ?? drawn)
    }

    private init(unfilled numEmbeddings: Int, _ embeddingDim: Int, _ paddingIndex: Int?) throws {
        self.numEmbeddings = numEmbeddings
        self.embeddingDim = embeddingDim
        self.paddingIndex = paddingIndex
        super.init()
        try registerParameter("weight", nil, in: weightSlot)
    }

    /// The table; without one, a call fails.
    public var weight: Parameter? {
        get { weightSlot.value }
        set { weightSlot.value = newValue }
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        let weight = try weightSlot.operand(of: "embedding", position: 1)
        return try Tensor.embedding(weight: weight, indices: input, paddingIndex: paddingIndex)
    }

    public override var typeName: String { "Embedding" }

    public override var extraRepr: String {
        "\(numEmbeddings), \(embeddingDim)" + (paddingIndex.map { ", padding_idx=\($0)" } ?? "")
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
        try Embedding(unfilled: numEmbeddings, embeddingDim, paddingIndex)
    }

    private static func clear(row: Int, of table: Tensor) throws -> Tensor {
        guard row < table.shape[0] else { throw TensorError.indexOutOfBounds(row, dimension: 0, size: table.shape[0]) }
        let width = table.byteCount / table.shape[0]
        return try Tensor(dtype: table.dtype, shape: table.shape) { target in
            table.withUnsafeBytes { target.copyMemory(from: $0) }
            let bytes = UnsafeMutableRawBufferPointer(rebasing: target[(row * width)..<((row + 1) * width)])
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
        }
    }
}

extension ModuleType {
    static let embedding = ModuleType(
        "Embedding",
        parameters: [
            ModuleParameter("num_embeddings", .int), ModuleParameter("embedding_dim", .int),
            ModuleParameter("padding_idx", .optionalInt, Value.none),
        ],
        tensors: { [TensorDeclaration("weight", [$0.int("num_embeddings"), $0.int("embedding_dim")])] },
        make: { given, dtype, generator in
            try Embedding(
                numEmbeddings: given.int("num_embeddings"),
                embeddingDim: given.int("embedding_dim"),
                paddingIndex: given.optionalInt("padding_idx"),
                dtype: dtype,
                generator: generator
            )
        }
    )
}
