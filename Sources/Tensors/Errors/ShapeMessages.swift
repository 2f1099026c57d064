extension TensorError {
    /// The text of an error in shapes; `nil` for the others.
    var shapeMessage: String? {
        switch self {
        case .dimensionOutOfRange(let dimension, let rank):
            "Dimension out of range (expected to be in range of [\(-max(rank, 1)), \(max(rank, 1) - 1)], "
                + "but got \(dimension))"
        case .broadcastMismatch(let first, let second, let dimension):
            "The size of tensor a (\(first)) must match the size of tensor b (\(second)) "
                + "at non-singleton dimension \(dimension)"
        case .expandMismatch(let target, let shape, let dimension):
            "The expanded size of the tensor (\(target[dimension])) must match the existing size "
                + "(\(shape[dimension - (target.count - shape.count)])) at non-singleton dimension \(dimension).  "
                + "Target sizes: \(target).  Tensor sizes: \(shape)"
        case .expandRank(let dtype, let shape, let target):
            "expand(\(dtype.legacyTypeName){\(shape)}, size=\(target)): the number of sizes provided "
                + "(\(target.count)) must be greater or equal to the number of dimensions in the tensor (\(shape.count))"
        case .outputMismatch(let shape, let broadcast):
            "output with shape \(shape) doesn't match the broadcast shape \(broadcast)"
        case .tooManyAxes(let rank):
            "Tensors cannot have more than \(Shape.maximumRank) dimensions, but got \(rank)"
        default: reshapeMessage ?? sliceMessage
        }
    }

    private var reshapeMessage: String? {
        switch self {
        case .invalidReshape(let shape, let count):
            "shape '\(shape)' is invalid for input of size \(count)"
        case .ambiguousReshape(let shape):
            "cannot reshape tensor of 0 elements into shape \(shape) because the unspecified dimension size -1 "
                + "can be any value and is ambiguous"
        case .severalInferredDimensions: "only one dimension can be inferred"
        case .invalidReshapeDimension(let size, let index, let shape):
            "invalid shape dimension \(size) at index \(index) of shape \(shape)"
        case .flattenOrder: "flatten() has invalid args: start_dim cannot come after end_dim"
        default: nil
        }
    }

    private var sliceMessage: String? {
        switch self {
        case .indexOutOfBounds(let index, let dimension, let size):
            "index \(index) is out of bounds for dimension \(dimension) with size \(size)"
        case .selectOutOfRange(let index, let shape, let dimension):
            "select(): index \(index) out of range for tensor of size \(shape) at dimension \(dimension)"
        case .sliceOutOfBounds(let start, let length, let size):
            "start (\(start)) + length (\(length)) exceeds dimension size (\(size))."
        case .concatenationSizes(let expected, let got, let index, let dimension):
            "Sizes of tensors must match except in dimension \(dimension). Expected size \(expected) "
                + "but got size \(got) for tensor number \(index) in the list."
        case .concatenationRanks(let first, let second):
            "Tensors must have same number of dimensions: got \(first) and \(second)"
        case .emptyConcatenation: "torch.cat(): expected a non-empty list of Tensors"
        default: nil
        }
    }
}
