import HTTP

/// Puts messages of an answer into their frames.
package struct MessageEncoder: Sendable {
    /// The coding of messages for which it pays.
    let coding: MessageCoding

    package init(coding: MessageCoding = .identity) {
        self.coding = coding
    }

    /// Returns a writer whose message `frame` puts into its frame where it stands.
    package static func writer(capacity: Int = 0) -> ProtobufWriter {
        ProtobufWriter(reserving: MessageHead.byteCount, capacity: capacity)
    }

    /// Returns the frame of a message that was written behind free octets.
    package func frame(_ message: consuming [UInt8]) throws(CallFailure) -> [UInt8] {
        let length = message.count - MessageHead.byteCount
        guard length >= MessageCoding.minimumByteCount, let contentCoding = coding.contentCoding else {
            try MessageHead.write(isCompressed: false, into: &message)
            return message
        }
        var frame = [UInt8](repeating: 0, count: MessageHead.byteCount)
        message.withUnsafeBytes { message in
            contentCoding.encode(
                UnsafeRawBufferPointer(rebasing: message.dropFirst(MessageHead.byteCount)),
                into: &frame
            )
        }
        try MessageHead.write(isCompressed: true, into: &frame)
        return frame
    }
}
