import HTTP
import Logging
import Metrics

/// One client's connection: reads requests, hands them to the handler one after another, and writes the answers.
///
/// It lives on one loop for life, and everything here runs in the turns of that loop. Reports of the kernel are edges,
/// so a connection remembers what it may still do (`mayRead`, a non-empty `output`) and goes on doing it until the
/// socket says that it would block.
final class Connection {
    /// Where the connection stands.
    enum Phase {
        /// A handshake is under way.
        case opening
        /// Waiting for a request, or in the middle of one.
        case reading
        /// A handler, or the stream of its answer, is at work; nothing is read meanwhile.
        case answering
        /// The last answer is out; what still comes is dropped, so that no reset eats the answer (RFC 9112 9.6).
        case lingering
        case closed
    }

    let token: ConnectionTable.Token
    let peer: String
    private let entrance: Entrance
    /// Whether the server was full when it came: it gets one answer, most likely 503.
    let isOverflow: Bool
    /// Whether the peer may say for whom it speaks.
    private(set) var isTrustedProxy = false
    var stream: any ByteStream
    @exclusivity(unchecked) var phase = Phase.opening

    /// How much of the next request has come.
    enum Progress {
        case nothing, head, body
    }

    // Input. The parser and the output are used at each step, and only here, in one turn at a time: the checks of
    // exclusive access cost 5% of a small answer.
    @exclusivity(unchecked) var parser: RequestParser
    var progress = Progress.nothing
    /// Octets behind a request whose answer is not done, from `leftoverStart` on.
    var leftover: [UInt8] = []
    var leftoverStart = 0
    /// Whether the socket may hold something to read.
    var mayRead = false
    /// Whether the kernel has seen the end of the peer's direction.
    var peerIsEnding = false
    /// Whether we have read up to that end.
    var peerHasEnded = false
    /// Octets of the current request's body that count against the server's limit.
    var heldBodyBytes = 0

    // Output.
    @exclusivity(unchecked) var output = OutputQueue()
    /// Octets of the output that count against the server's limit.
    var heldAnswerBytes = 0
    var closesAfterOutput = false
    /// The task of a handler that did not finish at once.
    var task: Task<Void, Never>?
    /// Counts answers, so that a stream cannot write into the next one.
    var answerNumber = 0
    /// Whether the body of an answer comes over time.
    var isStreaming = false
    /// Streams that wait until the client has read some.
    @exclusivity(unchecked) var waitingWriters: [CheckedContinuation<Void, any Error>] = []

    /// The gauge that counts this connection; an answer given at once never leaves `reading`.
    private(set) var counted: Gauge

    // Turns and times.
    var isAdvancing = false
    var isDeferred = false
    /// When the present wait began: for a handshake, a request, a head, the end.
    var waitStart: Instant
    /// When octets last moved in the direction that is waited for.
    var lastProgress: Instant
    var deadline = Instant.never
    /// When the wheel will look at this connection.
    var nextLook = Instant.never

    init(stream: any ByteStream, token: ConnectionTable.Token, _ arrival: Arrival, loop: isolated EventLoop) {
        self.stream = stream
        self.token = token
        peer = arrival.peer
        entrance = arrival.entrance
        isOverflow = arrival.isOverflow
        parser = RequestParser(limits: loop.limits)
        waitStart = loop.now
        lastProgress = loop.now
        counted = loop.shared.metrics.opening
        counted.add(1)
    }

    func count(as gauge: Gauge) {
        counted.add(-1)
        counted = gauge
        counted.add(1)
    }

    /// Whether a request is being read or answered, or its answer is not out.
    var owes: Bool {
        switch phase {
        case .opening, .lingering, .closed: false
        case .answering: true
        case .reading: progress != .nothing || !leftover.isEmpty || !output.isEmpty
        }
    }

    /// Whether the client has shown no certificate, or one that an authority of `context` signs.
    func isTrusted(by context: TLSContext) -> Bool {
        (stream as? TLSStream)?.isTrusted(by: context) ?? true
    }

    /// Takes up a report of the kernel.
    func ready(_ interest: Epoll.Interest, on loop: isolated EventLoop) {
        guard !interest.overlaps(.hungUp) else { return close(on: loop) }
        if interest.overlaps(.peerHalfClosed) {
            peerIsEnding = true
            parser.client?.hasGone()
            // Most clients that end their direction in the middle of a stream are gone, and a silent one never finds out.
            guard !isStreaming else { return close(on: loop) }
        }
        if interest.overlaps([.readable, .peerHalfClosed]) { mayRead = true }
        advance(on: loop)
    }

    /// Does what can be done without waiting, up to a fair share of the loop's time.
    func advance(on loop: isolated EventLoop) {
        guard phase != .closed, !isAdvancing else { return }
        guard phase != .lingering else { return linger(on: loop) }
        guard phase != .opening || finishOpening(on: loop) else { return }
        isAdvancing = true
        output.borrow(&loop.spareOutput)
        var steps = loop.limits.stepsPerTurn
        repeat {
            readRequests(&steps, on: loop)
            flush(&steps, on: loop)
        } while steps > 0 && canRead(on: loop)
        if steps <= 0, phase != .closed { loop.deferAdvance(of: self) }
        output.giveBack(&loop.spareOutput)
        countHeldAnswers(on: loop)
        isAdvancing = false
        endIfDone(on: loop)
        updateDeadline(on: loop)
    }

    private func finishOpening(on loop: isolated EventLoop) -> Bool {
        switch stream.open() {
        case .done:
            // The authorities may have changed since the handshake began.
            if let context = loop.shared.tls?.context, !isTrusted(by: context) {
                close(on: loop)
                return false
            }
            begin(on: loop)
            return true
        case .wouldBlock: updateDeadline(on: loop)
        case .plainText: refusePlainText(on: loop)
        case .failed(let reason):
            loop.shared.metrics.handshakeFailures.increment()
            if let reason {
                let metadata: Logger.Metadata = ["peer": "\(peer)", "reason": "\(reason)"]
                loop.configuration.logger.info("refused a TLS handshake", metadata: metadata)
            }
            close(on: loop)
        }
        return false
    }

    /// Starts to wait for the first request.
    func begin(on loop: isolated EventLoop) {
        phase = .reading
        parser.client = Client(
            address: peer,
            isSecure: entrance.isEncrypted,
            name: stream.peerName,
            isOnOperationsPort: entrance.isForOperations
        )
        let proxies = loop.configuration.trustedProxies
        isTrustedProxy = !proxies.isEmpty && proxies.contains(peer: peer)
        count(as: loop.shared.metrics.reading)
        waitStart = loop.now
        mayRead = true
    }
}
