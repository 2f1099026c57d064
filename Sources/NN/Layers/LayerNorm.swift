public import Tensors

/// Normalisation over the trailing axes: `y = (x - mean) / √(variance + eps) · weight + bias`, with the biased variance.
///
/// - Input and output: `[*, normalizedShape]`.
/// - State: `weight` of ones and `bias` of zeros, both of `normalizedShape`.
public final class LayerNorm: Module {
    /// The sizes of the trailing axes.
    public let normalizedShape: [Int]
    /// What keeps the division from zero.
    public let epsilon: PythonNumber
    /// Whether it has a weight, and a bias if it was made with one.
    public let elementwiseAffine: Bool

    private let weightSlot = Slot<Parameter>()
    private let biasSlot = Slot<Parameter>()

    /// Creates a normalisation over axes of the given sizes.
    public convenience init(
        normalizedShape: [Int],
        epsilon: PythonNumber = 1e-5,
        elementwiseAffine: Bool = true,
        bias: Bool = true,
        dtype: DType = .float32
    ) throws {
        try self.init(unfilled: normalizedShape, epsilon, elementwiseAffine)
        let shape = try Shape(checking: normalizedShape)
        guard elementwiseAffine else { return }
        weight = try Parameter(Tensor.ones(shape, dtype: dtype))
        self.bias = bias ? try Parameter(Tensor.zeros(shape, dtype: dtype)) : nil
    }

    private init(unfilled normalizedShape: [Int], _ epsilon: PythonNumber, _ elementwiseAffine: Bool) throws {
        self.normalizedShape = normalizedShape
        self.epsilon = epsilon
        self.elementwiseAffine = elementwiseAffine
        super.init()
        try registerParameter("weight", nil, in: weightSlot)
        try registerParameter("bias", nil, in: biasSlot)
    }

    /// What the normalised values are multiplied by.
    public var weight: Parameter? {
        get { weightSlot.value }
        set { weightSlot.value = newValue }
    }

    /// What is added at the end.
    public var bias: Parameter? {
        get { biasSlot.value }
        set { biasSlot.value = newValue }
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.layerNorm(
            normalizedShape: normalizedShape,
            weight: weightSlot.operand,
            bias: biasSlot.operand,
            epsilon: epsilon.value
        )
    }

    public override var typeName: String { "LayerNorm" }

    public override var extraRepr: String {
        "\(normalizedShape.pythonTuple), eps=\(epsilon), elementwise_affine=\(elementwiseAffine.pythonText), "
            + "bias=\((bias != nil).pythonText)"
    }

    override var oldExtraRepr: String {
        "torch.Size(\(normalizedShape)), eps=\(epsilon), elementwise_affine=\(elementwiseAffine.pythonText)"
    }

    public override var attributeNames: Set<String> { ["normalized_shape", "eps", "elementwise_affine"] }

    public override var expectedInput: String? {
        "\(weight.map { $0.tensor.dtype.rawValue } ?? "")[*, \(normalizedShape.map(String.init).joined(separator: ", "))]"
    }

    public override var inputSpecs: [TensorSpec]? {
        let sizes = normalizedShape.map(Extent.fixed)
        return [TensorSpec(shape: [.batch(1)] + sizes, dtype: weight?.tensor.dtype, rows: .axis(0))]
    }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        .trailingAxes(inputs, sizes: normalizedShape)
    }

    public override func emptyCopy() throws -> Module {
        try LayerNorm(unfilled: normalizedShape, epsilon, elementwiseAffine)
    }
}

extension ModuleType {
    static let layerNorm = ModuleType(
        "LayerNorm",
        parameters: [
            ModuleParameter("normalized_shape", .sizes), ModuleParameter("eps", .number, 1e-5),
            ModuleParameter("elementwise_affine", .flag, true), ModuleParameter("bias", .flag, true),
        ],
        tensors: { given in
            let (sizes, isAffine) = (given.sizes("normalized_shape"), given.flag("elementwise_affine"))
            return [
                TensorDeclaration("weight", sizes, isPresent: isAffine),
                TensorDeclaration("bias", sizes, isPresent: isAffine && given.flag("bias")),
            ]
        },
        make: { given, dtype, _ in
            try LayerNorm(
                normalizedShape: given.sizes("normalized_shape"),
                epsilon: given.number("eps"),
                elementwiseAffine: given.flag("elementwise_affine"),
                bias: given.flag("bias"),
                dtype: dtype
            )
        }
    )
}
