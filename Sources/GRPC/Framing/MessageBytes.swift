/// The octets of one message, where they stand: behind its head, as it came.
package struct MessageBytes: Sendable {
    package let octets: [UInt8]
    /// Where the message begins.
    package let start: Int

    package init(_ octets: [UInt8], from start: Int = 0) {
        self.octets = octets
        self.start = start
    }

    package var count: Int { octets.count - start }

    /// Reads the message.
    package func read<Message: ProtobufMessage>(_ type: Message.Type = Message.self) throws(CallFailure) -> Message {
        do {
            return try Message(reading: octets, from: start)
        } catch {
            throw .malformed(error)
        }
    }
}
