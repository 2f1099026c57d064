public import Tensors

/// What the normalisations by channel share: `y = (x - mean) / √(variance + eps) · weight + bias`.
///
/// - Input and output: a batch of channels, `[N, numFeatures, ...]`.
/// - State: `weight`, `bias`, and the buffers `running_mean`, `running_var`, `num_batches_tracked`.
public class ChannelNorm: Module {
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

        /// Creates PyTorch's defaults for the normalisation of batches.
        public init() {}
    }

    /// PyTorch's defaults for the class.
    class var defaults: Options { Options() }

    /// The number of channels.
    public final let numFeatures: Int
    /// How it behaves.
    public final let options: Options

    private let weightSlot = Slot<Parameter>()
    private let biasSlot = Slot<Parameter>()
    private let meanSlot = Slot<Tensor>()
    private let varianceSlot = Slot<Tensor>()
    private let countSlot = Slot<Tensor>()

    /// Creates a normalisation with weight one, bias zero, mean zero and variance one.
    ///
    /// PyTorch 1.0.1 draws the weight, uniformly from zero to one; so does this under its rules, from `generator`.
    /// - Parameter options: How it behaves; by default as PyTorch's class does.
    public required convenience init(
        numFeatures: Int,
        options: Options? = nil,
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws {
        let options = options ?? Self.defaults
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

    required init(unfilled numFeatures: Int, _ options: Options) throws {
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
    public final var weight: Parameter? {
        get { weightSlot.value }
        set { weightSlot.value = newValue }
    }

    /// What is added at the end.
    public final var bias: Parameter? {
        get { biasSlot.value }
        set { biasSlot.value = newValue }
    }

    /// The running mean of each channel.
    public final var runningMean: Tensor? { meanSlot.value }
    /// The running variance of each channel.
    public final var runningVariance: Tensor? { varianceSlot.value }

    /// What a call computes with.
    final var operands: (weight: Tensor?, bias: Tensor?) { (weightSlot.operand, biasSlot.operand) }

    /// What the running statistics make of each channel.
    final var statistics: ChannelStatistics {
        let (weight, bias) = operands
        return ChannelStatistics(
            mean: runningMean,
            variance: runningVariance,
            weight: weight,
            bias: bias,
            epsilon: options.epsilon.value
        )
    }

    /// Whether a call takes the statistics of its input rather than the running ones.
    final var usesInput: Bool { isTraining || (runningMean == nil && runningVariance == nil) }

    /// Moves the running statistics towards those of an input, if it has some, unless the call is frozen.
    final func track(_ statistics: () throws -> (mean: Tensor, variance: Tensor)?) throws {
        guard isTraining, CallContext.current?.isFrozen != true,
            let mean = runningMean, let variance = runningVariance,
            let seen = countSlot.value?.scalars(as: Int64.self).first
        else { return }
        // The count comes from a state dictionary, which may hold any number; PyTorch's wraps too.
        let batchCount = countsBatches ? seen &+ 1 : seen
        let momentum = options.momentum?.value ?? (countsBatches ? 1 / Double(batchCount) : 0)
        countSlot.value = try Tensor(scalar: batchCount)
        guard let found = try statistics() else { return }
        meanSlot.value = try mean * (1 - momentum) + found.mean * momentum
        varianceSlot.value = try variance * (1 - momentum) + found.variance * momentum
    }

    /// Whether each training call counts.
    var countsBatches: Bool { true }

    // PyTorch 0.4.1 added it, and a dictionary without PyTorch's own `_metadata` may be older.
    override final var laterBuffers: Set<String> { ["num_batches_tracked"] }

    public final override var extraRepr: String {
        "\(numFeatures), eps=\(options.epsilon), momentum=\(options.momentum.pythonText), "
            + "affine=\(options.affine.pythonText), bias=\((bias != nil).pythonText), "
            + "track_running_stats=\(options.trackRunningStats.pythonText)"
    }

    override final var oldExtraRepr: String {
        "\(numFeatures), eps=\(options.epsilon), momentum=\(options.momentum.pythonText), "
            + "affine=\(options.affine.pythonText), track_running_stats=\(options.trackRunningStats.pythonText)"
    }

    public final override var attributeNames: Set<String> {
        ["num_features", "eps", "momentum", "affine", "track_running_stats", "reset_running_stats", "reset_parameters"]
    }

    public final override func emptyCopy() throws -> Module { try Self(unfilled: numFeatures, options) }
}

extension ModuleType {
    /// Declares a class; one that normalises batches has weights and running statistics by default.
    static func channelNorm(_ kind: ChannelNorm.Type, isBatch: Bool) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: [
                ModuleParameter("num_features", .int), ModuleParameter("eps", .number, 1e-5),
                ModuleParameter("momentum", .optionalNumber, 0.1),
                ModuleParameter("affine", .flag, .bool(isBatch)),
                ModuleParameter("track_running_stats", .flag, .bool(isBatch)),
                ModuleParameter("bias", .flag, true),
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
                var options = ChannelNorm.Options()
                options.epsilon = given.number("eps")
                options.momentum = given.optionalNumber("momentum")
                options.affine = given.flag("affine")
                options.bias = given.flag("bias")
                options.trackRunningStats = given.flag("track_running_stats")
                return try kind.init(
                    numFeatures: given.int("num_features"),
                    options: options,
                    dtype: dtype,
                    generator: generator
                )
            }
        )
    }
}
