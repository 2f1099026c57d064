package import JSON
package import Tensors

/// A file that is not in the safetensors format, or tensors that cannot be put into one.
package enum SafetensorsError: Error, Equatable, Sendable {
    // The length and the header.
    /// Fewer than the eight bytes that say how long the header is.
    case lengthTruncated(byteCount: Int)
    /// A header longer than the format allows.
    case headerTooLarge(byteCount: UInt64, limit: Int)
    /// A header that would end after the file.
    case headerTruncated(expected: Int, got: Int)
    /// A header that is not the JSON it should be.
    case malformedHeader(JSONError)
    /// A name that occurs twice in the header, or two that differ only as canonical equivalents do.
    case duplicateKey(String)

    // One tensor's entry.
    /// An entry without `dtype`, `shape` or `data_offsets`.
    case missingField(String, tensor: String)
    /// A type that the format does not know, or that no tensor here can have (F8_E8M0, for example).
    case unsupportedDType(String, tensor: String)
    /// A shape that no tensor can have.
    case impossibleShape(TensorError, tensor: String)
    /// Offsets that are not two numbers, the first at most the second.
    case invalidOffsets([Int], tensor: String)
    /// Offsets that span another number of bytes than shape and type need.
    case sizeMismatch(expected: Int, got: Int, tensor: String)

    // The data.
    /// Data that ends after the file.
    case dataTruncated(expected: Int, got: Int, tensor: String)
    /// Data that begins before that of the tensor before it ends.
    case overlap(expected: Int, got: Int, tensor: String)
    /// Bytes between two tensors that belong to none.
    case hole(expected: Int, got: Int, tensor: String)
    /// Bytes after the last tensor that belong to none.
    case trailingData(expected: Int, got: Int)
    /// A tensor that could not be made.
    case refused(TensorError, tensor: String)

    // Writing.
    /// A tensor under the name that the format keeps for metadata.
    case reservedName(String)
}

extension SafetensorsError {
    /// The fault in words, expected before actual.
    package var message: String {
        switch self {
        case .lengthTruncated(let got): "expected at least 8 bytes, got \(got)"
        case .headerTooLarge(let got, let limit): "expected a header of at most \(limit) bytes, got \(got)"
        case .headerTruncated(let expected, let got): "expected a header of \(expected) bytes, got \(got)"
        case .malformedHeader(let error): "the header is malformed: \(error)"
        case .duplicateKey(let key): "duplicate key \"\(key)\" in the header"
        case .missingField(let field, let tensor): "\(tensor): \(field) is missing"
        case .unsupportedDType(let name, let tensor): "\(tensor): the dtype \(name) is not supported"
        case .impossibleShape(let error, let tensor), .refused(let error, let tensor): "\(tensor): \(error.message())"
        case .invalidOffsets(let offsets, let tensor): "\(tensor): expected data_offsets [begin, end], got \(offsets)"
        case .sizeMismatch(let expected, let got, let tensor):
            "\(tensor): expected \(expected) bytes for its shape and dtype, got data_offsets of \(got)"
        case .dataTruncated(let expected, let got, let tensor):
            "\(tensor): expected data up to byte \(expected), got \(got) bytes of data"
        case .overlap(let expected, let got, let tensor):
            "\(tensor): expected data from byte \(expected), got \(got), which overlaps the tensor before it"
        case .hole(let expected, let got, let tensor):
            "\(tensor): expected data from byte \(expected), got \(got), which leaves a hole"
        case .trailingData(let expected, let got): "expected \(expected) bytes of data, got \(got)"
        case .reservedName(let name): "no tensor can be called \(name)"
        }
    }
}
