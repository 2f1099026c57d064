extension LayerProblem {
    var normMessage: String? {
        switch self {
        case .negativeLambda(let lambda, let dtype):
            "lambda must be in range [0, \(dtype == .float64 ? "1.79769e+308" : "3.40282e+38")] for input dtype "
                + "\(dtype.scalarName), but found \(lambda.inCStyle)"
        case .zeroAlpha: "ZeroDivisionError: alpha cannot be 0 for CELU"
        case .gluOfScalar: "glu does not support scalars because halving size must be even"
        case .gluSize(let dimension, let size):
            "Halving dimension must be even, but dimension \(dimension) is size \(size)"
        case .preluTypes(let input, let weight):
            "prelu: Type promoting not supported. Got \(input.scalarName) and \(weight.scalarName)"
        case .preluOfScalar: "Not allow zero-dim input tensor."
        case .preluChannels(let parameters, let channels):
            "Mismatch of parameter numbers and input channel size. Found parameter numbers = \(parameters) and channel "
                + "size = \(channels)."
        case .rreluBounds: "Lower bound should be less than or equal to the upper bound"
        case .groupNormRank(let rank): "Expected at least 2 dimensions for input tensor but received \(rank)"
        case .groupsNotPositive(let groups): "Expected num groups to be greater than 0, got \(groups)"
        case .oneValuePerGroup(let sizes):
            "Expected more than 1 value per channel when training, got input size \(sizes)"
        case .groupChannels(let input, let groups):
            "Expected number of channels in input to be divisible by num_groups, but got input of shape \(input) and "
                + "num_groups=\(groups)"
        case .groupParameter(let name, let shape, let input):
            "Expected \(name) to be a vector of size equal to the number of channels in input, but got \(name) of "
                + "shape \(shape) and input of shape \(input)"
        case .responseSize(let size, let isVolume):
            "kernel size should be greater than zero, but got "
                + (isVolume ? "kT: \(size) kH: 1 kW: 1" : "kH: \(size) kW: 1")
        case .zeroResponseSize: "float division by zero"
        case .emptySequence: "Expected sequence length to be larger than 0 in RNN"
        case .featureDropoutRank: "Feature dropout requires at least 2 dimensions in the input"
        default: nil
        }
    }

    var imageMessage: String? { shuffleMessage ?? foldMessage ?? interpolationMessage }

    private var shuffleMessage: String? {
        switch self {
        case .shuffleRank(let operation, let rank):
            "\(operation) expects input to have at least 3 dimensions, but got input with \(rank) dimension(s)"
        case .shuffleFactor(let operation, let name, let factor):
            "\(operation) expects a positive \(name), but got \(factor)"
        case .shuffledChannels(let channels, let square):
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
                + "input.size(-3)=\(channels) is not divisible by \(square)"
        case .unshuffledSize(let name, let axis, let size, let factor):
            "pixel_unshuffle expects \(name) to be divisible by downscale_factor, but input.size(\(axis))=\(size) is not "
                + "divisible by \(factor)"
        case .channelShuffleRank(let sizes):
            "channel_shuffle expects input with > 2 dims, but got input with sizes \(sizes)"
        case .channelShuffleGroups(let groups):
            "Number of groups to divide channels in must be positive. Value of groups:\(groups)"
        case .channelShuffleChannels(let channels, let groups):
            "Number of channels must be divisible by groups. Got \(channels) channels and \(groups) groups."
        default: nil
        }
    }

    private var foldMessage: String? {
        switch self {
        case .foldRank(true, let input):
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for "
                + "input, but got: \(input)"
        case .foldRank(false, let input):
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, "
                + "but got: \(input)"
        case .foldMeasure(.kernel, let sizes):
            "kernel size should be greater than zero, but got " + Self.named("kernel", sizes)
        case .foldMeasure(.padding, let sizes):
            "padding should be non-negative, but got " + Self.named("pad", sizes)
        case .foldMeasure(let measure, let sizes):
            "\(measure.rawValue) should be greater than zero, but got " + Self.named(measure.rawValue, sizes)
        case .foldChannels(let rows, let kernel):
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
                + "input.size(1)=\(rows) and kernel_size=\(Self.tuple(kernel))."
        case .foldBlocks(let sizes, let steps, let output, let blocks, let columns):
            "Given output_size=\(Self.tuple(sizes)), \(Self.described(steps)), stride=\(Self.tuple(steps.stride)), "
                + "expected size of input's dimension 2 to match the calculated number of sliding blocks "
                + "\(output[0]) * \(output[1]) = \(blocks), but got input.size(2)=\(columns)."
        case .foldSize(let sizes):
            "Expected output spatial size to be positive, but got: \(Self.tuple(sizes))."
        case .noBlocks(let image, let steps, let output):
            "Given input with spatial size \(Self.tuple(image)), \(Self.described(steps)), calculated shape of the array "
                + "of sliding blocks as \(Self.tuple(output)), but its components must be at least one."
        default: nil
        }
    }

    private var interpolationMessage: String? {
        switch self {
        case .interpolatedRank(let rank, let mode):
            "Input Error: Only 3D, 4D and 5D input Tensors supported (got \(rank)D) for the modes: nearest | linear | "
                + "bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got \(mode))"
        case .interpolationMode(let mode, let rank, let expected):
            "Got \(rank)D input, but \(mode) mode needs \(expected)D input"
        case .interpolatedSize(let input, let output) where input.count == 1:
            "Input and output sizes should be greater than 0, but got input (\(Self.labelled(input, separator: ", "))) "
                + "and output (\(Self.labelled(output, separator: ", ")))"
        case .interpolatedSize(let input, let output):
            "Input and output sizes should be greater than 0, but got input (\(Self.labelled(input, separator: ", "))) "
                + "output (\(Self.labelled(output, separator: ", ")))"
        case .emptyInterpolation(let sizes):
            "Non-empty \(sizes.count)D data tensor expected but got a tensor with sizes \(sizes)"
        case .interpolationSizes(let image, let sizes):
            "Input and output must have the same number of spatial dimensions, but got input with spatial dimensions of "
                + "\(image) and output size of \(Self.tuple(sizes)). Please provide input tensor in (N, C, d1, d2, ...,"
                + "dK) format and output size in (o1, o2, ...,oK) format."
        case .interpolationFactors(let image, let factors):
            "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial "
                + "dimensions of \(image) and scale_factor of shape "
                + "(\(factors.map(\.description).joined(separator: ", "))). Please provide input tensor in (N, C, d1, d2, "
                + "...,dK) format and scale_factor in (s1, s2, ...,sK) format."
        case .interpolationFactor(let factor): "scale_factor \(factor) gives no size that can be counted"
        default: nil
        }
    }

    private static func described(_ steps: PoolSteps) -> String {
        "kernel_size=\(tuple(steps.kernel)), dilation=\(tuple(steps.dilation)), padding=\(tuple(steps.padding))"
    }

    private static func tuple(_ sizes: [Int]) -> String {
        "(\(sizes.map(String.init).joined(separator: ", "))" + (sizes.count == 1 ? ",)" : ")")
    }
}
