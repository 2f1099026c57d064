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
}

extension LayerArgumentProblem {
    /// The exception that PyTorch raises.
    var kind: ErrorKind { .value }

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
        }
    }
}
