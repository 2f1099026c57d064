import Glibc
import HTTP
import HTTPTypes
import Logging
import Metrics

/// One client's connection: moves octets between its stream and its session, keeps the time, and lets the handler answer.
///
/// It lives on one loop for life, and everything here runs in the turns of that loop. Reports of the kernel are edges,
/// so a connection remembers what it may still do (`mayRead`, a non-empty output) and goes on doing it until the
/// socket says that it would block.
final class Connection {
    /// Where the transport stands.
    private enum Phase {
        /// A handshake is under way.
        case opening
        /// The session reads and answers.
        case open
        /// The last answer is out; what still comes is dropped, so that no reset eats the answer (RFC 9112 9.6).
        case lingering
        case closed
    }

    let token: ConnectionTable.Token
    private let arrival: Arrival
    private var client: Client?
    /// Whether the peer may say for whom it speaks.
    private var isTrustedProxy = false
    private var stream: any ByteStream
    // Both are used at each step, and only here, in one turn at a time: the checks of exclusive access cost 5% of a small
    // answer.
    @exclusivity(unchecked) private var phase = Phase.opening
    @exclusivity(unchecked) private var session: HTTP1Session

    /// Whether the socket may hold something to read.
    private var mayRead = false
    /// Whether the kernel has seen the end of the peer's direction.
    private var peerIsEnding = false
    /// Whether we have read up to that end.
    private var peerHasEnded = false
    /// Octets of the output that count against the server's limit.
    private var heldAnswerBytes = 0
    /// The task of a handler that did not finish at once.
    private var task: Task<Void, Never>?
    /// Streams that wait until the client has read some.
    @exclusivity(unchecked) private var waitingWriters: [CheckedContinuation<Void, any Error>] = []
    /// The gauge that counts this connection; an answer given at once never leaves `reading`.
    private var counted: Gauge

    // Turns and times.
    private var isAdvancing = false
    /// Whether the loop has noted that this connection has more to do.
    var isDeferred = false
    /// When the present wait began: for a handshake, a request, a head, the end.
    private var waitStart: Instant
    /// When octets last moved in the direction that is waited for.
    private var lastProgress: Instant
    private var deadline = Instant.never
    /// When the wheel will look at this connection.
    private var nextLook = Instant.never

    init(stream: any ByteStream, token: ConnectionTable.Token, _ arrival: Arrival, loop: isolated EventLoop) {
        self.stream = stream
        self.token = token
        self.arrival = arrival
        session = HTTP1Session(limits: loop.limits)
        waitStart = loop.now
        lastProgress = loop.now
        counted = loop.shared.metrics.opening
        counted.add(1)
    }

    private func count(as gauge: Gauge) {
        counted.add(-1)
        counted = gauge
        counted.add(1)
    }

