public import Tensors

/// Normalisation of each channel over the batch: `y = (x - mean) / √(variance + eps) · weight + bias`.
///
/// In training it takes mean and biased variance from the batch, and moves its running statistics towards the batch's
/// mean and unbiased variance: `running = (1 - momentum) · running + momentum · batch`. In use it takes the running ones.
/// A frozen call leaves them as they are, also in training.
/// - Input and output: `[N, numFeatures]` or `[N, numFeatures, L]`.
/// - State: `weight`, `bias`, and the buffers `running_mean`, `running_var`, `num_batches_tracked`.
public final class BatchNorm1d: Module {
    /// The arguments that say how it behaves.
    public struct Options: Sendable, Equatable {
        /// What keeps the division from zero.
        public var epsilon: PythonNumber = 1e-5
        /// How fast the running statistics move; `nil` makes them the plain average of all batches.
        public var momentum: PythonNumber? = 0.1
        /// Whether it has a weight, and a bias if `bias` says so too.
        public var affine = true
        /// Whether it has a bias.
        public var bias = true
        /// Whether it has running statistics; without them it takes the batch's in use too.
        public var trackRunningStats = true

        /// Creates PyTorch's defaults.
        public init() {}
    }

    /// The number of channels.
    public let numFeatures: Int
    /// How it behaves.
    public let options: Options

    private let weightSlot = Slot<Parameter>()
    private let biasSlot = Slot<Parameter>()
    private let meanSlot = Slot<Tensor>()
    private let varianceSlot = Slot<Tensor>()
    private let countSlot = Slot<Tensor>()

