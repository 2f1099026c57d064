import Glibc
import HTTP
import HTTP2
import HTTPTypes
import Logging
import Metrics

/// One client's connection: moves octets between its stream and its conversation, and keeps the time.
///
/// It lives on one loop for life, and everything here runs in the turns of that loop. Reports of the kernel are edges,
/// so a connection remembers what it may still do (`mayRead`, octets to send) and goes on doing it until the
/// socket says that it would block.
final class Connection {
    /// Where the transport stands.
    private enum Phase: Equatable {
        /// A handshake is under way.
        case opening
        /// The first octets say which protocol it is; none has been taken up.
        case choosing(hasBegun: Bool)
        /// The conversation reads and answers.
        case open
        /// The last answer is out; what still comes is dropped, so that no reset eats the answer (RFC 9112 9.6).
        case lingering
        case closed
    }

    let token: ConnectionTable.Token
    let arrival: Arrival
    private(set) var client: Client?
    /// Whether the peer may say for whom it speaks.
    private var isTrustedProxy = false
    private var stream: any ByteStream
    // Both are used at each step, and only here, in one turn at a time: the checks of exclusive access cost 5% of a small
    // answer.
    @exclusivity(unchecked) private var phase = Phase.opening
    /// From the opening to the close.
    @exclusivity(unchecked) private var conversation: (any Conversation)?

    /// Whether the socket may hold something to read.
    private var mayRead = false
    /// Whether the kernel has seen the end of the peer's direction.
    private(set) var peerIsEnding = false
    /// Whether we have read up to that end.
    private var peerHasEnded = false
    /// Octets of the output that count against the server's limit.
    private var heldAnswerBytes = 0
    /// The gauge that counts this connection; an answer given at once never leaves `reading`.
    private var counted: Gauge

    // Turns and times.
    private(set) var isAdvancing = false
    /// Whether the loop has noted that this connection has more to do.
    var isDeferred = false
    /// When the handshake or the end began.
    private var waitStart: Instant
    /// When octets last moved in the direction that is waited for.
    private(set) var lastProgress: Instant
    private var deadline = Instant.never
    /// When the wheel will look at this connection.
    private var nextLook = Instant.never

    init(stream: any ByteStream, token: ConnectionTable.Token, _ arrival: Arrival, loop: isolated EventLoop) {
        self.stream = stream
        self.token = token
        self.arrival = arrival
        waitStart = loop.now
        lastProgress = loop.now
        counted = loop.shared.metrics.opening
        counted.add(1)
    }

    /// Has `gauge` count this connection, and no other.
    func count(as gauge: Gauge) {
        guard counted !== gauge else { return }
        counted.add(-1)
        counted = gauge
        counted.add(1)
    }

    /// Whether requests are read and answered.
    var isOpen: Bool { phase == .open }

    /// Requests that are being read or answered, or whose answers are not out.
    var owedCount: Int { phase == .open ? conversation?.owedCount ?? 0 : 0 }

    /// Whether the client has shown no certificate, or one that an authority of `context` signs.
    func isTrusted(by context: TLSContext) -> Bool {
        (stream as? TLSStream)?.isTrusted(by: context) ?? true
    }

