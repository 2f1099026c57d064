import Glibc
import HTTP
import Metrics

/// HTTP/1.1 on a connection: one request at a time, answered in order.
final class HTTP1Conversation: Conversation {
    /// Until the close, which ends the circle.
    private let connection: Connection
    // Used at each step, in one turn at a time: the checks of exclusive access cost 5% of a small answer.
    @exclusivity(unchecked) private var session: HTTP1Session
    /// The task of a handler that did not finish at once.
    private var task: Task<Void, Never>?
    /// The body of the request that is being answered, once its client may have gone.
    private var abandonedBody: BodyRoom.Abandoned?
    /// Streams that wait until the client has read some.
    @exclusivity(unchecked) private var waitingWriters: [CheckedContinuation<Void, any Error>] = []
    /// When the present wait began: for a request, a head, a body.
    private var waitStart: Instant

    init(on connection: Connection, with client: Client?, since start: Instant, loop: isolated EventLoop) {
        self.connection = connection
        session = HTTP1Session(limits: loop.limits)
        waitStart = start
        if let client { session.begin(client) }
    }

    // MARK: Reading

    var hasLeftover: Bool { session.hasLeftover }

    func peerIsEnding(on loop: isolated EventLoop) -> Bool {
        abandonBody(on: loop)
        return session.isStreaming
    }

    /// Whether the next request may be read now: none is being answered, and the answers so far are not piling up.
    func mayGoOn(on loop: isolated EventLoop) -> Bool {
        connection.isOpen && session.wantsInput && hasRoomForAnswer(on: loop)
    }

    /// Reads and answers requests until one has to wait, the socket is empty, or `steps` are used up.
    func proceed(_ steps: inout Int, on loop: isolated EventLoop) {
        if session.hasLeftover {
            repeat {
                take(session.receiveKept(), &steps, on: loop)
            } while session.hasLeftover && steps > 0 && mayGoOn(on: loop)
        } else if session.awaitedBodyByteCount > 0 {
            receiveBody(&steps, on: loop)
        } else {
            receive(&steps, on: loop)
        }
    }

    func endInput(on loop: isolated EventLoop) {
        session.endInput()
    }

    /// Reads into the loop's scratch memory; the session keeps what it needs.
    private func receive(_ steps: inout Int, on loop: isolated EventLoop) {
        let outcome = connection.read(into: UnsafeMutableRawBufferPointer(loop.scratch))
        guard let count = connection.noteRead(outcome, of: loop.scratch.count, on: loop) else { return }
        let octets = UnsafeBufferPointer(rebasing: loop.scratch[..<count])
        var eaten = 0
        repeat {
            let (event, byteCount) = session.receive(octets.span.extracting(eaten...))
            eaten += byteCount
            take(event, &steps, on: loop)
        } while eaten < count && steps > 0 && mayGoOn(on: loop)
        if eaten < count { session.keep(octets[eaten...]) }
    }

    /// Reads a body of known length to where it will stay.
    private func receiveBody(_ steps: inout Int, on loop: isolated EventLoop) {
        var outcome = Transfer.wouldBlock
        var room = 0
        let event = session.receiveBody { buffer in
            room = buffer.count
            outcome = connection.read(into: buffer)
            if case .moved(let count) = outcome { return count }
            return 0
        }
        guard let count = connection.noteRead(outcome, of: room, on: loop) else { return }
        // Copying much takes time that others wait.
        steps = max(0, steps - (count >> 16))
        take(event, &steps, on: loop)
    }

    /// Does what the session's event asks for.
    private func take(_ event: consuming HTTP1Session.Event, _ steps: inout Int, on loop: isolated EventLoop) {
        switch consume event {
        case .more(let bodyByteCount, let isNewPart):
            if isNewPart { waitStart = loop.now }
            if bodyByteCount > 0 { hold(bodyByteCount, of: session.outline, on: loop) }
        case .request(let request, let exchange):
            steps -= 1
            let rest = session.countRest(ofBody: request.body.count)
            guard rest == 0 || hold(rest, of: request.outline, on: loop) else { return }
            handle(request, exchange, on: loop)
        case .violation(let refusal, let outline):
            refuse(refusal, to: outline, on: loop)
        }
    }

