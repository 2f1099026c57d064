extension TensorError {
    /// The text of an error in making a tensor; `nil` for the others.
    var constructionMessage: String? {
        switch self {
        case .negativeDimension(let size, let shape):
            "Trying to create tensor with negative dimension \(size): \(shape)"
        case .storageOverflow(let shape):
            "Storage size calculation overflowed with sizes=\(shape)"
        case .outOfMemory(let count):
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate \(count) bytes. "
                + "Error code 12 (Cannot allocate memory)"
        case .tooManyBytes(let count, let limit):
            "can't allocate memory: you tried to allocate \(count) bytes, and the limit is \(limit)"
        case .tooManyLiveBytes(let limit):
            "the values of one call may take \(limit) bytes at once, and this one takes more"
        case .tooMuchWork(let limit):
            "one call may take \(limit) multiply-adds, and this one takes more"
        case .countMismatch(let shape, _, let got):
            "shape '\(shape)' is invalid for input of size \(got)"
        case .byteCountMismatch(let dtype, let shape, let expected, let got):
            "\(dtype) of shape \(shape) takes \(expected) bytes, but got \(got)"
        case .notOneElement(let count):
            "a Tensor with \(count) elements cannot be converted to Scalar"
        default:
            nestedMessage
        }
    }

    /// The text of an error in nested data; `nil` for the others.
    private var nestedMessage: String? {
        switch self {
        case .raggedSequence(let expected, let dimension, let got):
            "expected sequence of length \(expected) at dim \(dimension) (got \(got))"
        case .nestedWhereNumberExpected(let type):
            "'\(type)' object cannot be interpreted as an integer"
        case .realNumberExpected(let type): "must be real number, not \(type)"
        case .notASequence: "not a sequence"
        case .invalidData(let type): "new(): invalid data type '\(type)'"
        case .tooManyDimensions(let type): "too many dimensions '\(type)'"
        case .cannotInferType(let type): "Could not infer dtype of \(type)"
        case .integerOverflow: "Overflow when unpacking long long"
        case .notRepresentable(let dtype):
            "value cannot be converted to type \(dtype.rawValue) without overflow"
        case .scalarNotRepresentable(let dtype):
            "value cannot be converted to type \(dtype == .int32 ? "int" : "\(dtype.rawValue)_t") without overflow"
        default: nil
        }
    }
}
