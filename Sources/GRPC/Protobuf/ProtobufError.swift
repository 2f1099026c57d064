/// A way in which octets are no message of protobuf.
///
/// Places are counted in octets from the start of the message.
package enum ProtobufError: Error, Equatable, Sendable {
    /// The octets end within a field.
    case truncated(at: Int)
    /// A varint of more than ten octets, or of more than fit a tag or a length.
    case varintTooLong(at: Int)
    /// No field has this number, or no field this wire type.
    case invalidTag(UInt64, at: Int)
    /// A group ends that was not begun, or with another number.
    case groupEnd(at: Int)
    /// More than 100 messages and groups within each other.
    case tooDeep(at: Int)
    /// A string that is no UTF-8.
    case notUTF8(at: Int)
    /// Packed numbers that end within one.
    case packedLength(at: Int)
    /// More tensors, outputs or parameters than a message may have.
    case tooMany(limit: Int)

    /// What is wrong, in a sentence.
    package var message: String {
        switch self {
        case .truncated(let place): "the message ends within a field, at octet \(place)"
        case .varintTooLong(let place): "the varint at octet \(place) is too long"
        case .invalidTag(let tag, let place): "the tag \(tag) at octet \(place) is not one of protobuf"
        case .groupEnd(let place): "the group that ends at octet \(place) was not begun"
        case .tooDeep(let place): "at octet \(place), messages are nested more than \(ProtobufReader.maxDepth) deep"
        case .notUTF8(let place): "the string at octet \(place) is not UTF-8"
        case .packedLength(let place): "the packed numbers at octet \(place) end within one"
        case .tooMany(let limit): "more than \(limit) tensors, outputs and parameters"
        }
    }
}
