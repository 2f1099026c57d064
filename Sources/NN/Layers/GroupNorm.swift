public import Tensors

/// Normalisation of parts of the channels: `y = (x - mean) / √(variance + eps) · weight + bias`.
///
/// - Input and output: `[N, numChannels, *]`.
/// - State: `weight` of ones and `bias` of zeros, of `[numChannels]`.
public final class GroupNorm: Module {
    /// The number of parts.
    public let numGroups: Int
    /// The number of channels.
    public let numChannels: Int
    /// What keeps the division from zero.
    public let epsilon: PythonNumber
    /// Whether it has a weight.
    public let affine: Bool

    private let weightSlot = Slot<Parameter>()
    private let biasSlot = Slot<Parameter>()

    /// Creates a normalisation.
    /// - Throws: `ModuleError.layer` unless the groups divide the channels.
    public convenience init(
        numGroups: Int,
        numChannels: Int,
        epsilon: PythonNumber = 1e-5,
        affine: Bool = true,
        bias: Bool = true,
        dtype: DType = .float32
    ) throws {
        try self.init(unfilled: numGroups, numChannels, epsilon, affine)
        guard affine else { return }
        let shape = try Shape(checking: [numChannels])
        weight = try Parameter(Tensor.ones(shape, dtype: dtype))
        self.bias = bias ? try Parameter(Tensor.zeros(shape, dtype: dtype)) : nil
    }

    private init(unfilled numGroups: Int, _ numChannels: Int, _ epsilon: PythonNumber, _ affine: Bool) throws {
        guard numGroups != 0 else { throw ModuleError.layer(.moduloByZero) }
        guard numChannels.remainderReportingOverflow(dividingBy: numGroups).partialValue == 0 else {
            throw ModuleError.layer(.groupsDoNotDivideChannels(channels: numChannels, groups: numGroups))
        }
        (self.numGroups, self.numChannels, self.epsilon, self.affine) = (numGroups, numChannels, epsilon, affine)
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
        try input.groupNorm(
            groups: numGroups,
            weight: weightSlot.operand,
            bias: biasSlot.operand,
            epsilon: epsilon.value
        )
    }

    public override var extraRepr: String {
        "\(numGroups), \(numChannels), eps=\(epsilon), affine=\(affine.pythonText), bias=\((bias != nil).pythonText)"
    }

    override var oldExtraRepr: String { "\(numGroups), \(numChannels), eps=\(epsilon), affine=\(affine.pythonText)" }
    public override var attributeNames: Set<String> { ["num_groups", "num_channels", "eps", "affine"] }
    public override var expectedInput: String? { "[N, \(numChannels), *]" }

    /// One image with one number in each group is refused where a batch of them is not, so that rows are by themselves
    /// only where it is known that there are more.
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let shape = spec.shape, shape.count >= 2 else { return .unknown }
        let count = shape.dropFirst().reduce(.fixed(1), *).number ?? 0
        guard spec.batchAxis == 0, count > numGroups else { return .mixed(inputs) }
        return .tensor(spec)
    }

    public override func emptyCopy() throws -> Module {
        try GroupNorm(unfilled: numGroups, numChannels, epsilon, affine)
    }
}

extension ModuleType {
    static let groupNorm = ModuleType(
        "GroupNorm",
        parameters: [
            ModuleParameter("num_groups", .int), ModuleParameter("num_channels", .int),
            ModuleParameter("eps", .number, 1e-5), ModuleParameter("affine", .flag, true),
            ModuleParameter("bias", .flag, true),
        ],
        tensors: { given in
            let (sizes, isAffine) = ([given.int("num_channels")], given.flag("affine"))
            return [
                TensorDeclaration("weight", sizes, isPresent: isAffine),
                TensorDeclaration("bias", sizes, isPresent: isAffine && given.flag("bias")),
            ]
        },
        make: { given, dtype, _ in
            try GroupNorm(
                numGroups: given.int("num_groups"),
                numChannels: given.int("num_channels"),
                epsilon: given.number("eps"),
                affine: given.flag("affine"),
                bias: given.flag("bias"),
                dtype: dtype
            )
        }
    )
}
