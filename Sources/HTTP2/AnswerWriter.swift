import HTTP

/// The answers of a connection on their way out: their heads as lines, what of their content waits, and the octets that are
/// gathered for one write.
struct AnswerWriter {
    /// Octets of answers in memory that the client has not taken.
    private(set) var heldByteCount = 0
    /// The octets of these that wait.
    private(set) var waitingByteCount = 0
    /// The lines of the head or the trailers that are being submitted, in memory that the next ones use again.
    private(set) var list = FieldList()
    private var output: [UInt8] = []
    private var limit = 0

    // MARK: Content

    /// Takes the content of an answer, and has the lines of its head in `list`.
    mutating func begin(_ response: Response, on stream: HTTP2Stream, date: [UInt8], isEmpty: Bool) {
        list.set(response, date: date, endsThere: isEmpty)
        stream.outgoing.isComplete = isEmpty || !response.body.isStream
        guard !isEmpty else { return }
        stream.trailers = response.trailers
        switch response.body {
        case .none, .stream: break
        case .bytes(let bytes): stream.outgoing.append(bytes)
        case .shared(let shared): stream.outgoing.append(shared)
        }
        heldByteCount += stream.outgoing.heldCount
        waitingByteCount += stream.outgoing.count
    }

    /// Adds a piece to the content of an answer.
    mutating func append(_ piece: [UInt8], to stream: HTTP2Stream) {
        stream.outgoing.append(piece)
        heldByteCount += piece.count
        waitingByteCount += piece.count
    }

    /// Has the lines of `trailers` in `list`.
    mutating func setTrailers(_ trailers: ResponseFields) { list.set(trailers: trailers) }

    /// Lets go of what waits of an answer.
    mutating func drop(_ stream: HTTP2Stream) {
        heldByteCount -= stream.outgoing.heldCount
        waitingByteCount -= stream.outgoing.count
        stream.outgoing.drop()
    }

    mutating func dropAll() { (heldByteCount, waitingByteCount) = (0, 0) }

    // MARK: Octets

    /// Begins to gather octets behind those of `target`, about `limit` of them.
    mutating func begin(_ target: inout [UInt8], atMost limit: Int) {
        swap(&target, &output)
        self.limit = limit
    }

    /// Gives back what is gathered.
    mutating func finish(_ target: inout [UInt8]) { swap(&target, &output) }

    var hasRoom: Bool { output.count < limit }

    mutating func write(_ octets: UnsafeBufferPointer<UInt8>) { output.append(contentsOf: octets) }

    /// Moves octets of content behind what is gathered.
    mutating func move(_ count: Int, of stream: HTTP2Stream) {
        let held = stream.outgoing.heldCount
        stream.outgoing.move(count, to: &output)
        heldByteCount -= held - stream.outgoing.heldCount
        waitingByteCount -= count
    }
}
