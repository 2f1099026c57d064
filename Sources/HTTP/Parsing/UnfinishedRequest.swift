internal import CLinux

/// A request whose head is complete and whose body is not.
struct UnfinishedRequest: Sendable {
    /// Octets of storage for a body when its first octets come.
    private static let firstReservation = 1_048_576
    /// How much more storage there is each time that it has been filled; what is never filled takes no page.
    private static let growth = 8

    let head: RequestHead
    let fields: RequestFields
    private(set) var body: [UInt8] = []
    /// What is left of a body of known length.
    private(set) var remainingByteCount = 0
    private var chunks: ChunkDecoder?

    /// Creates a request of which nothing has come behind its head.
    init(head: RequestHead, fields: RequestFields, limits: ServerLimits) {
        self.head = head
        self.fields = fields
        switch head.framing {
        case .length(let count): remainingByteCount = count
        case .chunked: chunks = ChunkDecoder(limits: limits)
        }
    }

    /// Whether the body has come whole.
    var isComplete: Bool { remainingByteCount == 0 && chunks?.isDone ?? true }

    /// Eats `input` up to the end of the body; returns how many octets were eaten.
    mutating func consume(_ input: Span<UInt8>) throws(RequestError) -> Int {
        if let count = try chunks?.consume(input, into: &body) { return count }
        let count = min(remainingByteCount, input.count)
        reserve(count)
        body.append(input.extracting(first: count))
        remainingByteCount -= count
        return count
    }

    /// Lets `receive` write at most `room` octets of a body of known length; returns what `receive` returned.
    mutating func receive(atMost room: Int, from receive: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        reserve(room)
        var result = 0
        body.append(addingCapacity: room) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                result = receive(
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<room])
                )
                count = max(0, min(result, room))
            }
        }
        remainingByteCount -= max(0, min(result, room))
        return result
    }

    /// Makes room for `count` octets more: a client that announces much but sends little gets little.
    private mutating func reserve(_ count: Int) {
        let needed = body.count + count
        guard needed > body.capacity else { return }
        let total = body.count + remainingByteCount
        body.reserveCapacity(min(total, max(needed, Self.growth * body.capacity, Self.firstReservation)))
        body.withUnsafeBytes { clinux_use_huge_pages($0.baseAddress, body.capacity) }
    }
}
