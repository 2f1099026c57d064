public import Tensors

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

    // Recurrent layers.
    case projectionWithoutLSTM
    case recurrentDropout
    case notPositive(String)
    case negativeProjection
    case largeProjection
    case nonlinearity(String)
    case cellNonlinearity(String)
    case sequenceRank(type: String, rank: Int)
    case sequenceSize(expected: Int, got: Int)
    case recurrentTypes(input: DType, weight: DType)
    case recurrentWeights
    case stateRank(isBatch: Bool, ranks: [Int])
    case stateSize(name: String, expected: [Int], got: [Int])
    case cellRank(type: String, rank: Int)
    case cellInput(expected: Int, got: Int)
    case cellBatch(expected: Int, index: Int, got: Int)
    case cellState(index: Int, expected: Int, got: Int)

    // Attention.
    case attentionSizes(embedDim: Int, numHeads: Int)
    case headsDoNotDivide
    case attentionRank(Int)
    case attentionRanks(Int, key: Int, value: Int)
    case attentionSize(expected: Int, got: Int)
    case attentionKeys(key: [Int], value: [Int], isOneSize: Bool)
    case paddingMaskRank(isBatch: Bool, Int)
    case paddingMask(axis: Int, expected: Int, got: Int)
    case attentionMaskRank(isBatch: Bool, Int)
    case attentionMask([Int], expected: [Int])
    case activation(String)

    case transformerBatches
    case transformerSizes

    // Tables, and pools of drawn windows.
    case bagMode
    case noneSize(function: String)
    /// Sizes in a list for an input of too few axes.
    case listedSizes(least: Int)
    case scaledMaximum
    case sparseMaximum
    case bagPadding
    case fractionalSizes(type: String, isBoth: Bool)
    case fractionalRatio(String)
    case unpooledSizeCount(axes: Int, got: Int)
    case unpooledSize(String, dim: Int, above: Int, below: Int)
    case negativeUnpooledSize(dim: Int, Int)

    // Images.
    case alignedCorners
    case noSizeOrFactor
    case sizeAndFactor
}

extension LayerArgumentProblem {
    /// The exception that PyTorch raises.
    var kind: ErrorKind {
        switch self {
        case .lineDropoutRank, .sequenceSize, .recurrentWeights, .stateRank, .stateSize, .cellInput, .cellBatch,
            .cellState, .cellNonlinearity:
            .runtime
        case .moduloByZero: .zeroDivision
        case .bagPadding: .assertion
        case .noneSize: .type
        case .listedSizes: .value
        case .transformerBatches, .transformerSizes: .runtime
        case .headsDoNotDivide, .attentionRank, .attentionRanks, .attentionSize, .attentionKeys, .paddingMaskRank,
            .paddingMask, .attentionMaskRank:
            .assertion
        case .attentionMask, .activation: .runtime
        default: .value
        }
    }

    /// PyTorch's text.
    var message: String { recurrentMessage ?? attentionMessage ?? tableMessage ?? argumentMessage }

    private var tableMessage: String? {
        switch self {
        case .listedSizes(let least): "Input dimension should be at least \(least)"
        case .noneSize(let function):
            "\(function)(): argument 'output_size' (position 2) must be tuple of ints, but found element of type NoneType "
                + "at pos 0"
        case .bagMode: "mode has to be one of sum, mean or max"
        case .scaledMaximum: "max mode does not support scaling the gradient by the frequency"
        case .sparseMaximum: "max mode does not support sparse weights"
        case .bagPadding: "padding_idx must be within num_embeddings"
        case .fractionalSizes(let type, false):
            "\(type) requires specifying either an output size, or a pooling ratio"
        case .fractionalSizes(_, true): "only one of output_size and output_ratio may be specified"
        case .fractionalRatio(let ratio): "output_ratio must be between 0 and 1 (got \(ratio))"
        case .unpooledSizeCount(let axes, let got):
            "output_size should be a sequence containing \(axes) or \(axes + 2) elements, but it has a length of '\(got)'"
        case .unpooledSize(let sizes, let dim, let above, let below):
            "invalid output_size \"\(sizes)\" (dim \(dim) must be between \(above) and \(below))"
        case .negativeUnpooledSize(let dim, let size):
            "max_unpooling: output_size must contain non-negative spatial dimensions, but got output_size[\(dim)]=\(size)"
        case .transformerBatches: "the batch number of src and tgt must be equal"
        case .transformerSizes: "the feature number of src and tgt must be equal to d_model"
        default: nil
        }
    }