    /// Whether a request is being read or answered, or its answer is not out.
    var owes: Bool { phase == .open && session.owes }

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
        session.begin(client)
        let proxies = loop.configuration.trustedProxies
        isTrustedProxy = !proxies.isEmpty && proxies.contains(peer: arrival.peer)
        phase = .open
        count(as: loop.shared.metrics.reading)
        waitStart = loop.now
        mayRead = true
    }

    /// Tells a client that speaks plain HTTP where TLS is due what is wrong, in words that it understands.
    private func refusePlainText(on loop: isolated EventLoop) {
        guard let descriptor = (stream as? TLSStream)?.takeDescriptor() else { return close(on: loop) }
        stream = PlainStream(descriptor)
        phase = .open
        refuse(.plainTextOnTLSPort, to: nil, on: loop)
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
            guard !session.isStreaming else { return close(on: loop) }
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
        session.output.borrow(&loop.spareOutput)
        var steps = loop.limits.stepsPerTurn
        repeat {
            readRequests(&steps, on: loop)
            flush(&steps, on: loop)
        } while steps > 0 && canRead(on: loop)
        if steps <= 0, phase != .closed { loop.deferAdvance(of: self) }
        session.output.giveBack(&loop.spareOutput)
        countHeldAnswers(on: loop)
        isAdvancing = false
        endIfDone(on: loop)
        updateDeadline(on: loop)
    }

    // MARK: Reading

    /// Whether the next request may be read now: none is being answered, and the answers so far are not piling up.
    private func canRead(on loop: isolated EventLoop) -> Bool {
        canGoOn(on: loop) && (mayRead || session.hasLeftover)
    }

    private func canGoOn(on loop: isolated EventLoop) -> Bool {
        phase == .open && session.wantsInput && hasRoomForAnswer(on: loop)
    }

    /// Reads and answers requests until one has to wait, the socket is empty, or `steps` are used up.
    private func readRequests(_ steps: inout Int, on loop: isolated EventLoop) {
        while steps > 0, canRead(on: loop) {
            steps -= 1
            if session.hasLeftover {
                repeat {
                    take(session.receiveKept(), &steps, on: loop)
                } while session.hasLeftover && steps > 0 && canGoOn(on: loop)
            } else if session.awaitedBodyByteCount > 0 {
                receiveBody(&steps, on: loop)
            } else {
                receive(&steps, on: loop)
            }
        }
    }

    /// Reads into the loop's scratch memory; the session keeps what it needs.
    private func receive(_ steps: inout Int, on loop: isolated EventLoop) {
        let outcome = stream.read(into: UnsafeMutableRawBufferPointer(loop.scratch))
        guard let count = received(outcome, of: loop.scratch.count, on: loop) else { return }
        let octets = UnsafeBufferPointer(rebasing: loop.scratch[..<count])
        var eaten = 0
        repeat {
            let (event, byteCount) = session.receive(octets.span.extracting(eaten...))
            eaten += byteCount
            take(event, &steps, on: loop)
        } while eaten < count && steps > 0 && canGoOn(on: loop)
        if eaten < count { session.keep(octets[eaten...]) }
    }

    /// Reads a body of known length to where it will stay.
    private func receiveBody(_ steps: inout Int, on loop: isolated EventLoop) {
        var outcome = Transfer.wouldBlock
        var room = 0
        let event = session.receiveBody { buffer in
            room = buffer.count
            outcome = stream.read(into: buffer)
            if case .moved(let count) = outcome { return count }
            return 0
        }
        guard let count = received(outcome, of: room, on: loop) else { return }
        // Copying much takes time that others wait.
        steps = max(0, steps - (count >> 16))
        take(event, &steps, on: loop)
    }

    /// Notes what a read says of the socket and returns how many octets came.
    private func received(_ outcome: Transfer, of room: Int, on loop: isolated EventLoop) -> Int? {
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
            session.endInput()
        case .failed:
            close(on: loop)
        }
        return nil
    }

    /// Does what the session's event asks for.
    private func take(_ event: consuming HTTP1Session.Event, _ steps: inout Int, on loop: isolated EventLoop) {
        switch consume event {
        case .more(let bodyByteCount, let isNewPart):
            if isNewPart { waitStart = loop.now }
            if bodyByteCount > 0 { hold(bodyByteCount, on: loop) }
        case .request(let request, let exchange):
            steps -= 1
            handle(request, exchange, on: loop)
        case .violation(let refusal, let outline):
            refuse(refusal, to: outline, on: loop)
        }
    }

    /// Counts octets of a body that has not come whole, within what all connections may hold together.
    private func hold(_ count: Int, on loop: isolated EventLoop) {
        guard !loop.shared.holdBody(count, limit: loop.limits.maxHeldBodyBytes) else { return }
        refuse(.overloaded, to: session.outline, on: loop)
    }

    private func releaseBody(on loop: isolated EventLoop) {
        let count = session.releaseBody()
        if count > 0 { loop.shared.releaseBody(count) }
    }

    // MARK: Answering

    /// Asks the handler; an answer that waits for nothing is done when this returns.
    private func handle(_ request: Request, _ exchange: HTTP1Session.ExchangeID, on loop: isolated EventLoop) {
        loop.traffic.requests.increment()
        if arrival.isOverflow, !loop.configuration.isExempt(request) {
            return refuse(.overloaded, to: request.outline, on: loop)
        }
        let request = isTrustedProxy ? forwarded(request, on: loop) : request
        switch loop.handler(request) {
        case .now(let response):
            guard response.body.isStream else { return finish(response, to: request, exchange, on: loop) }
            work(on: request, exchange, on: loop) { response }
        case .waiting(let work): self.work(on: request, exchange, on: loop) { await work.response }
        }
    }

    /// Returns a request as from the client that a trusted proxy names.
    private func forwarded(_ request: Request, on loop: isolated EventLoop) -> Request {
        guard let proxy = request.client,
            let address = loop.configuration.trustedProxies.client(in: request.fields), address != proxy.address
        else { return request }
        return Request(request, client: Client(address: address, behind: proxy))
    }

    /// Starts work that waits; some of it is done when this returns.
    private func work(
        on request: Request,
        _ exchange: HTTP1Session.ExchangeID,
        on loop: isolated EventLoop,
        _ body: @escaping @Sendable () async -> Response
    ) {
        let task = Task.immediate { await self.send(await body(), to: request, exchange, on: loop) }
        guard session.isUnderWay(exchange) else { return }
        self.task = task
        count(as: loop.shared.metrics.answering)
    }

    private func send(
        _ response: Response,
        to request: Request,
        _ exchange: HTTP1Session.ExchangeID,
        on loop: isolated EventLoop
    ) async {
        guard session.isUnderWay(exchange), case .stream(let produce) = response.body else {
            return finish(response, to: request, exchange, on: loop)
        }
        append(response, to: request, on: loop)
        if session.isStreaming {
            do {
                try await produce(StreamWriter(loop: loop, token: token, exchange: exchange))
                if session.isUnderWay(exchange) { session.endStream() }
            } catch {
                // Only a reset tells the client that the body is not whole.
                if session.isUnderWay(exchange) { reset(on: loop) }
            }
        }
        endAnswer(exchange, on: loop)
    }

    /// Appends an answer that is at hand, and goes on.
    private func finish(
        _ response: Response,
        to request: Request,
        _ exchange: HTTP1Session.ExchangeID,
        on loop: isolated EventLoop
    ) {
        guard session.isUnderWay(exchange) else { return }
        append(response, to: request, on: loop)
        endAnswer(exchange, on: loop)
    }

    private func append(_ response: Response, to request: Request, on loop: isolated EventLoop) {
        if session.output.isEmpty { lastProgress = loop.now }
        session.answer(
            request,
            with: refusal(of: response, to: request, on: loop) ?? response,
            keepsAlive: !loop.isDraining && !arrival.isOverflow,
            date: loop.date.octets
        )
    }

    /// Goes on with the next request.
    private func endAnswer(_ exchange: HTTP1Session.ExchangeID, on loop: isolated EventLoop) {
        guard session.isUnderWay(exchange) else { return }
        session.endAnswer()
        task = nil
        releaseBody(on: loop)
        if counted !== loop.shared.metrics.reading { count(as: loop.shared.metrics.reading) }
        waitStart = loop.now
        if !isAdvancing { advance(on: loop) }
    }

    /// Answers a request that never reaches the handler, and ends the connection behind it.
    private func refuse(_ refusal: Refusal, to request: RequestOutline?, on loop: isolated EventLoop) {
        guard phase == .open else { return }
        releaseBody(on: loop)
        loop.shared.metrics.refused["\(refusal.status.code)"].increment()
        loop.shared.events.refused(refused(request, with: refusal, on: loop))
        if session.output.isEmpty { lastProgress = loop.now }
        let response = loop.configuration.refusalForm(refusal, request?.path ?? [])
        session.refuse(request, with: response, date: loop.date.octets)
    }

    /// Returns what is known of a refused request; its client only where the whole head could be read.
    private func refused(
        _ request: RequestOutline?,
        with refusal: Refusal,
        on loop: isolated EventLoop
    ) -> RefusedRequest {
        let status = refusal.status.code
        guard isTrustedProxy else {
            return RefusedRequest(status: status, peer: arrival.peer, proxy: nil, outline: request)
        }
        let client = request?.fields.map { loop.configuration.trustedProxies.client(in: $0) ?? arrival.peer }
        let proxy = client == arrival.peer ? nil : arrival.peer
        return RefusedRequest(status: status, peer: client, proxy: proxy, outline: request)
    }

    // MARK: Writing

    /// Whether pieces of the body of `exchange` are still wanted.
    func isStreaming(_ exchange: HTTP1Session.ExchangeID) -> Bool {
        session.isStreaming && session.isUnderWay(exchange)
    }

    /// Takes a piece of a streamed body; true if the writer should wait before the next.
    func append(_ piece: [UInt8], on loop: isolated EventLoop) -> Bool {
        guard !piece.isEmpty else { return false }
        if session.output.isEmpty { lastProgress = loop.now }
        session.append(piece)
        if !isAdvancing { advance(on: loop) }
        return session.output.count > loop.limits.maxPendingOutputBytes
    }

    /// Lets a writer wait until the client has read some, or is gone.
    func wait(with writer: CheckedContinuation<Void, any Error>) {
        guard phase != .closed else { return writer.resume(throwing: CancellationError()) }
        waitingWriters.append(writer)
    }

    /// Gives the socket what it takes; a few system calls, then it is the turn of others.
    private func flush(_ steps: inout Int, on loop: isolated EventLoop) {
        while !session.output.isEmpty, phase != .closed {
            guard steps > -4 else { return }
            steps -= 1
            switch session.output.flush(stream.write) {
            case .moved(let count):
                lastProgress = loop.now
                loop.traffic.sentBytes.increment(by: count)
            case .wouldBlock: return resumeWriters(on: loop)
            case .ended, .failed: return close(on: loop)
            }
        }
        resumeWriters(on: loop)
    }

    private func resumeWriters(on loop: isolated EventLoop) {
        guard !waitingWriters.isEmpty, session.output.count <= loop.limits.maxPendingOutputBytes / 2 else { return }
        let writers = waitingWriters
        waitingWriters = []
        for writer in writers { writer.resume() }
    }

    // MARK: Room
    // Readers may be slow and many, so what waits for them is bounded: on each connection, and on all together.

    /// Whether the answers that wait here are few enough for another request.
    private func hasRoomForAnswer(on loop: isolated EventLoop) -> Bool {
        guard !session.output.isEmpty else { return true }
        return session.output.count <= loop.limits.maxPendingOutputBytes
            && loop.shared.heldAnswerBytes <= loop.limits.maxHeldAnswerBytes
    }

    /// Returns what goes out in place of `response` if it is large and too much waits already.
    ///
    /// One answer alone is never too large: how large it may get is for those who make it to say. Small ones, such as
    /// metrics, are what one needs to see that somebody fills the memory.
    private func refusal(of response: Response, to request: Request, on loop: isolated EventLoop) -> Response? {
        guard let count = response.body.count, count > loop.limits.maxPendingOutputBytes else { return nil }
        let held = loop.shared.heldAnswerBytes
        guard held > 0, held + count > loop.limits.maxHeldAnswerBytes else { return nil }
        return loop.configuration.refusalForm(.overloaded, request.pathOctets)
    }

    /// Brings the server's count up to what waits here.
    private func countHeldAnswers(on loop: isolated EventLoop) {
        let change = session.output.heldCount - heldAnswerBytes
        guard change != 0 else { return }
        loop.shared.holdAnswers(change)
        heldAnswerBytes += change
    }

    // MARK: The end

    /// Ends the connection once its last answer is out.
    private func endIfDone(on loop: isolated EventLoop) {
        guard phase == .open, session.isOver else { return }
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
        task?.cancel()
        task = nil
        deadline = .never
        stream = ClosedStream.shared
        releaseBody(on: loop)
        session.close()
        countHeldAnswers(on: loop)
        let writers = waitingWriters
        waitingWriters = []
        for writer in writers { writer.resume(throwing: CancellationError()) }
        loop.remove(self)
    }

    /// Closes so that the client sees an error, not an end.
    private func reset(on loop: isolated EventLoop) {
        guard phase != .closed else { return }
        var option = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(stream.number, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout.size(ofValue: option)))
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
        switch phase {
        case .closed: return .never
        case .opening: return waitStart + timeouts.handshake
        case .lingering: return min(lastProgress + timeouts.lingerIdle, waitStart + timeouts.linger)
        case .open: break
        }
        switch session.wait {
        case .handler: return .never
        case .reader: return lastProgress + timeouts.write
        case .request:
            // A drain leaves a client that is about to send a moment to do so.
            let drained = max(waitStart, loop.drainStart) + EventLoop.drainIdleTime
            return min(waitStart + timeouts.idle, drained)
        case .restOfHead: return waitStart + timeouts.head
        case .restOfBody: return min(lastProgress + timeouts.bodyIdle, waitStart + timeouts.body)
        }
    }

    /// The wheel's look: acts if the deadline has passed, else asks for another look.
    func look(on loop: isolated EventLoop) {
        guard nextLook <= loop.now else { return }
        nextLook = .never
        guard deadline <= loop.now else { return updateDeadline(on: loop) }
        expire(on: loop)
    }

    private func expire(on loop: isolated EventLoop) {
        let timeout = waitedFor
        loop.shared.metrics.count(timeout)
        switch timeout {
        case .handshake, .write, .linger: close(on: loop)
        case .idle:
            // Nothing lies unread and the last answer is long out, so there is nothing to linger for.
            stream.endWriting()
            close(on: loop)
        case .head, .body:
            refuse(.requestTimeout, to: session.outline, on: loop)
            advance(on: loop)
        }
    }

    /// What the deadline is about.
    private var waitedFor: ServerMetrics.Timeout {
        switch phase {
        case .opening: .handshake
        case .lingering, .closed: .linger
        case .open:
            switch session.wait {
            case .handler, .reader: .write
            case .request: .idle
            case .restOfHead: .head
            case .restOfBody: .body
            }
        }
    }
}

extension Refusal {
    /// What a server says that has no room.
    static let overloaded = Refusal(
        status: .serviceUnavailable,
        code: "overloaded",
        detail: "The server has no room for another request; try again later.",
        retryAfter: 1
    )

    /// What a client is told that did not finish its request in time.
    static let requestTimeout = Refusal(
        status: .requestTimeout,
        code: "request_timeout",
        detail: "The request did not arrive in time."
    )

    /// What plain HTTP is told on a TLS port.
    static let plainTextOnTLSPort = Refusal(
        status: .badRequest,
        code: "https_required",
        detail: "This port speaks HTTPS; the request came as plain HTTP."
    )
}