    /// Creates a normalisation with weight one, bias zero, mean zero and variance one.
    ///
    /// PyTorch 1.0.1 draws the weight, uniformly from zero to one; so does this under its rules, from `generator`.
    public convenience init(
        numFeatures: Int,
        options: Options = Options(),
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws {
        try self.init(unfilled: numFeatures, options)
        let shape = try Shape(checking: [numFeatures])
        if options.affine {
            weight = try Parameter(Self.initialWeight(shape, dtype, generator))
            bias = options.bias ? try Parameter(Tensor.zeros(shape, dtype: dtype)) : nil
        }
        guard options.trackRunningStats else { return }
        meanSlot.value = try Tensor.zeros(shape, dtype: dtype)
        varianceSlot.value = try Tensor.ones(shape, dtype: dtype)
        countSlot.value = try Tensor(scalar: 0 as Int64)
    }

    private static func initialWeight(_ shape: Shape, _ dtype: DType, _ generator: Generator?) throws -> Tensor {
        Compatibility.ambient == .torch1_0_1
            ? try Initial.uniform(shape, dtype: dtype, generator: generator) : try Tensor.ones(shape, dtype: dtype)
    }

    private init(unfilled numFeatures: Int, _ options: Options) throws {
        self.numFeatures = numFeatures
        self.options = options
        super.init()
        try registerParameter("weight", nil, in: weightSlot)
        try registerParameter("bias", nil, in: biasSlot)
        try registerBuffer("running_mean", nil, in: meanSlot)
        try registerBuffer("running_var", nil, in: varianceSlot)
        try registerBuffer("num_batches_tracked", nil, in: countSlot)
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

    /// The running mean of each channel.
    public var runningMean: Tensor? { meanSlot.value }
    /// The running variance of each channel.
    public var runningVariance: Tensor? { varianceSlot.value }

    public override func forward(_ input: Tensor) throws -> Tensor {
        guard input.rank == 2 || input.rank == 3 else { throw ModuleError.batchNormRank(input.rank) }
        let usesBatch = isTraining || (runningMean == nil && runningVariance == nil)
        let output = try input.batchNorm(
            mean: runningMean,
            variance: runningVariance,
            weight: weightSlot.operand,
            bias: biasSlot.operand,
            training: usesBatch,
            epsilon: options.epsilon.value
        )
        if isTraining, CallContext.current?.isFrozen != true { try track(input.detached()) }
        return output
    }

    /// Moves the running statistics towards those of `batch`.
    private func track(_ batch: Tensor) throws {
        guard let mean = runningMean, let variance = runningVariance,
            let seen = countSlot.value?.scalars(as: Int64.self).first
        else { return }
        // The count comes from a state dictionary, which may hold any number; PyTorch's wraps too.
        let batchCount = seen &+ 1
        let momentum = options.momentum?.value ?? 1 / Double(batchCount)
        let statistics = try batch.batchStatistics()
        meanSlot.value = try mean * (1 - momentum) + statistics.mean * momentum
        varianceSlot.value = try variance * (1 - momentum) + statistics.variance * momentum
        countSlot.value = try Tensor(scalar: batchCount)
    }

    public override var typeName: String { "BatchNorm1d" }

    public override var extraRepr: String {
        "\(numFeatures), eps=\(options.epsilon), momentum=\(options.momentum.pythonText), "
            + "affine=\(options.affine.pythonText), bias=\((bias != nil).pythonText), "
            + "track_running_stats=\(options.trackRunningStats.pythonText)"
    }

    override var oldExtraRepr: String {
        "\(numFeatures), eps=\(options.epsilon), momentum=\(options.momentum.pythonText), "
            + "affine=\(options.affine.pythonText), track_running_stats=\(options.trackRunningStats.pythonText)"
    }

    public override var attributeNames: Set<String> {
        ["num_features", "eps", "momentum", "affine", "track_running_stats", "reset_running_stats", "reset_parameters"]
    }

    public override var expectedInput: String? {
        let dtype = weight.map { $0.tensor.dtype.rawValue } ?? ""
        return "\(dtype)[N, \(numFeatures)] or [N, \(numFeatures), L]"
    }

    public override var inputSpecs: [TensorSpec]? {
        let dtype = weight?.tensor.dtype ?? runningMean?.dtype
        return [TensorSpec(shape: [.batch(1), .fixed(numFeatures)], dtype: dtype, rows: .axis(0))]
    }

    /// In training, and without running statistics, it takes those of the batch, in which rows meet.
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let spec = inputs.first?.tensor, spec.rank == 2 || spec.rank == 3 else { return .unknown }
        let usesBatch = isTraining || (runningMean == nil && runningVariance == nil)
        let isMixed = spec.rows != .none && (usesBatch || spec.batchAxis == 1)
        return .tensor(isMixed ? spec.with(rows: .mixed) : spec)
    }

    public override func emptyCopy() throws -> Module { try BatchNorm1d(unfilled: numFeatures, options) }
}

extension ModuleType {
    static let batchNorm1d = ModuleType(
        "BatchNorm1d",
        parameters: [
            ModuleParameter("num_features", .int), ModuleParameter("eps", .number, 1e-5),
            ModuleParameter("momentum", .optionalNumber, 0.1), ModuleParameter("affine", .flag, true),
            ModuleParameter("track_running_stats", .flag, true), ModuleParameter("bias", .flag, true),
        ],
        tensors: { given in
            let sizes = [given.int("num_features")]
            let (isAffine, tracks) = (given.flag("affine"), given.flag("track_running_stats"))
            return [
                TensorDeclaration("weight", sizes, isPresent: isAffine),
                TensorDeclaration("bias", sizes, isPresent: isAffine && given.flag("bias")),
                TensorDeclaration("running_mean", sizes, isPresent: tracks),
                TensorDeclaration("running_var", sizes, isPresent: tracks),
                TensorDeclaration("num_batches_tracked", [], isPresent: tracks, dtype: .int64),
            ]
        },
        make: { given, dtype, generator in
            var options = BatchNorm1d.Options()
            options.epsilon = given.number("eps")
            options.momentum = given.optionalNumber("momentum")
            options.affine = given.flag("affine")
            options.bias = given.flag("bias")
            options.trackRunningStats = given.flag("track_running_stats")
            return try BatchNorm1d(
                numFeatures: given.int("num_features"),
                options: options,
                dtype: dtype,
                generator: generator
            )
        }
    )
}
