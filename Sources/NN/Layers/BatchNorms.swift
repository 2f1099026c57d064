public import Tensors

/// Normalisation of each channel over the batch.
///
/// In training it takes mean and biased variance from the batch, and moves its running statistics towards the batch's
/// mean and unbiased variance: `running = (1 - momentum) · running + momentum · batch`. In use it takes the running ones.
/// A frozen call leaves them as they are, also in training.
/// - Input and output: `[N, numFeatures]` or `[N, numFeatures, L]`.
public class BatchNorm1d: ChannelNorm {
    public final override var forwardOwner: String { "_BatchNorm" }

    /// Checks the number of axes.
    func check(rank: Int) throws {
        guard rank == 2 || rank == 3 else { throw ModuleError.batchNormRank(rank) }
    }

    public final override func forward(_ input: Tensor) throws -> Tensor {
        try check(rank: input.rank)
        let (weight, bias) = operands
        let output = try input.batchNorm(
            mean: runningMean,
            variance: runningVariance,
            weight: weight,
            bias: bias,
            training: usesInput,
            epsilon: options.epsilon.value
        )
        try track { input.elementCount > 0 ? try input.detached().batchStatistics() : nil }
        return output
    }

    final override func channelStep(rank: Int) -> ChannelStep? {
        guard !usesInput, (try? check(rank: rank)) != nil else { return nil }
        return .normalized(statistics)
    }

    public final override var inputSpecs: [TensorSpec]? {
        let dtype = weight?.tensor.dtype ?? runningMean?.dtype
        guard lengths.isEmpty else { return [.images(channels: numFeatures, axes: axes, dtype)] }
        return [TensorSpec(shape: [.batch(1), .fixed(numFeatures)], dtype: dtype, rows: .axis(0))]
    }

    /// In training, and without running statistics, it takes those of the batch, in which rows meet.
    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let rank = spec.rank, (try? check(rank: rank)) != nil else {
            return .unknown
        }
        let isMixed = spec.rows != .none && (usesInput || spec.batchAxis == 1)
        return ValueSpec.tensor(isMixed ? spec.with(rows: .mixed) : spec).inFloatsIfKnown
    }

    /// The letters of the axes behind the channels.
    var lengths: String { "" }
    /// How many there are, at most.
    var axes: Int { 1 }

    public final override var expectedInput: String? {
        let dtype = weight.map { $0.tensor.dtype.rawValue } ?? ""
        return lengths.isEmpty
            ? "\(dtype)[N, \(numFeatures)] or [N, \(numFeatures), L]" : "\(dtype)[N, \(numFeatures), \(lengths)]"
    }
}

/// Normalisation of each channel of images over the batch.
///
/// Input and output: `[N, numFeatures, H, W]`.
public final class BatchNorm2d: BatchNorm1d {
    override func check(rank: Int) throws {
        guard rank == 4 else { throw ModuleError.layer(.inputRank(expected: "4D", got: rank)) }
    }

    override var lengths: String { "H, W" }
    override var axes: Int { 2 }
}

/// Normalisation of each channel of volumes over the batch.
///
/// Input and output: `[N, numFeatures, D, H, W]`.
public final class BatchNorm3d: BatchNorm1d {
    override func check(rank: Int) throws {
        guard rank == 5 else { throw ModuleError.layer(.inputRank(expected: "5D", got: rank)) }
    }

    override var lengths: String { "D, H, W" }
    override var axes: Int { 3 }
}

extension ModuleType {
    /// Normalisations of batches.
    static let batchNorms: [ModuleType] = [
        channelNorm(BatchNorm1d.self, isBatch: true), channelNorm(BatchNorm2d.self, isBatch: true),
        channelNorm(BatchNorm3d.self, isBatch: true),
    ]
}
