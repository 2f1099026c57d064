public import Tensors

/// An affine map of the last axis: `y = x Wᵀ + b`.
///
/// - Input: `[*, inFeatures]`, any number of leading axes, also none. Output: `[*, outFeatures]`.
/// - State: `weight` of `[outFeatures, inFeatures]` and `bias` of `[outFeatures]`, both drawn uniformly from
///   `±1/√inFeatures`, the weight first, row by row.
public final class Linear: Module {
    /// The size of the last axis of the input; PyTorch reads it for the description only, and so does this.
    public var inFeatures: Int
    /// The size of the last axis of the output, for the description only.
    public var outFeatures: Int

    private let weightSlot = Slot<Parameter>()
    private let biasSlot = Slot<Parameter>()

    /// Creates a layer with random parameters.
    /// - Parameter generator: What to draw from; `nil` takes the default generator.
    public convenience init(
        inFeatures: Int,
        outFeatures: Int,
        bias: Bool = true,
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws {
        try self.init(unfilled: inFeatures, outFeatures)
        let shape = try Shape(checking: [outFeatures, inFeatures])
        weight = try Parameter(
            Initial.kaimingUniform(
                shape,
                nonlinearity: .leakyReLU(slope: 5.squareRoot()),
                dtype: dtype,
                generator: generator
            )
        )
        guard bias else { return }
        let bound = inFeatures > 0 ? 1 / Double(inFeatures).squareRoot() : 0
        self.bias = try Parameter(Initial.uniform([outFeatures], within: bound, dtype, generator))
    }

    private init(unfilled inFeatures: Int, _ outFeatures: Int) throws {
        self.inFeatures = inFeatures
        self.outFeatures = outFeatures
        super.init()
        try registerParameter("weight", nil, in: weightSlot)
        try registerParameter("bias", nil, in: biasSlot)
    }

    /// The weight; without one, a call fails.
    public var weight: Parameter? {
        get { weightSlot.value }
        set { weightSlot.value = newValue }
    }

    /// The bias; `nil` adds none.
    public var bias: Parameter? {
        get { biasSlot.value }
        set { biasSlot.value = newValue }
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.linear(weight: weightSlot.operand(of: "linear", position: 2), bias: biasSlot.operand)
    }

    public override var typeName: String { "Linear" }

    public override var extraRepr: String {
        "in_features=\(inFeatures), out_features=\(outFeatures), bias=\((bias != nil).pythonText)"
    }

    public override var attributeNames: Set<String> { ["in_features", "out_features"] }

    public override var expectedInput: String? {
        weight.map { "\($0.tensor.dtype.rawValue)[*, \($0.tensor.shape.last ?? 0)]" }
    }

    public override var inputSpecs: [TensorSpec]? {
        let width = weight?.tensor.shape.last ?? inFeatures
        return [TensorSpec(shape: [.batch(1), .fixed(width)], dtype: weight?.tensor.dtype, rows: .axis(0))]
    }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        .lastAxis(inputs, from: weight?.tensor.shape.last, to: weight?.tensor.shape.first)
    }

    public override var workPerElement: Int { inFeatures }

    public override var packedParameters: [String] { ["weight"] }

    public override func emptyCopy() throws -> Module { try Linear(unfilled: inFeatures, outFeatures) }
}

extension ModuleType {
    static let linear = ModuleType(
        "Linear",
        parameters: [
            ModuleParameter("in_features", .int), ModuleParameter("out_features", .int),
            ModuleParameter("bias", .flag, true),
        ],
        tensors: { given in
            [
                TensorDeclaration("weight", [given.int("out_features"), given.int("in_features")], isPacked: true),
                TensorDeclaration("bias", [given.int("out_features")], isPresent: given.flag("bias")),
            ]
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
    )
}
