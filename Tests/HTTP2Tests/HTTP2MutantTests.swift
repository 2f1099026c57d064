import HTTP
import HTTP2
import HTTPTypes
import Testing

/// Frames that are damaged in every way: the same requests and refusals however they are cut, and nothing held behind the end.
@Suite(.timeLimit(.minutes(5)))
struct HTTP2MutantTests {
    private static let get: [UInt8] = [0x82, 0x86, 0x04, 6, 0x2F, 0x6C, 0x69, 0x76, 0x65, 0x7A, 1, 1, 0x61]
    private static let seeds: [[UInt8]] = [
        frame(1, 5, 1, get),
        frame(1, 4, 1, get) + frame(0, 0, 1, [1, 2]) + frame(0, 1, 1, [3]) + frame(1, 5, 3, get),
        frame(1, 4, 1, get) + frame(0, 8, 1, [2, 1, 0, 0]) + frame(1, 5, 1, [0, 1, 0x78, 1, 0x79]),
        frame(1, 1, 1, Array(get[..<5])) + frame(9, 0, 1, Array(get[5..<8])) + frame(9, 4, 1, Array(get[8...])),
        frame(4, 0, 0, [0, 4, 0, 0, 0, 100]) + frame(8, 0, 0, [0, 0, 1, 0]) + frame(2, 0, 5, [0, 0, 0, 0, 1])
            + frame(1, 5, 7, get) + frame(3, 0, 7, [0, 0, 0, 8]) + frame(7, 0, 0, Array(repeating: 0, count: 8)),
    ]

    private static func frame(_ kind: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0, 0, UInt8(payload.count), kind, flags, 0, 0, 0, stream] + payload
    }

    @Test(arguments: 0..<4)
    func readsTheSameHoweverTheyAreCut(shard: Int) {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            var octets = Self.seeds[shard] + (Self.seeds.randomElement(using: &generator) ?? [])
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let index = Int.random(in: 0..<octets.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: octets[index] = .random(in: 0...255, using: &generator)
                case 1: octets[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 2: octets.remove(at: index)
                default: octets.insert(.random(in: 0...255, using: &generator), at: index)
                }
            }
            let whole = works(in: octets, pieceByteCount: 1 << 16)
            for pieceByteCount in [1, 7] {
                let cut = works(in: octets, pieceByteCount: pieceByteCount)
                #expect(cut == whole, "\(octets) in pieces of \(pieceByteCount)")
            }
        }
    }

    /// What is to be answered once all octets have come, in pieces of a size.
    private func works(in input: [UInt8], pieceByteCount: Int) -> [String] {
        let octets = HTTP2Session.preface + Self.frame(4, 0, 0, []) + input
        let session = HTTP2Session(
            limits: ServerLimits(),
            settings: HTTP2Settings(maxStreams: 16),
            client: Client(address: "test"),
            streamsBody: { _ in false },
            at: 1
        )
        for start in stride(from: 0, to: octets.count, by: pieceByteCount) {
            session.receive(octets.span.extracting(start..<min(start + pieceByteCount, octets.count)), at: 1)
        }
        var works: [String] = []
        while let (stream, work) = session.takeReady() {
            switch work {
            case .request(let request):
                works.append("\(stream.id) \(request.method) \(request.target) \(request.body) \(request.fields.pairs)")
            case .refusal(let refusal): works.append("\(stream.id) \(refusal.code)")
            }
            session.answer(stream, with: Response(status: .ok, body: .bytes([1, 2, 3])), date: [], at: 1)
        }
        var output: [UInt8] = []
        session.produce(into: &output, atMost: 1 << 20, at: 1)
        session.close()
        #expect(session.heldBodyBytes == 0 && session.heldAnswerBytes == 0 && session.waitingAnswerBytes == 0)
        return works
    }
}
