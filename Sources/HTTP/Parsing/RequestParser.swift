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

    /// Who sends the requests.
    package var client: Client?
    private let limits: ServerLimits
    private var section: Gathered<HeadScanner>
    private var unfinished: UnfinishedRequest? {
        didSet { awaitedBodyByteCount = unfinished?.remainingByteCount ?? 0 }
    }
    /// The number of octets that are still to come of a body whose length was announced; stored, as it is asked for often.
    package private(set) var awaitedBodyByteCount = 0
    /// When the request that is being read began.
    private var arrival = ContinuousClock.now
    private var failure: RequestError?
    private var isClosed = false

    /// Creates a parser at the start of a connection.
    package init(limits: ServerLimits = ServerLimits()) {
        self.limits = limits
        let overflow = RequestError.headTooLarge(limit: limits.maxHeadBytes)
        self.section = Gathered(HeadScanner(limits: limits), limit: limits.maxHeadBytes, overflow: overflow)
    }

    /// Whether no octet of an unfinished request has been eaten: the connection is idle.
    package var isIdle: Bool { unfinished == nil && section.isEmpty }

    /// Whether the head is complete and the body is not.
    package var isReadingBody: Bool { unfinished != nil }

    /// What is known of the request that is being read, or that was refused; `nil` before its target begins.
    package var outline: RequestOutline? {
        unfinished?.outline ?? section.scanner.requestLine.outline(of: section.held)
    }

    /// Eats `input` up to the end of one request; behind one that ends the connection everything is eaten and ignored.
    /// - Returns: What is known now, and how many octets of `input` were eaten: all of them but behind a request.
    package mutating func consume(
        _ input: Span<UInt8>
    ) throws(RequestError) -> (event: Event, byteCount: Int) {
        if let failure { throw failure }
        if isClosed { return (.needsMore, input.count) }
        do {
            return try unfinished == nil ? consumeHead(input) : consumeBody(input)
        } catch {
            failure = error
            throw error
        }
    }

    private mutating func consumeHead(_ input: Span<UInt8>) throws(RequestError) -> (event: Event, byteCount: Int) {
        if section.isEmpty { arrival = .now }
        let (byteCount, octets) = try section.consume(input)
        guard let octets else { return (.needsMore, byteCount) }
        let (head, lines) = try head(of: octets)
        let fields = RequestFields(octets: octets, lines: lines)
        let rest = input.extracting(byteCount...)
        if case .length(let count) = head.framing, count <= rest.count {
            let body = count == 0 ? [] : rest.extracting(first: count).copied()
            return (finished(head, fields, body), byteCount + count)
        }
        unfinished = UnfinishedRequest(head: head, fields: fields, limits: limits)
        if rest.isEmpty { return (head.expectsContinue ? .wantsContinue : .needsMore, byteCount) }
        let (event, bodyByteCount) = try consumeBody(rest)
        return (event, byteCount + bodyByteCount)
    }

    /// Returns what the complete head in `octets` says, and begins the next.
    private mutating func head(
        of octets: [UInt8]
    ) throws(RequestError) -> (head: RequestHead, lines: [RequestFields.Line]) {
        do throws(RequestError) {
            return try section.scanner.takeHead(of: octets.span, maxBodyBytes: limits.maxBodyBytes)
        } catch {
            section.hold(octets)
            throw error
        }
    }

    private mutating func consumeBody(_ input: Span<UInt8>) throws(RequestError) -> (event: Event, byteCount: Int) {
        guard var request = unfinished.take() else { return (.needsMore, 0) }
        let byteCount: Int
        do throws(RequestError) {
            byteCount = try request.consume(input)
        } catch {
            unfinished = request
            throw error
        }
        guard !request.isComplete else { return (finished(request.head, request.fields, request.body), byteCount) }
        unfinished = request
        return (.needsMore, byteCount)
    }

    private mutating func finished(
        _ head: RequestHead,
        _ fields: consuming RequestFields,
        _ body: consuming [UInt8]
    ) -> Event {
        isClosed = !head.keepsAlive
        return .request(Request(head: head, fields: fields, body: body, client: client, arrival: arrival))
    }
}

// Bodies of a known length can be received where they will stay, without a copy.
extension RequestParser {
    /// Lets `receive` write the next octets of the body, at most `limit`, straight into its storage.
    ///
    /// Only while `awaitedBodyByteCount` is positive.
    /// - Returns: What is known now, and what `receive` returned: how many octets it wrote, or less than 1 for none.
    package mutating func receiveBody(
        atMost limit: Int,
        from receive: (UnsafeMutableRawBufferPointer) -> Int
    ) -> (event: Event, result: Int) {
        let room = min(limit, awaitedBodyByteCount)
        guard room > 0, var request = unfinished.take() else {
            preconditionFailure("No body of known length is awaited.")
        }
        let result = request.receive(atMost: room, from: receive)
        guard !request.isComplete else { return (finished(request.head, request.fields, request.body), result) }
        unfinished = request
        return (.needsMore, result)
    }
}
