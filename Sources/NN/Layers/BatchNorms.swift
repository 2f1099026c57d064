public import Tensors

/// Normalisation of each channel over the batch.
///
/// In training it takes mean and biased variance from the batch, and moves its running statistics towards the batch's
/// mean and unbiased variance: `running = (1 - momentum) · running + momentum · batch`. In use it takes the running ones.
/// A frozen call leaves them as they are, also in training.
/// - Input and output: `[N, numFeatures]` or `[N, numFeatures, L]`.
public class BatchNorm1d: ChannelNorm {
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

    public final override var inputSpecs: [TensorSpec]? {
        guard lengths.isEmpty else { return nil }
        let dtype = weight?.tensor.dtype ?? runningMean?.dtype
        return [TensorSpec(shape: [.batch(1), .fixed(numFeatures)], dtype: dtype, rows: .axis(0))]
    }

    /// In training, and without running statistics, it takes those of the batch, in which rows meet.
    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let rank = spec.rank, (try? check(rank: rank)) != nil else {
            return .unknown
        }
        let isMixed = spec.rows != .none && (usesInput || spec.batchAxis == 1)
        return .tensor(isMixed ? spec.with(rows: .mixed) : spec)
    }

    /// The letters of the axes behind the channels.
    var lengths: String { "" }

    public final override var expectedInput: String? {
        let dtype = weight.map { $0.tensor.dtype.rawValue } ?? ""
        return lengths.isEmpty
            ? "\(dtype)[N, \(numFeatures)] or [N, \(numFeatures), L]" : "\(dtype)[N, \(numFeatures), \(lengths)]"
    }
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

/// Normalisation of each channel of images over the batch.
///
/// Input and output: `[N, numFeatures, H, W]`.
public final class BatchNorm2d: BatchNorm1d {
    override func check(rank: Int) throws {
        guard rank == 4 else { throw ModuleError.layer(.inputRank(expected: "4D", got: rank)) }
    }

    override var lengths: String { "H, W" }
}

/// Normalisation of each channel of volumes over the batch.
///
/// Input and output: `[N, numFeatures, D, H, W]`.
public final class BatchNorm3d: BatchNorm1d {
    override func check(rank: Int) throws {
        guard rank == 5 else { throw ModuleError.layer(.inputRank(expected: "5D", got: rank)) }
    }

    override var lengths: String { "D, H, W" }
}
