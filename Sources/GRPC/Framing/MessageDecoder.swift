import HTTP

/// A message as it was sent, perhaps compressed.
package struct SentMessage: Sendable {
    let bytes: MessageBytes
    let isCompressed: Bool
}

/// Takes messages out of the content of a call, in whatever pieces it comes.
package struct MessageDecoder {
    package typealias Limits = CallOptions.MessageLimits

    private let coding: MessageCoding
    private let limits: Limits
    private var waiting: [UInt8] = []
    /// Where the first octet stands that no message has taken.
    private var position = 0

    package init(coding: MessageCoding, limits: Limits) {
        self.coding = coding
        self.limits = limits
    }

    /// Whether a message has begun and not ended.
    var isWithinMessage: Bool { position < waiting.count }

    /// Takes a piece of the content.
    package mutating func append(_ piece: [UInt8]) {
        if position == waiting.count {
            (waiting, position) = (piece, 0)
            return
        }
        if position > 0 {
            waiting.removeFirst(position)
            position = 0
        }
        waiting.append(contentsOf: piece)
    }

    /// Returns the next message, if it is whole; its head alone decides whether the rest is waited for.
    package mutating func next() throws(CallFailure) -> SentMessage? {
        guard let head = try MessageHead(waiting, at: position) else { return nil }
        guard head.length <= limits.maxByteCount else { throw .tooLarge(limit: limits.maxByteCount, got: head.length) }
        guard !head.isCompressed || coding != .identity else { throw .unnamedCompression }
        let start = position + MessageHead.byteCount
        guard waiting.count - start >= head.length else {
            // Room for all of it at once: memory that is never written to costs nothing.
            waiting.reserveCapacity(start + head.length)
            return nil
        }
        return SentMessage(bytes: taken(start, start + head.length), isCompressed: head.isCompressed)
    }

    /// Takes the octets of a message; those of the last one are not copied.
    private mutating func taken(_ start: Int, _ end: Int) -> MessageBytes {
        position = end
        guard end == waiting.count else { return MessageBytes(Array(waiting[start..<end])) }
        defer { (waiting, position) = ([], 0) }
        return MessageBytes(waiting, from: start)
    }

    /// Returns a message without its compression.
    package func decoded(_ message: SentMessage) throws(CallFailure) -> MessageBytes {
        let bytes = message.bytes
        guard message.isCompressed, let contentCoding = coding.contentCoding else {
            guard bytes.count <= limits.maxDecodedByteCount else {
                throw .tooLarge(limit: limits.maxDecodedByteCount, got: bytes.count)
            }
            return bytes
        }
        do {
            let octets = Array(bytes.octets[bytes.start...])
            return MessageBytes(try contentCoding.decoded(octets, limit: limits.maxDecodedByteCount))
        } catch {
            if case .tooLarge(let limit) = error { throw .tooLarge(limit: limit, got: nil) }
            throw .corruptCompression(coding)
        }
    }

    /// Says that no more content comes.
    package func finish() throws(CallFailure) {
        guard isWithinMessage else { return }
        let got = waiting.count - position
        let head = try MessageHead(waiting, at: position)
        throw .cutMessage(expected: MessageHead.byteCount + (head?.length ?? 0), got: got)
    }
}