    // MARK: Opening

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
                let metadata: Logger.Metadata = ["peer": "\(arrival.peer)", "reason": "\(reason)"]
                loop.configuration.logger.info("refused a TLS handshake", metadata: metadata)
            }
            close(on: loop)
        }
        return false
    }

    /// Starts to wait for the first request.
    func begin(on loop: isolated EventLoop) {
        let client = Client(
            address: arrival.peer,
            isSecure: arrival.entrance.isEncrypted,
            name: stream.peerName,
            isOnOperationsPort: arrival.entrance.isForOperations
        )
        if peerIsEnding { client.hasGone() }
        self.client = client
        let proxies = loop.configuration.trustedProxies
        isTrustedProxy = !proxies.isEmpty && proxies.contains(peer: arrival.peer)
        count(as: loop.shared.metrics.reading)
        waitStart = loop.now
        mayRead = true
        guard loop.configuration.speaksHTTP2 else { return converse(inHTTP2: false, on: loop) }
        guard let choice = stream.choseHTTP2 else {
            phase = .choosing(hasBegun: false)
            return
        }
        converse(inHTTP2: choice, on: loop)
    }

    private func converse(inHTTP2: Bool, on loop: isolated EventLoop) {
        guard let client else { return }
        phase = .open
        guard inHTTP2 else {
            conversation = HTTP1Conversation(on: self, with: client, since: waitStart, loop: loop)
            return
        }
        conversation = HTTP2Conversation(on: self, with: client, loop: loop)
        lastProgress = loop.now
    }

    /// Looks whether the first octets are the preface of HTTP/2, and leaves them to the conversation; true once it is known.
    private func choose(on loop: isolated EventLoop) -> Bool {
        guard case .choosing = phase else { return true }
        var outcome = Transfer.wouldBlock
        let isPreface = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: HTTP2Session.preface.count) { buffer in
            outcome = stream.peek(into: UnsafeMutableRawBufferPointer(buffer))
            guard case .moved(let count) = outcome else { return false }
            return HTTP2Session.preface.starts(with: buffer[..<count])
        }
        switch outcome {
        case .moved(let count) where isPreface && count < HTTP2Session.preface.count && !peerIsEnding:
            if phase == .choosing(hasBegun: false) { waitStart = loop.now }
            phase = .choosing(hasBegun: true)
            updateDeadline(on: loop)
            return false
        case .moved(let count):
            waitStart = loop.now
            converse(inHTTP2: isPreface && count == HTTP2Session.preface.count, on: loop)
            return true
        case .ended:
            converse(inHTTP2: false, on: loop)
            return true
        case .wouldBlock:
            mayRead = false
            updateDeadline(on: loop)
        case .failed: close(on: loop)
        }
        return false
    }

    /// Tells a client that speaks plain HTTP where TLS is due what is wrong, in words that it understands.
    private func refusePlainText(on loop: isolated EventLoop) {
        guard let descriptor = (stream as? TLSStream)?.takeDescriptor() else { return close(on: loop) }
        stream = PlainStream(descriptor)
        phase = .open
        let conversation = HTTP1Conversation(on: self, with: nil, since: loop.now, loop: loop)
        self.conversation = conversation
        conversation.refuse(.plainTextOnTLSPort, to: nil, on: loop)
        advance(on: loop)
    }

    // MARK: Turns

    /// Takes up a report of the kernel.
    func ready(_ interest: Epoll.Interest, on loop: isolated EventLoop) {
        guard !interest.overlaps(.hungUp) else { return close(on: loop) }
        if interest.overlaps(.peerHalfClosed) {
            peerIsEnding = true
            client?.hasGone()
            // Most clients that end their direction in the middle of a stream are gone, and a silent one never finds out.
            guard conversation?.peerIsEnding(on: loop) != true else { return close(on: loop) }
        }
        if interest.overlaps([.readable, .peerHalfClosed]) { mayRead = true }
        advance(on: loop)
    }

    /// Looks whether the kernel has the end of the peer's direction already: it often comes with the last octets of a body,
    /// whose request would else be begun as one that somebody waits for.
    func lookForEnd(on loop: isolated EventLoop) {
        guard !peerIsEnding, Epoll.hasPeerEnded(stream.number) else { return }
        peerIsEnding = true
        client?.hasGone()
        _ = conversation?.peerIsEnding(on: loop)
    }

    /// Does what can be done without waiting, up to a fair share of the loop's time.
    func advance(on loop: isolated EventLoop) {
        guard phase != .closed, !isAdvancing else { return }
        guard phase != .lingering else { return linger(on: loop) }
        guard phase != .opening || finishOpening(on: loop), choose(on: loop) else { return }
        guard let conversation else { return }
        isAdvancing = true
        conversation.beginTurn(on: loop)
        var steps = loop.limits.stepsPerTurn
        repeat {
            while steps > 0, canProceed(conversation, on: loop) {
                steps -= 1
                conversation.proceed(&steps, on: loop)
            }
            if loop.gathers(self) { break }
            flush(conversation, &steps, on: loop)
        } while steps > 0 && canProceed(conversation, on: loop)
        if steps <= 0, phase != .closed { loop.deferAdvance(of: self) }
        conversation.endTurn(on: loop)
        countHeldAnswers(of: conversation, on: loop)
        isAdvancing = false
        endIfDone(on: loop)
        updateDeadline(on: loop)
    }

    /// Whether there may be something to look at, and it may be looked at now.
    private func canProceed(_ conversation: any Conversation, on loop: isolated EventLoop) -> Bool {
        phase == .open && (mayRead || conversation.hasLeftover) && conversation.mayGoOn(on: loop)
    }

    // MARK: Reading

    /// Reads what is there, at most `buffer.count` octets; whoever does tells `noteRead` what became of it.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer { stream.read(into: buffer) }

    /// Notes what a read says of the socket and returns how many octets came.
    func noteRead(_ outcome: Transfer, of room: Int, on loop: isolated EventLoop) -> Int? {
        switch outcome {
        case .moved(let count):
            mayRead = count == room || peerIsEnding || !stream.shortReadEmpties
            lastProgress = loop.now
            loop.traffic.receivedBytes.increment(by: count)
            return count
        case .wouldBlock:
            mayRead = false
        case .ended:
            mayRead = false
            peerHasEnded = true
            conversation?.endInput(on: loop)
        case .failed:
            close(on: loop)
        }
        return nil
    }

    // MARK: Writing

    /// Starts the time in which the client must take something.
    func beginWriting(on loop: isolated EventLoop) {
        lastProgress = loop.now
    }

    /// Gives the socket what it takes; a few system calls, then it is the turn of others.
    private func flush(_ conversation: any Conversation, _ steps: inout Int, on loop: isolated EventLoop) {
        while phase != .closed {
            guard steps > -4 else { return }
            guard let outcome = conversation.send(to: stream, on: loop) else { break }
            steps -= 1
            switch outcome {
            case .moved(let count):
                lastProgress = loop.now
                loop.traffic.sentBytes.increment(by: count)
            case .wouldBlock: return conversation.resumeWriters(on: loop)
            case .ended, .failed: return close(on: loop)
            }
        }
        conversation.resumeWriters(on: loop)
    }

    /// Brings the server's count up to what waits here.
    private func countHeldAnswers(of conversation: any Conversation, on loop: isolated EventLoop) {
        let change = conversation.heldAnswerBytes - heldAnswerBytes
        guard change != 0 else { return }
        loop.shared.holdAnswers(change)
        heldAnswerBytes += change
    }

    /// Returns `response`, or what goes out in its place if it is large and too much waits already.
    ///
    /// One answer alone is never too large: how large it may get is for those who make it to say. Small ones, such as
    /// metrics, are what one needs to see that somebody fills the memory.
    func affordable(_ response: Response, to request: Request, on loop: isolated EventLoop) -> Response {
        guard let count = response.body.count, count > loop.limits.maxPendingOutputBytes else { return response }
        let held = loop.shared.heldAnswerBytes
        guard held > 0, held + count > loop.limits.maxHeldAnswerBytes else { return response }
        return loop.configuration.refusalForm(.overloaded, request.pathOctets)
    }

    // MARK: Clients

    /// Returns a request as from the client that a trusted proxy names.
    func forwarded(_ request: Request, on loop: isolated EventLoop) -> Request {
        guard isTrustedProxy, let proxy = request.client,
            let address = loop.configuration.trustedProxies.client(in: request.fields), address != proxy.address
        else { return request }
        return Request(request, client: Client(address: address, behind: proxy))
    }

    /// Counts a request that never reaches the handler, and tells of it.
    func noteRefused(
        _ request: RequestOutline?,
        for refusal: Refusal,
        with answer: Response,
        on loop: isolated EventLoop
    ) {
        loop.shared.metrics.refused["\(refusal.status.code)"].increment()
        loop.shared.events.refused(refused(request, for: refusal, with: answer, on: loop))
    }

    /// Returns what is known of a refused request; its client only where the whole head could be read.
    private func refused(
        _ request: RequestOutline?,
        for refusal: Refusal,
        with answer: Response,
        on loop: isolated EventLoop
    ) -> RefusedRequest {
        var (client, proxy): (String?, String?) = (arrival.peer, nil)
        if isTrustedProxy {
            client = request?.fields.map { loop.configuration.trustedProxies.client(in: $0) ?? arrival.peer }
            proxy = client == arrival.peer ? nil : arrival.peer
        }
        return RefusedRequest(
            status: answer.status.code,
            reason: refusal.code,
            trailers: answer.trailers,
            peer: client,
            proxy: proxy,
            outline: request
        )
    }

    /// Ends requests whose bodies had to give way.
    func giveWay(on loop: isolated EventLoop) { conversation?.giveWay(on: loop) }

    // MARK: Bodies that come over time

    /// Whether pieces of the body of `exchange` are still wanted.
    func isStreaming(_ exchange: ExchangeID) -> Bool { conversation?.isStreaming(exchange) ?? false }

    /// Takes a piece of a streamed body; true if the writer should wait before the next.
    func append(_ piece: [UInt8], to exchange: ExchangeID, on loop: isolated EventLoop) -> Bool {
        guard !piece.isEmpty else { return false }
        return conversation?.append(piece, to: exchange, on: loop) ?? false
    }

    /// Names the fields that follow a streamed body.
    func setTrailers(_ trailers: ResponseFields, of exchange: ExchangeID) {
        conversation?.setTrailers(trailers, of: exchange)
    }

    /// The reader of a request's body has taken octets.
    func taken(_ count: Int, of exchange: ExchangeID, on loop: isolated EventLoop) {
        (conversation as? HTTP2Conversation)?.taken(count, of: exchange, on: loop)
    }

    /// Lets a writer wait until the client has read some, or is gone.
    func wait(for exchange: ExchangeID, with writer: CheckedContinuation<Void, any Error>) {
        guard let conversation else { return writer.resume(throwing: CancellationError()) }
        conversation.wait(for: exchange, with: writer)
    }

    /// Ends the waiting of a writer whose work was given up.
    func endWait(for exchange: ExchangeID) { conversation?.endWait(for: exchange) }

    // MARK: The end

    /// Ends the connection once its last answer is out.
    private func endIfDone(on loop: isolated EventLoop) {
        guard phase == .open, conversation?.isOver == true else { return }
        guard !peerHasEnded else { return close(on: loop) }
        stream.endWriting()
        phase = .lingering
        count(as: loop.shared.metrics.lingering)
        waitStart = loop.now
        lastProgress = loop.now
        linger(on: loop)
    }

    /// Reads and drops; the octets are of no interest any more, so TLS is not asked to read them.
    private func linger(on loop: isolated EventLoop) {
        for _ in 0..<loop.limits.stepsPerTurn {
            let count = recv(stream.number, loop.scratch.baseAddress, loop.scratch.count, 0)
            if count > 0 {
                lastProgress = loop.now
            } else if count < 0, errno == EAGAIN {
                return updateDeadline(on: loop)
            } else if count == 0 || errno != EINTR {
                return close(on: loop)
            }
        }
        loop.deferAdvance(of: self)
        updateDeadline(on: loop)
    }

    /// Gives up everything at once; a handler at work is cancelled.
    func close(on loop: isolated EventLoop) {
        guard phase != .closed else { return }
        phase = .closed
        counted.add(-1)
        deadline = .never
        stream = ClosedStream.shared
        if let conversation {
            self.conversation = nil
            conversation.close(on: loop)
            countHeldAnswers(of: conversation, on: loop)
        }
        loop.remove(self)
    }

    /// Closes so that the client sees an error, not an end.
    func reset(on loop: isolated EventLoop) {
        guard phase != .closed else { return }
        var option = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(stream.number, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout.size(ofValue: option)))
        close(on: loop)
    }

    /// Closes where nothing lies unread and the last answer is long out, so that there is nothing to linger for.
    func leave(on loop: isolated EventLoop) {
        stream.endWriting()
        close(on: loop)
    }

    // MARK: Deadlines

    /// Computes when the present wait becomes too long, and sees to it that somebody looks.
    func updateDeadline(on loop: isolated EventLoop) {
        deadline = currentDeadline(on: loop)
        guard deadline < nextLook else { return }
        nextLook = loop.scheduleLook(at: deadline, token: token)
    }

    private func currentDeadline(on loop: isolated EventLoop) -> Instant {
        let timeouts = loop.timeouts
        return switch phase {
        case .closed: .never
        case .opening: waitStart + timeouts.handshake
        case .choosing(hasBegun: true): waitStart + timeouts.head
        case .choosing(hasBegun: false): idleDeadline(since: waitStart, on: loop)
        case .lingering: min(lastProgress + timeouts.lingerIdle, waitStart + timeouts.linger)
        case .open: conversation?.deadline(on: loop) ?? .never
        }
    }

    /// When a client that sends no request has been waited for long enough; a drain leaves it a moment.
    func idleDeadline(since start: Instant, on loop: isolated EventLoop) -> Instant {
        min(start + loop.timeouts.idle, max(start, loop.drainStart) + EventLoop.drainIdleTime)
    }

    /// Takes up a look: acts if the deadline has passed, else asks for another look.
    func look(on loop: isolated EventLoop) {
        guard nextLook <= loop.now else { return }
        nextLook = .never
        guard deadline <= loop.now else { return updateDeadline(on: loop) }
        switch phase {
        case .opening: end(.handshake, on: loop)
        case .choosing(hasBegun: true):
            // What came so far is the start of no request: to be told so in HTTP/1.1, whose time is over as well.
            converse(inHTTP2: false, on: loop)
            advance(on: loop)
        case .choosing(hasBegun: false):
            loop.shared.metrics.count(.idle)
            leave(on: loop)
        case .lingering, .closed: end(.linger, on: loop)
        case .open: conversation?.expire(on: loop)
        }
    }

    /// Closes for `timeout`.
    func end(_ timeout: ServerMetrics.Timeout, on loop: isolated EventLoop) {
        loop.shared.metrics.count(timeout)
        close(on: loop)
    }
}
