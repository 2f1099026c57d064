import Glibc
import HTTP
import HTTP2
import Metrics

/// HTTP/2 on a connection: many requests at once, each answered when it can be.
final class HTTP2Conversation: Conversation {
    /// The time that a client has to take note of a drain, in nanoseconds.
    private static let drainNotice: Int64 = 1_000_000_000
    /// Octets that are gathered for one write, and how few may wait when more are.
    private static let outputSize = 131_072
    private static let outputRest = 16_384

    /// An answer that did not come at once.
    private final class Exchange {
        let stream: HTTP2Stream
        var task: Task<Void, Never>?
        var isDone = false
        var trailers: ResponseFields?
        var writers: [CheckedContinuation<Void, any Error>] = []

        init(_ stream: HTTP2Stream) {
            self.stream = stream
        }
    }

    /// Until the close, which ends the circle.
    private let connection: Connection
    private let session: HTTP2Session
    // Used at each step, in one turn at a time: the checks of exclusive access show in a profile.
    @exclusivity(unchecked) private var output = OutputQueue()
    /// Work under way, that of streams which are over among it.
    @exclusivity(unchecked) private var exchanges: [ExchangeID: Exchange] = [:]
    /// Streams that count: open ones, and those whose work is not over.
    private var streamCount = 0
    /// Octets of bodies as the server counts them.
    private var heldBodyBytes = 0
    /// The bodies of a client that may have gone; they count until the connection ends.
    private var abandonedBodies: BodyRoom.Abandoned?
    private var inputHasEnded = false
    private var isClosed = false
    /// When bodies that are read as they come were last looked at.
    private var lastLook: Instant

    init(on connection: Connection, with client: Client, loop: isolated EventLoop) {
        self.connection = connection
        lastLook = loop.now
        session = HTTP2Session(
            limits: loop.limits,
            settings: HTTP2Settings(maxStreams: loop.limits.maxStreams),
            client: client,
            streamsBody: loop.configuration.streamsBody,
            at: loop.now.nanoseconds
        )
        let (limits, shared) = (loop.limits, loop.shared)
        session.admits = { [unowned self] in
            guard streamCount < limits.maxStreams, shared.openStream(limit: limits.maxOpenStreams) else { return false }
            streamCount += 1
            return true
        }
        let token = connection.token
        let executor = loop.executor
        session.whenTaken = { [unowned loop] id in
            { [weak loop] count in
                guard let loop else { return }
                executor.submit(
                    .closure {
                        loop.assumeIsolated { $0.connections[token]?.taken(count, of: ExchangeID(id), on: $0) }
                    }
                )
            }
        }
    }

    // MARK: Reading

    func mayGoOn(on loop: isolated EventLoop) -> Bool {
        connection.isOpen && !session.isEnding
    }

    var hasLeftover: Bool { session.hasReady && hasRoom }

    /// Whether the answers that wait were few enough when they were last counted.
    private var hasRoom = true

    /// Answers a request, or takes up what came.
    func proceed(_ steps: inout Int, on loop: isolated EventLoop) {
        if hasLeftover {
            if let (stream, work) = session.takeReady() { take(work, of: stream, on: loop) }
        } else {
            receive(&steps, on: loop)
        }
        countRoom(on: loop)
    }

    private func receive(_ steps: inout Int, on loop: isolated EventLoop) {
        let outcome = connection.read(into: UnsafeMutableRawBufferPointer(loop.scratch))
        guard let count = connection.noteRead(outcome, of: loop.scratch.count, on: loop) else { return }
        steps = max(0, steps - (count >> 16))
        let octets = UnsafeBufferPointer(rebasing: loop.scratch[..<count])
        session.receive(octets.span, at: loop.now.nanoseconds)
        settle(on: loop)
        countHeldBodies(on: loop)
    }

    /// Counts the bodies in memory, within what all connections may hold together.
    private func countHeldBodies(on loop: isolated EventLoop) {
        guard !isClosed, abandonedBodies == nil else { return }
        let count = session.heldBodyBytes > BodyRoom.freeByteCount ? session.heldBodyBytes : 0
        let change = count - heldBodyBytes
        guard change != 0 else { return }
        heldBodyBytes = count
        guard change > 0 else { return loop.shared.bodies.leave(-change) }
        let limit = loop.limits.maxHeldBodyBytes
        guard !loop.shared.bodies.take(change, limit: limit, mayPush: !connection.peerIsEnding) else { return }
        for stream in session.streams where stream.lastArrival == loop.now.nanoseconds {
            if let incoming = stream.incoming {
                incoming.fail(.overloaded)
            } else if stream.awaitsBody {
                session.refuse(stream, .overloaded)
            }
        }
        countHeldBodies(on: loop)
    }

