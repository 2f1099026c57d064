import Tensors

/// What is wrong with the arguments of a layer, or with the number of axes of its input; `message` gives PyTorch's text.
public enum LayerArgumentProblem: Sendable, Equatable {
    /// PyTorch takes any number of sizes and fails in a call; here it fails at once.
    case sizeCount(name: String, expected: Int, got: Int)
    case groupsNotPositive
    case groupsDoNotDivide(isInput: Bool)
    case paddingName(String)
    case stridedSamePadding
    case paddingMode(String)
    case transposedPaddingMode(type: String)

    // Norms, dropouts and softmax.
    case inputRank(expected: String, got: Int)
    case channels(dim: Int, expected: Int, got: Int)
    case oneSpatialElement([Int])
    case moduloByZero
    case groupsDoNotDivideChannels(channels: Int, groups: Int)
    case responseRank(Int)
    case crossMapRank(Int)
    case lineDropoutRank(Int)
    case softmaxRank(Int)

    // Images.
    case alignedCorners
    case noSizeOrFactor
    case sizeAndFactor
}

extension LayerArgumentProblem {
    /// The exception that PyTorch raises.
    var kind: ErrorKind {
        switch self {
        case .lineDropoutRank: .runtime
        case .moduloByZero: .zeroDivision
        default: .value
        }
    }

    /// PyTorch's text.
    var message: String {
        switch self {
        case .sizeCount(let name, let expected, let got):
            "\(name) must be one int or a tuple of \(expected) ints, but got a tuple of \(got)"
        case .groupsNotPositive: "groups must be a positive integer"
        case .groupsDoNotDivide(let isInput): "\(isInput ? "in" : "out")_channels must be divisible by groups"
        case .paddingName(let name): "Invalid padding string '\(name)', should be one of {'same', 'valid'}"
        case .stridedSamePadding: "padding='same' is not supported for strided convolutions"
        case .paddingMode(let name):
            "padding_mode must be one of {'circular', 'reflect', 'replicate', 'zeros'}, but got padding_mode='\(name)'"
        case .transposedPaddingMode(let type): "Only \"zeros\" padding mode is supported for \(type)"
        case .inputRank(let expected, let got): "expected \(expected) input (got \(got)D input)"
        case .channels(let dim, let expected, let got):
            "expected input's size at dim=\(dim) to match num_features (\(expected)), but got: \(got)."
        case .oneSpatialElement(let sizes):
            "Expected more than 1 spatial element when training, got input size torch.Size(\(sizes))"
        case .moduloByZero: "integer modulo by zero"
        case .groupsDoNotDivideChannels(let channels, let groups):
            "num_channels (\(channels)) must be divisible by num_groups (\(groups))"
        case .responseRank(let rank):
            "Expected 3D or higher dimensionality                          input (got \(rank) dimensions)"
        case .crossMapRank(let rank): "CrossMapLRN2d: Expected input to be 4D, got \(rank)D instead."
        case .lineDropoutRank(let rank):
            "dropout1d: Expected 2D or 3D input, but received a \(rank)D input. Note that dropout1d exists to provide "
                + "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch "
                + "dimension (i.e. 2D or 3D inputs)."
        case .softmaxRank(let rank): "Softmax2d: expected input to be 3D or 4D, got \(rank)D instead"
        case .alignedCorners:
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        case .noSizeOrFactor: "either size or scale_factor should be defined"
        case .sizeAndFactor: "only one of size or scale_factor should be defined"
        }
    }
}
