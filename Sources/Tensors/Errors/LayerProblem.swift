/// What does not fit in a call of a layer over windows, images or sequences; `message` gives PyTorch's text.
public enum LayerProblem: Sendable, Equatable {
    // Convolutions.
    case convolutionRank(axes: Int, isTransposed: Bool, input: [Int])
    case convolutionChannels(groups: Int, isTransposed: Bool, weight: [Int], input: [Int], expected: Int)
    case emptyWeight([Int])
    case emptyVolumeWeight([Int])
    case maxPoolRank(Int)
    case convolutionTypes(input: DType, bias: DType)
    case onlyEmptyBatches([Int])
    case transposedOutput(input: [Int], output: [Int])
    case outputPadding([Int], stride: [Int], dilation: [Int])
    case notPositive(Measure, [Int])
    /// The dilation of a transposed convolution of whole numbers.
    case transposedDilation([Int])
    case negative(Measure)
    case kernelBeyondInput(padded: [Int], kernel: [Int])
    case tooLarge(Measure)

    // Pools.
    case poolRank(operation: String, axes: Int, input: [Int])
    case emptyPoolInput(input: [Int])
    case emptyAdaptiveInput(operation: String, input: [Int], axis: Int)
    case poolOutput(input: [Int], output: [Int])
    case poolKernelBeyondInput([Int], kernel: [Int])
    case linePool(LinePoolProblem)
    case poolPadding(Int, kernel: Int, dilation: Int)
    case negativePoolPadding(Int)
    case zeroStride
    case zeroPoolDilation([Int])
    case zeroDivisor
    case poolMeasure(Measure, [Int])
    case negativeAdaptiveSize(axes: Int, [Int])

    case uneven(UnevenPoolProblem)

    // Padding.
    case paddingLength(Int, rank: Int)
    case paddingRank(axes: Int, rank: Int)
    case negativeNarrowing
    case circularPadding
    case emptyCircularPadding
    case emptyPaddedInput(axes: Int, input: [Int])
    case reflection(before: Int, after: Int, dimension: Int, input: [Int])
    case paddedOutput(input: [Int], output: [Int])

    // Activations, norms and dropouts.
    case negativeLambda(Double, DType)
    case zeroAlpha
    case gluOfScalar
    case gluSize(dimension: Int, size: Int)
    case preluTypes(DType, DType)
    case preluOfScalar
    case preluChannels(parameters: Int, channels: Int)
    case rreluBounds
    case groupNormRank(Int)
    case groupsNotPositive(Int)
    case oneValuePerGroup([Int])
    case groupChannels(input: [Int], groups: Int)
    case groupParameter(String, shape: [Int], input: [Int])
    case responseSize(Int, isVolume: Bool)
    case zeroResponseSize
    case featureDropoutRank
    case crossMapGradient(Int)

    // Sequences, bags and pairs.
    case bag(BagProblem)
    case emptySequence

    // Images.
    case shuffleRank(operation: String, rank: Int)
    case shuffleFactor(operation: String, name: String, Int)
    case shuffledChannels(Int, square: Int)
    case unshuffledSize(String, axis: Int, size: Int, factor: Int)
    case channelShuffleRank([Int])
    case channelShuffleGroups(Int)
    case channelShuffleChannels(Int, groups: Int)
    case foldRank(isFold: Bool, input: [Int])
    case foldMeasure(Measure, [Int])
    case foldChannels(Int, kernel: [Int])
    case foldBlocks([Int], PoolSteps, [Int], blocks: Int, columns: Int)
    case foldSize([Int])
    case noBlocks([Int], PoolSteps, [Int])
    case interpolatedRank(rank: Int, mode: String)
    case interpolationMode(String, rank: Int, expected: Int)
    case interpolatedSize(input: [Int], output: [Int])
    case emptyInterpolation([Int])
    case interpolationSizes(image: [Int], [Int])
    case interpolationFactors(image: [Int], [Double])
    case interpolationFactor(Double)

    /// What PyTorch's own code for a maximum along one axis refuses.
    public enum LinePoolProblem: Sendable, Equatable {
        case output(Int)
        case padding(Int, kernel: Int)
        case negativePadding(Int)
        case notPositive(String, Int)
    }

    /// What a number of a layer measures.
    public enum Measure: String, Sendable {
        case kernel, stride, padding, dilation
        case outputPadding = "output_padding"
    }
}

extension LayerProblem {
    /// The exception that PyTorch raises.
    var kind: ErrorKind {
        switch self {
        case .bag(let problem): problem.kind
        case .uneven(let problem): problem.kind
        case .paddingRank, .interpolatedRank, .interpolationMode: .notImplemented
        case .oneValuePerGroup, .interpolationSizes, .interpolationFactors: .value
        default: .runtime
        }
    }

    /// PyTorch's text.
    var message: String {
        switch self {
        case .bag(let problem): problem.message
        case .uneven(let problem): problem.message
        default: sizesMessage
        }
    }

    private var sizesMessage: String {
        convolutionMessage ?? paddingMessage ?? normMessage ?? imageMessage ?? poolMessage
    }

    /// Sizes under the letters of their axes: `H: 4, W: 4`.
    static func labelled(_ sizes: [Int], separator: String) -> String {
        zip(["D", "H", "W"].suffix(sizes.count), sizes).map { "\($0): \($1)" }.joined(separator: separator)
    }

    /// Sizes as PyTorch multiplies them: `(2 x 3)` or `(2x3)`.
    static func product(_ sizes: [Int], _ sign: String = " x ") -> String {
        "(\(sizes.map(String.init).joined(separator: sign)))"
    }

    /// Sizes under the initials of their axes: `T: 6 H: 7 W: 5`.
    static func initials(_ prefix: String, _ sizes: [Int]) -> String {
        zip(["T", "H", "W"].suffix(sizes.count), sizes).map { "\(prefix)\($0): \($1)" }.joined(separator: " ")
    }

    static func named(_ name: String, _ sizes: [Int], separator: String = " ") -> String {
        zip(["depth", "height", "width"].suffix(sizes.count), sizes).map { "\(name)_\($0): \($1)" }
            .joined(separator: separator)
    }
}
