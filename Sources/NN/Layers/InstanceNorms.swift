public import Tensors

/// Normalisation of each channel of each image by itself.
///
/// Input and output: `[numFeatures, L]` or `[N, numFeatures, L]`. Without running statistics, as by default, it takes those
/// of the input in use too.
public class InstanceNorm1d: ChannelNorm {
    public final override var forwardOwner: String { "_InstanceNorm" }

    override class var defaults: Options {
        var options = Options()
        (options.affine, options.trackRunningStats) = (false, false)
        return options
    }

    /// The axes behind the channels.
    class var axes: Int { 1 }

    override final var countsBatches: Bool { false }

    public final override func forward(_ input: Tensor) throws -> Tensor {
        let (single, batch) = (Self.axes + 1, Self.axes + 2)
        guard input.rank == single || input.rank == batch else {
            throw ModuleError.layer(.inputRank(expected: "\(single)D or \(batch)D", got: input.rank))
        }
        let channels = input.shape[input.rank - single]
        guard channels == numFeatures || !options.affine else {
            throw ModuleError.layer(.channels(dim: input.rank - single, expected: numFeatures, got: channels))
        }
        guard input.rank == single else { return try normalized(input) }
        return try normalized(input.withBatchAxis()).withoutBatchAxis()
    }

    /// In training its running statistics move with all images.
    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        (isTraining ? ValueSpec.mixed(inputs) : .images(inputs, axes: Self.axes)).inFloatsIfKnown
    }

    public final override var inputSpecs: [TensorSpec]? {
        [.images(channels: numFeatures, axes: Self.axes, weight?.tensor.dtype ?? runningMean?.dtype)]
    }

    /// Returns the batch with each channel of each image normalised as a channel of its own.
    private func normalized(_ input: Tensor) throws -> Tensor {
        let lengths = Array(input.shape.dropFirst(2))
        if usesInput, lengths.allSatisfy({ $0 == 1 }) {
            throw ModuleError.layer(.oneSpatialElement(input.shape.dimensions))
        }
        let (weight, bias) = operands
        let output = try input.instanceNorm(
            mean: runningMean,
            variance: runningVariance,
            weight: weight,
            bias: bias,
            usesInput: usesInput,
            epsilon: options.epsilon.value
        )
        try track {
            let rows = try input.detached().reshaped(to: input.rowsOfChannels())
            let (mean, variance) = try rows.batchStatistics()
            let form = try Shape(checking: Array(input.shape.prefix(2)))
            return try (mean.reshaped(to: form).mean(dim: 0), variance.reshaped(to: form).mean(dim: 0))
        }
        return output
    }
}

/// Normalisation of each channel of each image by itself.
///
/// Input and output: `[numFeatures, H, W]` or `[N, numFeatures, H, W]`.
public final class InstanceNorm2d: InstanceNorm1d {
    override class var axes: Int { 2 }
}

/// Normalisation of each channel of each volume by itself.
///
/// Input and output: `[numFeatures, D, H, W]` or `[N, numFeatures, D, H, W]`.
public final class InstanceNorm3d: InstanceNorm1d {
    override class var axes: Int { 3 }
}

extension ModuleType {
    /// Normalisations of each image.
    static let instanceNorms: [ModuleType] = [
        channelNorm(InstanceNorm1d.self, isBatch: false), channelNorm(InstanceNorm2d.self, isBatch: false),
        channelNorm(InstanceNorm3d.self, isBatch: false),
    ]
}