    private var attentionMessage: String? {
        switch self {
        case .attentionSizes(let embedDim, let numHeads):
            "embed_dim and num_heads must be greater than 0, got embed_dim=\(embedDim) and num_heads=\(numHeads) instead"
        case .headsDoNotDivide: "embed_dim must be divisible by num_heads"
        case .attentionRank(let rank):
            "query should be unbatched 2D or batched 3D tensor but received \(rank)-D query tensor"
        case .attentionRanks(let query, let key, let value):
            "For \(query == 3 ? "batched (3-D)" : "unbatched (2-D)") `query`, expected `key` and `value` to be \(query)-D "
                + "but found \(key)-D and \(value)-D tensors respectively"
        case .attentionSize(let expected, let got):
            "was expecting embedding dimension of \(expected), but got \(got)"
        case .attentionKeys(let key, let value, true):
            "key shape torch.Size(\(key)) does not match value shape torch.Size(\(value))"
        case .attentionKeys(let key, let value, false):
            "key's sequence and batch dims torch.Size(\(Array(key.prefix(2)))) do not match value's "
                + "torch.Size(\(Array(value.prefix(2))))"
        case .paddingMaskRank(let isBatch, let rank):
            "For \(isBatch ? "batched (3-D)" : "unbatched (2-D)") `query`, expected `key_padding_mask` to be `None` or "
                + "\(isBatch ? 2 : 1)-D but found \(rank)-D tensor instead"
        case .paddingMask(let axis, let expected, let got):
            "Expected key_padded_mask.shape[\(axis)] to be \(expected), but got \(got)"
        case .attentionMaskRank(let isBatch, let rank):
            "For \(isBatch ? "batched (3-D)" : "unbatched (2-D)") `query`, expected `attn_mask` to be `None`, 2-D or 3-D "
                + "but found \(rank)-D tensor instead"
        case .attentionMask(let sizes, let expected):
            "The shape of the \(sizes.count)D attn_mask is torch.Size(\(sizes)), but should be \(expected.pythonTuple)."
        case .activation(let name): "activation should be relu/gelu, not \(name)"
        default: nil
        }
    }

    private var recurrentMessage: String? {
        switch self {
        case .projectionWithoutLSTM: "proj_size argument is only supported for LSTM, not RNN or GRU"
        case .recurrentDropout:
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
        case .notPositive(let name): "\(name) must be greater than zero"
        case .negativeProjection: "proj_size should be a positive integer or zero to disable projections"
        case .largeProjection: "proj_size has to be smaller than hidden_size"
        case .nonlinearity(let name): "Unknown nonlinearity '\(name)'. Select from 'tanh' or 'relu'."
        case .cellNonlinearity(let name): "Unknown nonlinearity: \(name)"
        case .sequenceRank("RNN", let rank): "RNN: Expected input to be 2D or 3D, got \(rank)D tensor instead"
        case .sequenceRank(let type, let rank): "\(type): Expected input to be 2D or 3D, got \(rank)D instead"
        case .sequenceSize(let expected, let got):
            "input.size(-1) must be equal to input_size. Expected \(expected), got \(got)"
        case .recurrentTypes(let input, let weight):
            "RNN input dtype (\(input)) does not match weight dtype (\(weight)). Convert input: input.to(\(weight)), or "
                + "convert model: model.to(\(input))"
        case .recurrentWeights: "the weights of the layer do not fit its sizes"
        case .stateRank(let isBatch, let ranks):
            "For \(isBatch ? "batched 3-D" : "unbatched 2-D") input, hx "
                + (ranks.count > 1 ? "and cx " : "") + "should also be \(isBatch ? 3 : 2)-D but got "
                + (ranks.count > 1
                    ? "(\(ranks.map { "\($0)-D" }.joined(separator: ", "))) tensors" : "\(ranks.first ?? 0)-D tensor")
        case .stateSize(let name, let expected, let got):
            "Expected \(name) size \(expected.pythonTuple), got \(got)"
        case .cellRank(let type, let rank): "\(type): Expected input to be 1D or 2D, got \(rank)D instead"
        case .cellInput(let expected, let got):
            "input has inconsistent input_size: got \(got) expected \(expected)"
        case .cellBatch(let expected, let index, let got):
            "Input batch size \(expected) doesn't match hidden\(index) batch size \(got)"
        case .cellState(let index, let expected, let got):
            "hidden\(index) has inconsistent hidden_size: got \(got), expected \(expected)"
        default: nil
        }
    }

    private var argumentMessage: String {
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
        default: "the arguments of the layer do not fit"
        }
    }
}
