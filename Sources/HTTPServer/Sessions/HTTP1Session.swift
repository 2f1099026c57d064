import HTTP
import HTTPTypes

/// The number of a request on its connection, and so of its answer.
typealias ExchangeID = Int

/// HTTP/1.1 on one connection, as a value: what of a request has come, what is owed, and what comes next.
///
/// It owns no socket and reads no clock. Octets that came go in through `receive`, which returns what they amount to, and
/// octets to send are taken from `output`; whoever moves them asks `wait` which timeout runs. A session of another protocol
/// offers the same, with more than one exchange under way: so each answer names the exchange that it is for.
struct HTTP1Session {
    /// What is being read.
    enum Reading: Equatable {
        /// No octet of the next request has come.
        case nothing
        case head
        case body
        /// What still comes is not looked at: the answers end the connection.
        case ended
    }

    /// What is being written; answers that are whole wait in `output`, behind it.
    enum Writing: Equatable {
        case nothing
        /// A handler is at work; nothing is read meanwhile.
        case answer
        /// A body goes out in pieces as they are made.
        case stream(isChunked: Bool)
    }

    /// What the octets that came amount to.
    enum Event {
        /// No whole request yet: so many octets of its body are newly in memory, and perhaps its head or body has just begun.
        case more(bodyByteCount: Int, isNewPart: Bool)
        /// A request, to be answered as the exchange with this number; octets behind it were not eaten.
        case request(Request, ExchangeID)
        /// No request, or one beyond the limits: to be refused.
        indirect case violation(Refusal, RequestOutline?)
    }

    /// What the connection waits for.
    enum Wait {
        /// A handler; it has its own limits.
        case handler
        /// The client, to take octets of an answer.
        case reader
        case request
        case restOfHead
        case restOfBody
    }

    private let limits: ServerLimits
    private var parser: RequestParser
    private(set) var reading = Reading.nothing
    private(set) var writing = Writing.nothing
    /// Octets behind a request whose answer is not done, from `leftoverStart` on.
    private var leftover: [UInt8] = []
    private var leftoverStart = 0
    /// Octets of the current request's body in memory, as they count against the server's limit.
    private(set) var bodyByteCount = 0
    private var current: ExchangeID = 0
    /// The answers, in order, as far as they are not sent.
    var output = OutputQueue()

    init(limits: ServerLimits) {
        self.limits = limits
        parser = RequestParser(limits: limits)
    }

    /// Says who sends the requests.
    mutating func begin(_ client: Client) {
        parser.client = client
    }

    /// Whether nothing more is read, and the connection ends behind `output`.
    var isEnding: Bool { reading == .ended }

    /// Whether the next octets may be read now.
    var wantsInput: Bool { writing == .nothing && reading != .ended }

    /// Whether octets that came already wait to be looked at.
    var hasLeftover: Bool { !leftover.isEmpty }

    // Asked of a session that an object holds, for each request: not to be copied as a whole for it.

    /// Whether all is said and sent.
    @inline(__always) var isOver: Bool { isEnding && writing == .nothing && output.isEmpty }

    /// Whether a request is being read or answered, or its answer is not out.
    var owes: Bool { writing != .nothing || reading == .head || reading == .body || hasLeftover || !output.isEmpty }

    /// What is known of the request that is being read.
    var outline: RequestOutline? { parser.outline }

    @inline(__always) var wait: Wait {
        if !output.isEmpty { return .reader }
        if writing != .nothing { return .handler }
        return switch reading {
        case .nothing, .ended: .request
        case .head: .restOfHead
        case .body: .restOfBody
        }
    }
}

// Reading.
extension HTTP1Session {
    /// Octets of a body whose length is known, still to come: `receiveBody` puts them where they stay.
    var awaitedBodyByteCount: Int { parser.awaitedBodyByteCount }

    /// Eats octets up to the end of one request, and returns what they amount to and how many were eaten.
    mutating func receive(_ octets: Span<UInt8>) -> (event: Event, byteCount: Int) {
        do throws(RequestError) {
            let (event, byteCount) = try parser.consume(octets)
            return (take(event, byteCount), byteCount)
        } catch {
            return (.violation(error.refusal, parser.outline), octets.count)
        }
    }

    /// Lets `read` write the next octets of the awaited body straight into its storage, and return how many came.
    mutating func receiveBody(from read: (UnsafeMutableRawBufferPointer) -> Int) -> Event {
        let (event, byteCount) = parser.receiveBody(atMost: 1 << 20, from: read)
        return byteCount > 0 ? take(event, byteCount) : .more(bodyByteCount: 0, isNewPart: false)
    }

    private mutating func take(_ event: consuming RequestParser.Event, _ byteCount: Int) -> Event {
        switch consume event {
        case .request(let request):
            reading = .nothing
            writing = .answer
            return .request(request, current)
        case .wantsContinue:
            output.append(ResponseSerializer.continueHead)
            return more(byteCount)
        case .needsMore: return more(byteCount)
        }
    }

