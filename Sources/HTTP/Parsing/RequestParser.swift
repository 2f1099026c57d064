/// Turns the octets of a connection into requests, however they are cut.
///
/// A pure state machine: it owns no socket, keeps only what an unfinished request needs, and looks at each octet of a
/// head once. An error is final: the connection is to be answered and closed.
package struct RequestParser: Sendable {
    /// How far the parser came.
    package enum Event: Sendable {
        /// Every octet was eaten and the request is not complete.
        case needsMore
        /// As `needsMore`, and the client waits for `100 Continue`; said once per request.
        case wantsContinue
        /// One request is complete; octets behind it were not eaten.
        case request(Request)
    }

    private enum Phase {
        case head, sizedBody, chunkedBody
    }

    private let limits: ServerLimits
    private var phase = Phase.head
    private var section: Gathered<HeadScanner>
    private var head: (RequestHead, octets: [UInt8])?
    private var body: [UInt8] = []
    private var remainingByteCount = 0
    private var chunks: ChunkDecoder?
    private var failure: RequestError?
    private var isClosed = false

    /// Creates a parser at the start of a connection.
    package init(limits: ServerLimits = ServerLimits()) {
        self.limits = limits
        self.section = Self.emptyHead(limits)
    }

    /// Whether no octet of an unfinished request has been eaten: the connection is idle.
    package var isIdle: Bool {
        if case .head = phase { section.isEmpty } else { false }
    }

    /// Whether the head is complete and the body is not.
    package var isReadingBody: Bool {
        if case .head = phase { false } else { true }
    }

    /// Eats `input` up to the end of one request; behind one that ends the connection everything is eaten and ignored.
    /// - Returns: What is known now, and how many octets of `input` were eaten: all of them but behind a request.
    package mutating func consume(
        _ input: Span<UInt8>
    ) throws(RequestError) -> (event: Event, byteCount: Int) {
        if let failure { throw failure }
        if isClosed { return (.needsMore, input.count) }
        do {
            return try advance(input)
        } catch {
            failure = error
            throw error
        }
    }

    private mutating func advance(_ input: Span<UInt8>) throws(RequestError) -> (event: Event, byteCount: Int) {
        var eaten = 0
        var hasNewHead = false
        if case .head = phase {
            let (byteCount, octets) = try section.consume(input)
            guard let octets else { return (.needsMore, byteCount) }
            eaten = byteCount
            try beginBody(behind: octets)
            hasNewHead = true
        }
        let rest = input.extracting(eaten...)
        eaten += try consumeBody(rest)
        if let request = finishedRequest() { return (.request(request), eaten) }
        let wantsContinue = hasNewHead && rest.isEmpty && head?.0.expectsContinue == true
        return (wantsContinue ? .wantsContinue : .needsMore, eaten)
    }

    private mutating func beginBody(behind octets: [UInt8]) throws(RequestError) {
        let head = try section.scanner.head(of: octets.span)
        section = Self.emptyHead(limits)
        self.head = (head, octets)
        switch head.framing {
        case .length(let count):
            phase = .sizedBody
            remainingByteCount = count
        case .chunked:
            phase = .chunkedBody
            chunks = ChunkDecoder(limits: limits)
        }
    }

    private mutating func consumeBody(_ input: Span<UInt8>) throws(RequestError) -> Int {
        if case .chunkedBody = phase { return try chunks?.consume(input, into: &body) ?? 0 }
        let count = min(remainingByteCount, input.count)
        if count > 0 {
            reserveBody(count)
            body.append(input.extracting(first: count))
            remainingByteCount -= count
        }
        return count
    }

    /// Makes room for `count` octets more: a client that announces much but sends little gets little.
    private mutating func reserveBody(_ count: Int) {
        let needed = body.count + count
        guard needed > body.capacity else { return }
        let total = body.count + remainingByteCount
        body.reserveCapacity(min(total, max(needed, 2 * body.capacity, Self.firstReservation)))
    }

    private mutating func finishedRequest() -> Request? {
        guard remainingByteCount == 0, chunks?.isDone ?? true, let (head, octets) = head else { return nil }
        let request = Request(head: head, octets: octets, body: body)
        isClosed = !request.keepsAlive
        phase = .head
        self.head = nil
        body = []
        chunks = nil
        return request
    }

    /// Octets of storage for a body when its first octets come.
    private static let firstReservation = 1_048_576

    private static func emptyHead(_ limits: ServerLimits) -> Gathered<HeadScanner> {
        let overflow = RequestError.headTooLarge(limit: limits.maxHeadBytes)
        return Gathered(HeadScanner(limits: limits), limit: limits.maxHeadBytes, overflow: overflow)
    }
}

// Bodies of a known length can be received where they will stay, without a copy.
extension RequestParser {
    /// The number of octets that are still to come of a body whose length was announced.
    package var awaitedBodyByteCount: Int {
        if case .sizedBody = phase { remainingByteCount } else { 0 }
    }

    /// Lets `receive` write the next octets of the body, at most `limit`, straight into its storage.
    ///
    /// Only while `awaitedBodyByteCount` is positive.
    /// - Returns: What is known now, and what `receive` returned: how many octets it wrote, or less than 1 for none.
    package mutating func receiveBody(
        atMost limit: Int,
        from receive: (UnsafeMutableRawBufferPointer) -> Int
    ) -> (event: Event, result: Int) {
        let room = min(limit, awaitedBodyByteCount)
        precondition(room > 0, "No body of known length is awaited.")
        reserveBody(room)
        var result = 0
        body.append(addingCapacity: room) { span in
            span.withUnsafeMutableBufferPointer { buffer, initializedCount in
                result = receive(
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<room])
                )
                initializedCount = max(0, min(result, room))
            }
        }
        remainingByteCount -= max(0, min(result, room))
        return (finishedRequest().map { .request($0) } ?? .needsMore, result)
    }
}