    /// Readers may be slow and many, so what waits for them is bounded: on each connection, and on all together.
    private func countRoom(on loop: isolated EventLoop) {
        let count = output.count + session.waitingAnswerBytes
        hasRoom =
            count == 0
            || count <= loop.limits.maxPendingOutputBytes
                && loop.shared.heldAnswerBytes <= loop.limits.maxHeldAnswerBytes
    }

    func endInput(on loop: isolated EventLoop) {
        inputHasEnded = true
    }

    func peerIsEnding(on loop: isolated EventLoop) -> Bool {
        session.clientHasGone()
        if heldBodyBytes > 0, abandonedBodies == nil {
            abandonedBodies = loop.shared.bodies.abandon(heldBodyBytes) { [token = connection.token] in
                loop.executor.submit(.closure { loop.assumeIsolated { $0.connections[token]?.giveWay(on: $0) } })
            }
        }
        return session.streams.contains { $0.isStreaming }
    }

    func giveWay(on loop: isolated EventLoop) {
        guard let abandonedBodies, loop.shared.bodies.hasGivenWay(abandonedBodies) else { return }
        connection.close(on: loop)
    }

    func taken(_ count: Int, of exchange: ExchangeID, on loop: isolated EventLoop) {
        guard let stream = session.stream(Int32(truncatingIfNeeded: exchange)) else { return }
        session.taken(count, of: stream)
        countHeldBodies(on: loop)
        if !connection.isAdvancing { connection.advance(on: loop) }
    }

    // MARK: Answering

    private func take(_ work: HTTP2Session.Work, of stream: HTTP2Stream, on loop: isolated EventLoop) {
        switch work {
        case .request(let request): handle(request, stream, on: loop)
        case .refusal(let refusal): refuse(refusal, stream, on: loop)
        }
    }

    /// Asks the handler; an answer that waits for nothing is done when this returns.
    private func handle(_ request: Request, _ stream: HTTP2Stream, on loop: isolated EventLoop) {
        loop.traffic.requests.increment()
        if connection.arrival.isOverflow {
            // One answer, as over HTTP/1.1.
            session.finishDrain()
            guard loop.configuration.isExempt(request) else { return refuse(.overloaded, stream, on: loop) }
        }
        let request = connection.forwarded(request, on: loop)
        switch loop.handler(request) {
        case .now(let response):
            guard response.body.isStream else {
                answer(response, to: request, stream, on: loop)
                session.releaseBody(of: stream)
                return countHeldBodies(on: loop)
            }
            work(on: request, stream, on: loop) { response }
        case .waiting(let work):
            connection.lookForEnd(on: loop)
            self.work(on: request, stream, on: loop) { await work.response }
        }
    }

    /// Starts work that waits; some of it is done when this returns.
    private func work(
        on request: Request,
        _ stream: HTTP2Stream,
        on loop: isolated EventLoop,
        _ body: @escaping @Sendable () async -> Response
    ) {
        let exchange = Exchange(stream)
        exchanges[ExchangeID(stream.id)] = exchange
        let task = Task.immediate { await self.send(await body(), to: request, exchange, on: loop) }
        guard !exchange.isDone else { return }
        exchange.task = task
        connection.count(as: loop.shared.metrics.answering)
    }

    private func send(
        _ response: Response,
        to request: Request,
        _ exchange: Exchange,
        on loop: isolated EventLoop
    ) async {
        let stream = exchange.stream
        answer(response, to: request, stream, on: loop)
        if stream.isStreaming, case .stream(let produce) = response.body {
            do {
                try await produce(
                    StreamWriter(loop: loop, token: connection.token, exchange: ExchangeID(stream.id))
                )
                session.endStream(stream, trailers: exchange.trailers)
            } catch {
                // Only a reset tells the client that the body is not whole.
                session.reset(stream, .internalError)
            }
        }
        end(exchange, on: loop)
    }

    private func answer(_ response: Response, to request: Request, _ stream: HTTP2Stream, on loop: isolated EventLoop) {
        guard !stream.isClosed else { return }
        noteWriting(on: loop)
        let response = connection.affordable(response, to: request, on: loop)
        session.answer(stream, with: response, date: loop.date.octets, at: loop.now.nanoseconds)
    }

    /// Starts the time in which the client must take something, if nothing waits for it yet.
    private func noteWriting(on loop: isolated EventLoop) {
        if output.isEmpty { connection.beginWriting(on: loop) }
    }