    /// Counts octets of a body, within what all connections may hold together; refuses its request beyond that.
    @discardableResult
    private func hold(
        _ count: Int,
        of request: @autoclosure () -> RequestOutline?,
        on loop: isolated EventLoop
    ) -> Bool {
        let limit = loop.limits.maxHeldBodyBytes
        guard !loop.shared.bodies.take(count, limit: limit, mayPush: !connection.peerIsEnding) else { return true }
        refuse(.overloaded, to: request(), on: loop)
        return false
    }

    private func releaseBody(on loop: isolated EventLoop) {
        let count = session.releaseBody()
        if let body = abandonedBody {
            loop.shared.bodies.leave(body)
            abandonedBody = nil
        } else if count > 0 {
            loop.shared.bodies.leave(count)
        }
    }

    /// Lets the body of a request that is being answered give way to those of clients that are still there.
    private func abandonBody(on loop: isolated EventLoop) {
        guard session.writing == .answer, session.bodyByteCount > 0, abandonedBody == nil else { return }
        abandonedBody = loop.shared.bodies.abandon(session.bodyByteCount) { [token = connection.token] in
            loop.executor.submit(.closure { loop.assumeIsolated { $0.connections[token]?.giveWay(on: $0) } })
        }
    }

    func giveWay(on loop: isolated EventLoop) {
        guard connection.isOpen, let body = abandonedBody, loop.shared.bodies.hasGivenWay(body) else { return }
        guard session.writing == .answer else { return connection.close(on: loop) }
        task?.cancel()
        task = nil
        refuse(.overloaded, to: nil, on: loop)
        connection.advance(on: loop)
    }

    // MARK: Answering

    /// Asks the handler; an answer that waits for nothing is done when this returns.
    private func handle(_ request: Request, _ exchange: ExchangeID, on loop: isolated EventLoop) {
        loop.traffic.requests.increment()
        if connection.arrival.isOverflow, !loop.configuration.isExempt(request) {
            return refuse(.overloaded, to: request.outline, on: loop)
        }
        let request = connection.forwarded(request, on: loop)
        switch loop.handler(request) {
        case .now(let response):
            guard response.body.isStream else { return finish(response, to: request, exchange, on: loop) }
            work(on: request, exchange, on: loop) { response }
        case .waiting(let work):
            connection.lookForEnd(on: loop)
            self.work(on: request, exchange, on: loop) { await work.response }
        }
    }

    /// Starts work that waits; some of it is done when this returns.
    private func work(
        on request: Request,
        _ exchange: ExchangeID,
        on loop: isolated EventLoop,
        _ body: @escaping @Sendable () async -> Response
    ) {
        let task = Task.immediate { await self.send(await body(), to: request, exchange, on: loop) }
        guard session.isUnderWay(exchange) else { return }
        self.task = task
        connection.count(as: loop.shared.metrics.answering)
        if connection.peerIsEnding { abandonBody(on: loop) }
    }

    private func send(
        _ response: Response,
        to request: Request,
        _ exchange: ExchangeID,
        on loop: isolated EventLoop
    ) async {
        guard session.isUnderWay(exchange), case .stream(let produce) = response.body else {
            return finish(response, to: request, exchange, on: loop)
        }
        append(response, to: request, on: loop)
        if session.isStreaming {
            do {
                try await produce(StreamWriter(loop: loop, token: connection.token, exchange: exchange))
                if session.isUnderWay(exchange) { session.endStream() }
            } catch {
                // Only a reset tells the client that the body is not whole.
                if session.isUnderWay(exchange) { connection.reset(on: loop) }
            }
        }
        endAnswer(exchange, on: loop)
    }

    /// Appends an answer that is at hand, and goes on.
    private func finish(
        _ response: Response,
        to request: Request,
        _ exchange: ExchangeID,
        on loop: isolated EventLoop
    ) {
        guard session.isUnderWay(exchange) else { return }
        append(response, to: request, on: loop)
        endAnswer(exchange, on: loop)
    }

