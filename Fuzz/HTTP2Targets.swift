import HTTP
import HTTP2
import HTTPTypes

/// A client's frames behind its preface: the same requests and refusals, however they are cut, and nothing held behind the end.
///
/// Where a connection has ended, by an error or by the client's GOAWAY, what came in the same piece may still be looked at.
func fuzzFrames(_ input: [UInt8]) {
    let octets = HTTP2Session.preface + [0, 0, 0, 4, 0, 0, 0, 0, 0] + input
    let whole = works(in: octets, pieceByteCount: octets.count)
    for pieceByteCount in [1, 7, 64] {
        let pieces = works(in: octets, pieceByteCount: pieceByteCount)
        guard !whole.hasEnded, !pieces.hasEnded else { continue }
        precondition(pieces.works == whole.works, "cut into \(pieceByteCount)")
    }
}

/// What is to be answered once all octets have come, in pieces of a size.
private func works(in octets: [UInt8], pieceByteCount: Int) -> (works: [String], hasEnded: Bool) {
    let session = HTTP2Session(
        limits: ServerLimits(),
        settings: HTTP2Settings(maxStreams: 16),
        client: Client(address: "fuzz"),
        streamsBody: { _ in false },
        at: 1
    )
    for start in stride(from: 0, to: octets.count, by: pieceByteCount) {
        session.receive(octets.span.extracting(start..<min(start + pieceByteCount, octets.count)), at: 1)
    }
    let hasEnded = session.isEnding
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
    precondition(session.heldBodyBytes == 0 && session.heldAnswerBytes == 0 && session.waitingAnswerBytes == 0)
    return (works, hasEnded)
}