    /// The work on an answer is over, whether or not its stream still wants it.
    private func end(_ exchange: Exchange, on loop: isolated EventLoop) {
        exchange.isDone = true
        exchange.task = nil
        guard !isClosed else { return }
        exchanges[ExchangeID(exchange.stream.id)] = nil
        session.releaseBody(of: exchange.stream)
        countHeldBodies(on: loop)
        if exchange.stream.isClosed { forget(exchange.stream, on: loop) }
        if exchanges.isEmpty, connection.isOpen { connection.count(as: loop.shared.metrics.reading) }
        if !connection.isAdvancing { connection.advance(on: loop) }
    }

    /// Answers a request that never reaches the handler; the connection lives on.
    private func refuse(_ refusal: Refusal, _ stream: HTTP2Stream, on loop: isolated EventLoop) {
        let own = stream.outline.flatMap { loop.configuration.streamRefusalForm(refusal, $0) }
        let response = own ?? loop.configuration.refusalForm(refusal, stream.outline?.path ?? [])
        connection.noteRefused(stream.outline, for: refusal, with: response, on: loop)
        noteWriting(on: loop)
        session.answer(stream, with: response, date: loop.date.octets, at: loop.now.nanoseconds)
    }

    /// Gives up the work on streams that are over.
    private func settle(on loop: isolated EventLoop) {
        var hasChanged = false
        while let stream = session.takeClosed() {
            hasChanged = true
            guard let exchange = exchanges[ExchangeID(stream.id)] else {
                session.releaseBody(of: stream)
                forget(stream, on: loop)
                continue
            }
            exchange.task?.cancel()
            resume(exchange, throwing: CancellationError())
        }
        if hasChanged { countHeldBodies(on: loop) }
    }

    private func forget(_ stream: HTTP2Stream, on loop: isolated EventLoop) {
        guard stream.isCounted else { return }
        stream.isCounted = false
        streamCount -= 1
        loop.shared.closeStreams(1)
    }

    // MARK: Writing

    func beginTurn(on loop: isolated EventLoop) {
        output.borrow(&loop.spareOutputs)
    }

    func endTurn(on loop: isolated EventLoop) {
        output.giveBack(&loop.spareOutputs)
    }

    func send(to stream: any ByteStream, on loop: isolated EventLoop) -> Transfer? {
        if output.count < Self.outputRest {
            if output.isEmpty { connection.beginWriting(on: loop) }
            output.write { session.produce(into: &$0, atMost: Self.outputSize, at: loop.now.nanoseconds) }
            settle(on: loop)
        }
        defer { countRoom(on: loop) }
        return output.isEmpty ? nil : output.flush { stream.write($0) }
    }

    var heldAnswerBytes: Int { output.heldCount + session.heldAnswerBytes }

    func isStreaming(_ exchange: ExchangeID) -> Bool {
        exchanges[exchange]?.stream.isStreaming ?? false
    }

    func append(_ piece: [UInt8], to exchange: ExchangeID, on loop: isolated EventLoop) -> Bool {
        guard let stream = exchanges[exchange]?.stream else { return false }
        noteWriting(on: loop)
        session.append(piece, to: stream, at: loop.now.nanoseconds)
        if !connection.isAdvancing { connection.advance(on: loop) }
        return stream.waitingByteCount > loop.limits.maxPendingOutputBytes
    }

    func setTrailers(_ trailers: ResponseFields, of exchange: ExchangeID) {
        exchanges[exchange]?.trailers = trailers
    }

    func wait(for exchange: ExchangeID, with writer: CheckedContinuation<Void, any Error>) {
        guard let exchange = exchanges[exchange], !exchange.stream.isClosed else {
            return writer.resume(throwing: CancellationError())
        }
        exchange.writers.append(writer)
    }

    func endWait(for exchange: ExchangeID) {
        if let exchange = exchanges[exchange] { resume(exchange, throwing: CancellationError()) }
    }

    func resumeWriters(on loop: isolated EventLoop) {
        for exchange in exchanges.values where !exchange.writers.isEmpty {
            guard exchange.stream.waitingByteCount <= loop.limits.maxPendingOutputBytes / 2 else { continue }
            resume(exchange, throwing: nil)
        }
    }

    private func resume(_ exchange: Exchange, throwing error: CancellationError?) {
        let writers = exchange.writers
        exchange.writers = []
        for writer in writers {
            if let error { writer.resume(throwing: error) } else { writer.resume() }
        }
    }

    // MARK: Time and the end

    var owedCount: Int { session.openCount }

    var isOver: Bool {
        guard output.isEmpty else { return false }
        return session.isOver || inputHasEnded && session.openCount == 0
    }