    private func append(_ response: Response, to request: Request, on loop: isolated EventLoop) {
        if session.output.isEmpty { connection.beginWriting(on: loop) }
        session.answer(
            request,
            with: connection.affordable(response, to: request, on: loop),
            keepsAlive: !loop.isDraining && !connection.arrival.isOverflow,
            date: loop.date.octets
        )
    }

    /// Goes on with the next request.
    private func endAnswer(_ exchange: ExchangeID, on loop: isolated EventLoop) {
        guard session.isUnderWay(exchange) else { return }
        session.endAnswer()
        task = nil
        releaseBody(on: loop)
        connection.count(as: loop.shared.metrics.reading)
        waitStart = loop.now
        if !connection.isAdvancing { connection.advance(on: loop) }
    }

    /// Answers a request that never reaches the handler, and ends the connection behind it.
    func refuse(_ refusal: Refusal, to request: RequestOutline?, on loop: isolated EventLoop) {
        guard connection.isOpen else { return }
        releaseBody(on: loop)
        let response = loop.configuration.refusalForm(refusal, request?.path ?? [])
        connection.noteRefused(request, for: refusal, with: response, on: loop)
        if session.output.isEmpty { connection.beginWriting(on: loop) }
        session.refuse(request, with: response, date: loop.date.octets)
    }

    // MARK: Writing

    func beginTurn(on loop: isolated EventLoop) {
        session.output.borrow(&loop.spareOutputs)
    }

    func endTurn(on loop: isolated EventLoop) {
        session.output.giveBack(&loop.spareOutputs)
    }

    func send(to stream: any ByteStream, on loop: isolated EventLoop) -> Transfer? {
        session.output.isEmpty ? nil : session.output.flush { stream.write($0) }
    }

    var heldAnswerBytes: Int { session.output.heldCount }

    func isStreaming(_ exchange: ExchangeID) -> Bool {
        session.isStreaming && session.isUnderWay(exchange)
    }

    func append(_ piece: [UInt8], to exchange: ExchangeID, on loop: isolated EventLoop) -> Bool {
        if session.output.isEmpty { connection.beginWriting(on: loop) }
        session.append(piece)
        if !connection.isAdvancing { connection.advance(on: loop) }
        return session.output.count > loop.limits.maxPendingOutputBytes
    }

    /// Clients of HTTP/1.1 do not ask for any.
    func setTrailers(_ trailers: ResponseFields, of exchange: ExchangeID) {}

    func wait(for exchange: ExchangeID, with writer: CheckedContinuation<Void, any Error>) {
        waitingWriters.append(writer)
    }

    func endWait(for exchange: ExchangeID) {
        if session.isUnderWay(exchange) { giveUpWriters() }
    }

    private func giveUpWriters() {
        let writers = waitingWriters
        waitingWriters = []
        for writer in writers { writer.resume(throwing: CancellationError()) }
    }

    func resumeWriters(on loop: isolated EventLoop) {
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

    // MARK: Time and the end

    var owedCount: Int { session.owes ? 1 : 0 }

    var isOver: Bool { session.isOver }

    func deadline(on loop: isolated EventLoop) -> Instant {
        let timeouts = loop.timeouts
        switch session.wait {
        case .handler: return .never
        case .reader: return connection.lastProgress + timeouts.write
        case .request: return connection.idleDeadline(since: waitStart, on: loop)
        case .restOfHead: return waitStart + timeouts.head
        case .restOfBody: return min(connection.lastProgress + timeouts.bodyIdle, waitStart + timeouts.body)
        }
    }

    func expire(on loop: isolated EventLoop) {
        switch session.wait {
        case .handler, .reader: connection.end(.write, on: loop)
        case .request:
            loop.shared.metrics.count(.idle)
            connection.leave(on: loop)
        case .restOfHead: refuseLate(.head, on: loop)
        case .restOfBody: refuseLate(.body, on: loop)
        }
    }

    private func refuseLate(_ timeout: ServerMetrics.Timeout, on loop: isolated EventLoop) {
        loop.shared.metrics.count(timeout)
        refuse(.requestTimeout, to: session.outline, on: loop)
        connection.advance(on: loop)
    }

    func close(on loop: isolated EventLoop) {
        task?.cancel()
        task = nil
        releaseBody(on: loop)
        session.close()
        giveUpWriters()
    }
}