    private mutating func more(_ byteCount: Int) -> Event {
        guard !parser.isIdle, reading != .ended else { return .more(bodyByteCount: 0, isNewPart: false) }
        let part: Reading = parser.isReadingBody ? .body : .head
        let isNewPart = reading != part
        reading = part
        guard part == .body else { return .more(bodyByteCount: 0, isNewPart: isNewPart) }
        bodyByteCount += byteCount
        return .more(bodyByteCount: byteCount, isNewPart: isNewPart)
    }

    /// Keeps octets that came behind a request until that is answered.
    mutating func keep(_ octets: UnsafeBufferPointer<UInt8>.SubSequence) {
        if reading != .ended { leftover = Array(octets) }
    }

    /// Looks at octets that were kept, up to the end of one request.
    mutating func receiveKept() -> Event {
        let octets = leftover
        leftover = []
        let (event, byteCount) = receive(octets.span.extracting(leftoverStart...))
        leftoverStart += byteCount
        if leftoverStart < octets.count, reading != .ended {
            leftover = octets
        } else {
            leftoverStart = 0
        }
        return event
    }

    /// Reads no more: the client has ended its direction.
    mutating func endInput() {
        reading = .ended
    }

    /// Counts what of a whole body came with its end, and returns how many octets that is; a small body does not count.
    mutating func countRest(ofBody byteCount: Int) -> Int {
        guard byteCount > BodyRoom.freeByteCount, byteCount > bodyByteCount else { return 0 }
        defer { bodyByteCount = byteCount }
        return byteCount - bodyByteCount
    }

    /// Forgets the octets of the body that was answered, and returns how many they were.
    mutating func releaseBody() -> Int {
        defer { bodyByteCount = 0 }
        return bodyByteCount
    }
}

// Writing.
extension HTTP1Session {
    /// Appends the answer that is a refusal; nothing behind it is read.
    mutating func refuse(_ request: RequestOutline?, with response: Response, date: [UInt8]) {
        drop()
        current += 1
        append(response, method: request?.method ?? .get, version: .http1_1, keepsAlive: false, date: date)
    }

    /// Appends an answer, and the whole of its body if that is at hand.
    mutating func answer(_ request: Request, with response: Response, keepsAlive: Bool, date: [UInt8]) {
        let framing = append(
            response,
            method: request.method,
            version: request.version,
            keepsAlive: request.keepsAlive && keepsAlive,
            date: date
        )
        guard response.body.isStream, framing != .omitted else { return }
        writing = .stream(isChunked: framing == .chunked)
    }

    @discardableResult
    private mutating func append(
        _ response: Response,
        method: HTTPRequest.Method,
        version: Request.Version,
        keepsAlive: Bool,
        date: [UInt8]
    ) -> ResponseFraming {
        var framing = ResponseFraming.omitted
        output.write { bytes in
            framing = ResponseSerializer.appendHead(
                of: response,
                to: &bytes,
                method: method,
                version: version,
                keepsAlive: keepsAlive,
                date: date
            )
        }
        if framing == .whole {
            switch response.body {
            case .bytes(let bytes): output.append(bytes)
            case .shared(let shared): output.append(shared)
            case .none, .stream: break
            }
        }
        if !keepsAlive || framing == .untilClose { reading = .ended }
        return framing
    }

    /// Whether `exchange` is not over: an answer that comes later must not go out as that of another.
    func isUnderWay(_ exchange: ExchangeID) -> Bool { exchange == current && writing != .nothing }

    /// Whether a body goes out in pieces.
    var isStreaming: Bool {
        if case .stream = writing { true } else { false }
    }

    /// Appends a piece of a body that comes over time; an empty one, which would end it, is left out.
    mutating func append(_ piece: [UInt8]) {
        guard case .stream(let isChunked) = writing, !piece.isEmpty else { return }
        if isChunked {
            output.write { ChunkFraming.append(piece, to: &$0) }
        } else {
            output.append(piece)
        }
    }

    /// Appends the end of a body that came over time.
    mutating func endStream() {
        guard case .stream(isChunked: true) = writing else { return }
        output.write { ChunkFraming.appendEnd(to: &$0) }
    }

    /// Goes on with the next request.
    mutating func endAnswer() {
        current += 1
        writing = .nothing
        if reading == .ended { leftover = [] }
    }

    /// Lets go of all that came; a client may stay on for as long as the lingering lasts, what it sent need not.
    private mutating func drop() {
        leftover = []
        leftoverStart = 0
        parser = RequestParser(limits: limits)
        reading = .ended
        writing = .nothing
    }

    /// Lets go of everything: the connection is closed.
    mutating func close() {
        drop()
        current += 1
        output = OutputQueue()
    }
}
