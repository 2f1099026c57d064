extension TensorError {
    /// The text of an error in dtypes; `nil` for the others.
    var typeMessage: String? {
        switch self {
        case .notImplemented(let kernel, let dtype):
            "\"\(kernel)\" not implemented for '\(dtype.scalarName)'"
        case .noPromotion(let first, let second):
            "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
                + "\(first.scalarName) and \(second.scalarName)"
        case .boolSubtraction:
            "Subtraction, the `-` operator, with two bool tensors is not supported. "
                + "Use the `^` or `logical_xor()` operator instead."
        case .boolOperandSubtraction:
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
                + "use the `~` or `logical_not()` operator instead."
        case .boolNegation:
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, "
                + "use the `~` or `logical_not()` operator instead."
        case .boolHardtanh: "Bool inputs not supported for hardtanh"
        case .unsignedHardtanh: "cannot do hardtanh on an unsigned type with negative limits"
        case .boolRelu: "Boolean inputs not supported for relu"
        case .meanNeedsFloats(let dtype):
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
                + "Got: \(dtype.scalarName)"
        case .mixedTypes: "mixed dtype (CPU): all inputs must share same datatype."
        case .parametersMustBeFloat: "mixed dtype (CPU): expect parameter to have scalar type of Float"
        case .expectedScalarType(let dtype, let got):
            "expected scalar type \(dtype.scalarName) but found \(got.scalarName)"
        case .resultCannotBeCast(let from, let to):
            "result type \(from.scalarName) can't be cast to the desired output type \(to.scalarName)"
        case .cannotRequireGradient:
            "only Tensors of floating point dtype can require gradients"
        default: nil
        }
    }

    /// The text of an error in a layer; `nil` for the others.
    var layerMessage: String? {
        switch self {
        case .invalidDropout(let p):
            "dropout probability has to be between 0 and 1, but got \(p.inCStyle)"
        case .normalizedShape(let shape, let input, let operation):
            "Given normalized_shape=\(shape), expected input with shape [*\(operation == .layer ? ", " : "")"
                + "\(shape.map(String.init).joined(separator: ", "))], but got input of size\(input)"
        case .tooFewAxes(let expected, let got):
            "Input tensor must have at least \(expected) dimensions, but got \(got)"
        case .emptyNormalizedShape:
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
                + "but got normalized_shape = []"
        case .normalizationParameter(let name, let shape, let normalizedShape):
            "Expected \(name) to be of same shape as normalized_shape, but got \(name) of shape \(shape) "
                + "and normalized_shape = \(normalizedShape)"
        case .channelCount(let name, let expected, let got):
            "\(name) should contain \(expected) elements not \(got)"
        case .oneValuePerChannel(let shape):
            "Expected more than 1 value per channel when training, got input size torch.Size(\(shape))"
        case .missingRunningStatistics(let name): "\(name) must be defined in evaluation mode"
        case .topKOutOfRange: "selected index k out of range"
        case .random(let problem): problem.message
        case .layer(let problem): problem.message
        default: embeddingMessage ?? lossMessage
        }
    }

    private var embeddingMessage: String? {
        switch self {
        case .embeddingIndexType(let dtype):
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; "
                + "but got \(dtype.legacyTypeName) instead (while checking arguments for embedding)"
        case .embeddingWeightRank: "'weight' must be 2-D"
        case .embeddingIndexOutOfRange: "index out of range in self"
        default: nil
        }
    }

    private var lossMessage: String? {
        switch self {
        case .targetOutOfBounds(let target): "Target \(target) is out of bounds."
        case .batchSizes(let input, let target):
            "Expected input batch_size (\(input)) to match target batch_size (\(target))."
        case .classWeights(let classes, let shape):
            "weight tensor should be defined either for all \(classes) classes or no classes "
                + "but got weight tensor of shape: \(shape)"
        case .probabilityClassWeights(let classes, let shape):
            Self.classWeights(classes: classes, shape: shape).lossMessage.map { "cross_entropy: " + $0 }
        case .severalTargets: "0D or 1D target tensor expected, multi-target not supported"
        case .singleTarget(let got):
            "For 1D input, 1D target must have size 1, but got target size: \(got)"
        case .targetShape(let expected, let got): "Expected target size \(expected), got \(got)"
        case .targetSize(let target, let input):
            "Target size (torch.Size(\(target))) must be the same as input size (torch.Size(\(input)))"
        case .targetType(let dtype): "expected target dtype to be Long or Byte, but got \(dtype.scalarName)"
        case .probabilityTargetType(let dtype):
            "Expected floating point type for target with class probabilities, got \(dtype.scalarName)"
        case .labelSmoothing(let value):
            "label_smoothing must be between 0.0 and 1.0. Got: \(value.inCStyle)"
        case .invalidReduction(let name): "\(name) is not a valid value for reduction"
        default: nil
        }
    }
}

extension Double {
    /// The number as C++ streams print it: whole numbers without a fraction.
    var inCStyle: String {
        let text = description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
