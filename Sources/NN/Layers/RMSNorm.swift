public import Tensors

/// Scaling over the trailing axes: `y = x / √(mean(x²) + eps) · weight`.
///
/// - Input and output: `[*, normalizedShape]`.
/// - State: `weight` of ones, of `normalizedShape`.
public final class RMSNorm: Module {
    /// The sizes of the trailing axes.
    public let normalizedShape: [Int]
    /// What keeps the division from zero; `nil` is the smallest step from one in the input's dtype.
    public let epsilon: PythonNumber?
    /// Whether it has a weight.
    public let elementwiseAffine: Bool

    private let weightSlot = Slot<Parameter>()

    /// Creates a scaling over axes of the given sizes.
    public convenience init(
        normalizedShape: [Int],
        epsilon: PythonNumber? = nil,
        elementwiseAffine: Bool = true,
        dtype: DType = .float32
    ) throws {
        try self.init(unfilled: normalizedShape, epsilon, elementwiseAffine)
        let shape = try Shape(checking: normalizedShape)
        weight = elementwiseAffine ? try Parameter(Tensor.ones(shape, dtype: dtype)) : nil
    }

    private init(unfilled normalizedShape: [Int], _ epsilon: PythonNumber?, _ elementwiseAffine: Bool) throws {
        self.normalizedShape = normalizedShape
        self.epsilon = epsilon
        self.elementwiseAffine = elementwiseAffine
        super.init()
        try registerParameter("weight", nil, in: weightSlot)
    }

    /// What the scaled values are multiplied by.
    public var weight: Parameter? {
        get { weightSlot.value }
        set { weightSlot.value = newValue }
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.rmsNorm(normalizedShape: normalizedShape, weight: weightSlot.operand, epsilon: epsilon?.value)
    }

    public override var typeName: String { "RMSNorm" }

    override var forwardInput: String { "x" }

    public override var extraRepr: String {
        "\(normalizedShape.pythonTuple), eps=\(epsilon.pythonText), elementwise_affine=\(elementwiseAffine.pythonText)"
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
        try RMSNorm(unfilled: normalizedShape, epsilon, elementwiseAffine)
    }
}

extension ModuleType {
    static let rmsNorm = ModuleType(
        "RMSNorm",
        parameters: [
            ModuleParameter("normalized_shape", .sizes), ModuleParameter("eps", .optionalNumber, Value.none),
            ModuleParameter("elementwise_affine", .flag, true),
        ],
        tensors: { given in
            let isAffine = given.flag("elementwise_affine")
            return [TensorDeclaration("weight", given.sizes("normalized_shape"), isPresent: isAffine)]
        },
        make: { given, dtype, _ in
            try RMSNorm(
                normalizedShape: given.sizes("normalized_shape"),
                epsilon: given.optionalNumber("eps"),
                elementwiseAffine: given.flag("elementwise_affine"),
                dtype: dtype
            )
        }
    )
}
