import HTTP
import Testing

@testable import GRPC

struct FramingTests {
    private static let limits = MessageDecoder.Limits(maxByteCount: 100, maxDecodedByteCount: 2_000)

    /// Returns what a decoder makes of `pieces`.
    private func messages(_ pieces: [[UInt8]], _ coding: MessageCoding = .identity) throws(CallFailure) -> [[UInt8]] {
        var decoder = MessageDecoder(coding: coding, limits: Self.limits)
        var messages: [[UInt8]] = []
        for piece in pieces {
            decoder.append(piece)
            while let message = try decoder.next() {
                let message = try decoder.decoded(message)
                messages.append(Array(message.octets[message.start...]))
            }
        }
        try decoder.finish()
        return messages
    }

    @Test(arguments: 1...12)
    func findsMessagesHoweverTheyAreCut(pieceByteCount: Int) throws {
        let octets: [UInt8] = [0, 0, 0, 0, 2, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9]
        let pieces = stride(from: 0, to: octets.count, by: pieceByteCount).map {
            Array(octets[$0..<min($0 + pieceByteCount, octets.count)])
        }
        #expect(try messages(pieces) == [[7, 8], [], [9]])
    }

    @Test(
        arguments: [
            ([2, 0, 0, 0, 0], .reservedFlag(2)),
            ([0, 0, 0, 0, 101], .tooLarge(limit: 100, got: 101)),
            ([0, 0xFF, 0xFF, 0xFF, 0xFF], .tooLarge(limit: 100, got: 4_294_967_295)),
            ([1, 0, 0, 0, 1], .unnamedCompression),
            ([0, 0, 0, 0, 2, 1], .cutMessage(expected: 7, got: 6)),
            ([0, 0, 0], .cutMessage(expected: 5, got: 3)),
        ] as [([UInt8], CallFailure)]
    )
    func refusesAtTheHeadWhatItWillNotTake(octets: [UInt8], expected: CallFailure) {
        #expect(throws: expected) { try messages([octets]) }
    }

    @Test(arguments: [MessageCoding.deflate, .gzip])
    func takesItsOwnCompression(coding: MessageCoding) throws {
        let message = [UInt8](repeating: 65, count: 1_500)
        let frame = try MessageEncoder(coding: coding).frame([0, 0, 0, 0, 0] + message)
        #expect(frame[0] == 1)
        #expect(frame.count < 100)
        #expect(try messages([frame], coding) == [message])
        // What is small goes as it is, and a call that names a coding may say so message by message.
        let small = try MessageEncoder(coding: coding).frame([0, 0, 0, 0, 0, 1])
        #expect(small == [0, 0, 0, 0, 1, 1])
        #expect(try messages([small, frame], coding) == [[1], message])
    }

    @Test func boundsWhatCompressionHides() throws {
        let frame = try MessageEncoder(coding: .gzip).frame([UInt8](repeating: 0, count: 2_006))
        #expect(throws: CallFailure.tooLarge(limit: 2_000, got: nil)) { try messages([frame], .gzip) }
        #expect(throws: CallFailure.corruptCompression(.deflate)) { try messages([frame], .deflate) }
    }
}
