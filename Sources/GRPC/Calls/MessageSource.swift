import HTTP
import Web

/// The messages of a call, one after the other.
package struct MessageSource: Sendable {
    private let client: Client?
    private let stream: RequestStream?
    private var decoder: MessageDecoder

    init(_ call: Call) {
        let request = call.exchange.request
        client = request.client
        stream = request.stream
        decoder = MessageDecoder(coding: call.coding, limits: call.limits)
        decoder.append(request.body)
    }

    /// Waits for the next message; nil behind the last.
    ///
    /// - Parameter isDue: Whether the client owes it, and not only its rest once it has begun.
    package mutating func next(isDue: Bool = false) async throws -> MessageBytes? {
        while true {
            if let message = try decoder.next() {
                return try await LongWork.run(if: message.isCompressed, for: client) { [decoder] in
                    try decoder.decoded(message)
                }
            }
            guard let stream, let piece = try await stream.next(isDue: isDue || decoder.isWithinMessage) else {
                try decoder.finish()
                return nil
            }
            decoder.append(piece)
        }
    }

    /// Waits for the only message.
    mutating func only() async throws -> MessageBytes {
        guard let message = try await next(isDue: true) else { throw CallFailure.messageCount(0) }
        guard try await next(isDue: true) == nil else { throw CallFailure.messageCount(2) }
        return message
    }

    /// Returns the only message of a call that is there as a whole; nil if that takes long.
    mutating func onlyAtOnce() throws(CallFailure) -> MessageBytes? {
        guard stream == nil else { return nil }
        let start = decoder
        guard let message = try decoder.next() else {
            try decoder.finish()
            throw .messageCount(0)
        }
        guard !message.isCompressed else {
            decoder = start
            return nil
        }
        guard try decoder.next() == nil else { throw .messageCount(2) }
        try decoder.finish()
        return try decoder.decoded(message)
    }
}

/// Where the messages of an answer go.
package struct MessageSink: Sendable {
    let writer: any BodyWriter
    let encoder: MessageEncoder

    /// Sends a message that was written behind free octets; suspends while the client is slow.
    package func send(_ message: ProtobufWriter) async throws {
        try await writer.write(encoder.frame(message.octets))
    }
}