    /// Since when there has been nothing to do, if that is so.
    private var idleStart: Instant? {
        guard session.openCount == 0, exchanges.isEmpty, output.isEmpty else { return nil }
        return Instant(nanoseconds: session.idleStart)
    }

    func deadline(on loop: isolated EventLoop) -> Instant {
        let timeouts = loop.timeouts
        var deadline = Instant.never
        if !output.isEmpty { deadline = connection.lastProgress + timeouts.write }
        if let start = session.blockStart { deadline = min(deadline, Instant(nanoseconds: start) + timeouts.head) }
        if let idleStart { deadline = min(deadline, idleStart + timeouts.idle) }
        if loop.isDraining {
            switch session.drain {
            case .none: deadline = min(deadline, loop.now)
            case .announced(let start):
                deadline = min(deadline, Instant(nanoseconds: start) + Self.drainNotice)
            case .final: break
            }
        }
        for stream in session.streams { deadline = min(deadline, self.deadline(of: stream, timeouts)) }
        return deadline
    }

    private func deadline(of stream: HTTP2Stream, _ timeouts: Timeouts) -> Instant {
        if stream.waitingByteCount > 0 {
            return min(Instant(nanoseconds: stream.lastTaken) + timeouts.write, Instant(nanoseconds: stream.deadline))
        }
        if stream.awaitsBody { return bodyDeadline(of: stream, timeouts) }
        return stream.incoming == nil ? .never : lastLook + timeouts.bodyIdle
    }

    private func bodyDeadline(of stream: HTTP2Stream, _ timeouts: Timeouts) -> Instant {
        min(
            Instant(nanoseconds: stream.lastArrival) + timeouts.bodyIdle,
            Instant(nanoseconds: stream.start) + timeouts.body
        )
    }

    func expire(on loop: isolated EventLoop) {
        let (now, timeouts, metrics) = (loop.now, loop.timeouts, loop.shared.metrics)
        if !output.isEmpty, connection.lastProgress + timeouts.write <= now {
            return connection.end(.write, on: loop)
        }
        if let start = session.blockStart, Instant(nanoseconds: start) + timeouts.head <= now {
            metrics.count(.head)
            session.end(.enhanceYourCalm, "head_timeout")
        } else if let idleStart, idleStart + timeouts.idle <= now {
            metrics.count(.idle)
            session.end(.noError, "")
        } else {
            if loop.isDraining { proceedWithDrain(on: loop) }
            for stream in session.streams { expire(stream, on: loop) }
            if lastLook + timeouts.bodyIdle <= now { lastLook = now }
        }
        connection.advance(on: loop)
    }

    private func expire(_ stream: HTTP2Stream, on loop: isolated EventLoop) {
        let (now, timeouts) = (loop.now, loop.timeouts)
        if stream.waitingByteCount > 0, stream.deadline <= now.nanoseconds {
            session.reset(stream, .cancel)
        } else if stream.waitingByteCount > 0 {
            guard Instant(nanoseconds: stream.lastTaken) + timeouts.write <= now else { return }
            loop.shared.metrics.count(.write)
            session.reset(stream, .cancel)
        } else if stream.awaitsBody {
            guard bodyDeadline(of: stream, timeouts) <= now else { return }
            loop.shared.metrics.count(.body)
            session.refuse(stream, .requestTimeout)
        } else if let incoming = stream.incoming, let start = incoming.dueStart {
            let waited = min(ContinuousClock.now - start, .nanoseconds(now.nanoseconds - stream.lastArrival))
            guard waited.nanoseconds >= timeouts.bodyIdle || (ContinuousClock.now - start).nanoseconds >= timeouts.body
            else { return }
            loop.shared.metrics.count(.body)
            incoming.fail(.timedOut)
        }
    }

    private func proceedWithDrain(on loop: isolated EventLoop) {
        switch session.drain {
        case .none: session.beginDrain(at: loop.now.nanoseconds)
        case .announced(let start):
            if Instant(nanoseconds: start) + Self.drainNotice <= loop.now { session.finishDrain() }
        case .final: break
        }
    }

    func close(on loop: isolated EventLoop) {
        isClosed = true
        session.close()
        if let abandonedBodies {
            loop.shared.bodies.leave(abandonedBodies)
        } else {
            loop.shared.bodies.leave(heldBodyBytes)
        }
        heldBodyBytes = 0
        loop.shared.closeStreams(streamCount)
        streamCount = 0
        output = OutputQueue()
        let exchanges = exchanges.values.map(\.self)
        self.exchanges = [:]
        for exchange in exchanges {
            exchange.task?.cancel()
            exchange.task = nil
            resume(exchange, throwing: CancellationError())
        }
    }
}
