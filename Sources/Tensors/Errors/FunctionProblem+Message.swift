extension FunctionProblem {
    /// The exception that PyTorch raises for it.
    var kind: ErrorKind {
        switch self {
        case .emptyPlaces, .emptyDimension, .narrowStart, .selectScalar, .selectIndex, .noDimension, .indexedScalar,
            .slicedScalar, .tooManyIndices, .indexType, .emptyIndexed, .wrongIndex, .indexShapes, .maskShape,
            .indexSelectRank:
            .index
        case .sliceStepZero, .sliceStepNegative, .truncatedRangeStep: .value
        case .noAttribute: .attribute
        case .numberDivisionByZero: .zeroDivision
        case .paddingSize, .paddingMode: .notImplemented
        default: .runtime
        }
    }

    /// PyTorch's text.
    var message: String {
        switch self {
        case .noAttribute(let name): "'Tensor' object has no attribute '\(name)'"
        case .integerDivisionByZero: "ZeroDivisionError"
        case .numberDivisionByZero: "division by zero"
        case .numberOverflow: "Overflow when unpacking long long"
        case .roundingMode(let name):
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '\(name)'"
        case .geluFormula: "approximate argument must be either none or tanh."
        case .negativeIntegerPower: "Integers to negative integer powers are not allowed."
        case .fractionalAlpha: "For integral input tensors, argument alpha must not be a floating point number."
        case .booleanAlpha: "Boolean alpha only supported for Boolean results."
        case .conditionType(let dtype):
            "where expected condition to be a boolean tensor, but got a tensor with dtype \(dtype.scalarName)"
        case .maskType(let dtype):
            "masked_fill_ only supports boolean masks, but got mask with dtype \(dtype.cName)"
        case .fillingRank(let rank):
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with \(rank) dimension(s)."
        case .floatOverflow(let dtype): "value cannot be converted to type \(dtype.cName) without overflow"
        case .clampWithoutBounds: "torch.clamp: At least one of 'min' or 'max' must not be None"
        case .lerpType(let name, let dtype, let expected):
            "expected dtype \(expected.cName) for `\(name)` but got dtype \(dtype.cName)"
        case .integerAddcdiv:
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true "
                + "division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value * "
                + "torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / "
                + "tensor2) for float inputs. The future addcdiv behavior is just the latter implementation: (input + "
                + "value * tensor1 / tensor2), for all dtypes."
        case .repeatedDimension(let axis): "dim \(axis) appears multiple times in the list of dims"
        case .meanType(let dtype):
            "mean(): could not infer output dtype. Optional dtype must be either a floating point or complex dtype. "
                + "Got: \(dtype.scalarName)"
        case .noBools(let name): "\(name)(): does not support bool input"
        case .emptyPlaces(let name): "\(name)(): Expected reduction dim to be specified for input.numel() == 0."
        case .uniqueOfNothing: "Number of zero sized dimensions is more than one, so unique cannot be applied "
        case .uniqueOfEmpty: "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied"
        case .emptyExtreme(let name):
            "\(name)(): Expected reduction dim to be specified for input.numel() == 0. "
                + "Specify the reduction dim with the 'dim' argument."
        case .emptyDimension(let name, let axis):
            "\(name)(): Expected reduction dim \(axis) to have non-zero size."
        case .varianceType: "std and var only support floating point and complex dtypes"
        case .normType(let dtype):
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got \(dtype.scalarName)"
        case .normResultType(let dtype):
            "linalg.vector_norm: dtype should be floating point or complex, but got \(dtype.scalarName)"
        case .narrowedNorm(let dtype, let result):
            "linalg.vector_norm: the dtype of the input (\(dtype.scalarName)) should be convertible without narrowing to the "
                + "specified dtype (\(result.scalarName))"
        case .emptyNorm(let order):
            "linalg.vector_norm cannot compute the \(order.inCStyle) norm on an empty tensor because the operation does "
                + "not have an identity"
        case .emptyNormDimension(let order, let axis):
            "linalg.vector_norm cannot compute the \(order.inCStyle) norm on the dimension \(axis)because this dimension "
                + "is empty and the operation does not have an identity"
        case .permutationLength(let rank, let count):
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
                + "ordering of dimensions i.e. input.dim() = \(rank) is not equal to len(dims) = \(count)"
        case .repeatedPermutation: "permute(): duplicate dims are not allowed."
        case .movedCounts(let source, let destination):
            "movedim: Invalid source or destination dims: source (\(source) dims) should contain the same number of dims "
                + "as destination (\(destination) dims)"
        case .repeatedMove(let name, let dims): "movedim: repeated dim in `\(name)` (\(dims))"
        case .narrowScalar: "narrow() cannot be applied to a 0-dim tensor."
        case .viewAcrossSteps:
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
                + "contiguous subspaces). Use .reshape(...) instead."
        case .narrowLength: "narrow(): length must be non-negative."
        case .narrowStart(let start, let size):
            "start out of range (expected to be in range of [\(-size), \(size)], but got \(start))"
        case .selectScalar: "select() cannot be applied to a 0-dim tensor."
        case .selectIndex(let index, let shape, let dimension):
            "select(): index \(index) out of range for tensor of size \(shape) at dimension \(dimension)"
        case .noAxes(let name): "\(name) expects at least a 1-dimensional tensor"
        case .negativeSplit(let size): "split expects split_size be non-negative, but got split_size=\(size)"
        case .emptySplit(let size):
            "split_size can only be 0 if dimension size is 0, but got dimension size of \(size)"
        case .negativeSplits(let sizes):
            "split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes=\(sizes)"
        case .splitSum(let sizes, let size, let dimension):
            "split_with_sizes expects split_sizes to sum exactly to \(size) (input tensor's size at dimension "
                + "\(dimension)), but got split_sizes=\(sizes)"
        case .chunkCount(let count): "chunk expects `chunks` to be greater than 0, got: \(count)"
        case .noDimension: "Dimension specified as 0 but tensor has no dimensions"
        case .diagonalAxes(let first, let second): "diagonal dimensions cannot be identical \(first), \(second)"
        case .unflattenWithoutSizes: "unflatten: sizes must be non-empty"
        case .unflattenSizes(let sizes, let size, let dimension):
            "unflatten: Provided sizes \(sizes) don't multiply up to the size of dim \(dimension) (\(size)) in the input "
                + "tensor"
        case .expandedLeading(let size, let place):
            "The expanded size of the tensor (\(size)) isn't allowed in a leading, non-existing dimension \(place)"
        case .repeatAxes:
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        case .scalarConcatenation(let place):
            "zero-dimensional tensor (at position \(place)) cannot be concatenated"
        case .emptyStack: "stack expects a non-empty TensorList"
        case .stackedShapes(let first, let other, let place):
            "stack expects each tensor to be equal size, but got \(first) at entry 0 and \(other) at entry \(place)"
        case .triangleRank(let name): "\(name): input tensor must have at least 2 dimensions"
        case .indexedScalar:
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
                + "0-dim tensor to a number"
        case .slicedScalar: "slice() cannot be applied to a 0-dim tensor."
        case .tooManyIndices(let rank): "too many indices for tensor of dimension \(rank)"
        case .sliceStepZero: "slice step cannot be zero"
        case .sliceStepNegative: "step must be greater than zero"
        case .indexType: "tensors used as indices must be long, int, byte or bool tensors"
        case .emptyIndexed: "index is out of bounds for dimension with size 0"
        case .wrongIndex(let type):
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got \(type))"
        case .indexPutType(let own, let other):
            "Index put requires the source and destination dtypes match, got \(own.scalarName) for the destination and "
                + "\(other.scalarName) for the source."
        case .indexPutShape(let value, let shape):
            "shape mismatch: value tensor of shape \(value) cannot be broadcast to indexing result of shape \(shape)"
        case .indexShapes(let shapes):
            "shape mismatch: indexing tensors could not be broadcast together with shapes "
                + shapes.map(\.description).joined(separator: ", ")
        case .maskShape(let mask, let place, let shape, let axis):
            "The shape of the mask \(mask) at index \(place) does not match the shape of the indexed tensor \(shape) at "
                + "index \(axis)"
        case .gatherIndexType(let name): "\(name)(): Expected dtype int32/int64 for index"
        case .gatherRank(let name):
            "Index tensor must have the same number of dimensions as \(name) tensor"
        case .gatherSize(let index, let own, let dimension, let place):
            "Size does not match at dimension \(place) expected index \(index) to be no larger than self \(own) apart from "
                + "dimension \(dimension)"
        case .gatherBounds(let index, let dimension, let size):
            "index \(index) is out of bounds for dimension \(dimension) with size \(size)"
        case .scatterType: "scatter(): Expected self.dtype to be equal to src.dtype"
        case .scatterSize(let index, let own, let dimension, let source):
            "Expected index \(index) to be no larger than self \(own) apart from dimension \(dimension)"
                + (source.map { " and to be no larger size than src \($0)" } ?? "")
        case .indexSelectRank: "index_select(): Index is supposed to be a vector"
        case .indexSelectType: "index_select(): Expected dtype int32 or int64 for index"
        case .indexSelectScalar(let count):
            "index_select(): Index to scalar can have only 1 value, got \(count) value(s)"
        case .indexSelectBounds(let index, let size):
            "INDICES element is out of DATA bounds, id=\(index) axis_dim=\(size)"
        case .takeIndexType(let dtype):
            "torch.take_along_dim(): dtype of indices should be Long but got \(dtype.scalarName)"
        case .takeRanks(let input, let indices):
            "torch.take_along_dim(): input and indices should have the same number of dimensions, but got \(input) "
                + "dimensions for input, and \(indices) dimensions for indices"
        case .maskedSelectType: "masked_select: expected BoolTensor for mask"
        case .rollScalar(let dim): "Dimension specified as \(dim) but tensor has no dimensions"
        case .rollWithoutShifts: "`shifts` required"
        case .rollCounts(let shifts, let dims):
            "shifts and dimensions must align. shifts: \(shifts), dims:\(dims)"
        case .negativeRepeats(let text): text
        case .repeatsRank: "repeats must be 0-dim or 1-dim tensor"
        case .repeatsSize(let repeats, let size):
            "repeats must have the same size as input along dim, but got repeats.size(0) = \(repeats) and "
                + "input.size(0) = \(size)"
        case .oddPadding: "Padding length must be divisible by 2"
        case .paddingLength(let length, let rank):
            "Padding length should be less than or equal to two times the input dimension but got padding length "
                + "\(length) and input of dimension \(rank)"
        case .paddingValue(let mode): "Padding mode \"\(mode)\" doesn't take in value argument"
        case .paddingSize(let size, let rank):
            """
            Padding size \(size) is not supported for \(rank)D input tensor.
            Supported combinations for non-constant padding:
              - 2D or 3D input: padding size = 2 (pads last dimension)
              - 3D or 4D input: padding size = 4 (pads last 2 dimensions)
              - 4D or 5D input: padding size = 6 (pads last 3 dimensions)
            """
        case .reflection(let before, let after, let dimension, let shape):
            "Argument #\(2 + 2 * (shape.count - dimension)): Padding size should be less than the corresponding input dimension, but got: padding "
                + "(\(before), \(after)) at dimension \(dimension) of input \(shape)"
        case .wrapping: "Padding value causes wrapping around more than once."
        case .emptyCircle: "Negative padding value is resulting in an empty dimension"
        case .paddedAway(let size, let length):
            "input (W: \(size)) is too small. Calculated output W: \(length)"
        case .paddingMode(let name): "Unrecognised padding mode \(name)"
        case .rangeStep, .truncatedRangeStep: "step must be nonzero"
        case .rangeBounds(let start, let end): "unsupported range: \(start.inCStyle) -> \(end.inCStyle)"
        case .rangeDirection: "upper bound and lower bound inconsistent with step sign"
        case .rangeSize: "invalid size, possible overflow?"
        case .negativeSteps: "number of steps must be non-negative"
        case .eyeSize(let name, let size): "\(name) must be greater or equal to 0, got \(size)"
        case .oneHotType: "one_hot is only applicable to index tensor of type LongTensor."
        case .oneHotEmpty: "Can not infer total number of classes from empty tensor."
        case .oneHotNegative: "Class values must be non-negative."
        case .oneHotClass: "Class values must be smaller than num_classes."
        case .topKBool: "topk does not support bool dtypes on CPU"
        case .searchedScalar(let boundaries, let value, let count):
            "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, but we got "
                + "boundaries tensor dim(\(boundaries)) and input value's dim(\(value)) numel(\(count))"
        case .searchedShapes(let boundaries, let value):
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
                + "tensor and input value tensor must match, but we got boundaries tensor \(boundaries) and input value "
                + "tensor \(value)"
        case .boundariesRank(let rank): "boundaries tensor must be 1 dimension, but got dim(\(rank))"
        case .unknownSide(let side):
            "torch.searchsorted(): side can only be 'left' or 'right' but got \(side)"
        case .oppositeSides:
            "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        case .notMatrix(let name): "\(name) must be a matrix"
        case .notMatrixAndVector(let matrix, let vector):
            "vector + matrix @ vector expected, got 1, \(matrix), \(vector)"
        case .notVectors(let first, let second): "1D tensors expected, but got \(first)D and \(second)D tensors"
        case .notStack(let name): "\(name) must be a 3D tensor"
        case .stackTypes(let input, let first, let second):
            "Input dtypes must be the same, got: input \(input.cName), batch1: \(first.cName), batch2: \(second.cName)"
        case .notVector(let name, let rank): "outer: Expected 1-D argument \(name), but got \(rank)-D"
        case .einsum(let text): "einsum(): \(text)"
        case .attentionTypes(let query, let key, let value):
            "Expected query, key, and value to have the same dtype, but got query.dtype: \(query.cName) key.dtype: "
                + "\(key.cName) and value.dtype: \(value.cName) instead."
        case .attentionRanks(let query, let key, let value):
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: \(query) key.dim: \(key) "
                + "and value.dim: \(value) instead."
        case .attentionMaskType(let mask, let query):
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: \(mask.cName) "
                + "and  query.dtype: \(query.cName) instead."
        case .attentionMaskTwice:
            "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"
        case .attentionHeads:
            "Number of heads in key and value must divide the number of heads in query"
        case .cosineType(let dtype):
            "expected common dtype to be floating point, yet common dtype is \(dtype.scalarName)"
        }
    }
}
