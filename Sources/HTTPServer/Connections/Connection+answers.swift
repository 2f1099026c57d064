import HTTP
import HTTPTypes
import Metrics

// From requests to answers.
extension Connection {
    /// Asks the handler; an answer that waits for nothing is done when this returns.
    func handle(_ request: Request, on loop: isolated EventLoop) {
        loop.traffic.requests.increment()
        if isOverflow, !loop.configuration.isExempt(request) {
            return refuse(.overloaded, to: request.outline, on: loop)
        }
        phase = .answering
        let request = isTrustedProxy ? forwarded(request, on: loop) : request
        switch loop.handler(request) {
        case .now(let response):
            guard response.body.isStream else { return finish(response, to: request, on: loop) }
            work(on: request, on: loop) { response }
        case .later(let body): work(on: request, on: loop, body)
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
        on loop: isolated EventLoop,
        _ body: @escaping @Sendable () async -> Response
    ) {
        let task = Task.immediate { await self.send(await body(), to: request, on: loop) }
        guard phase == .answering else { return }
        self.task = task
        count(as: loop.shared.metrics.answering)
    }

    private func send(_ response: Response, to request: Request, on loop: isolated EventLoop) async {
        guard phase == .answering, case .stream(let produce) = response.body else {
            return finish(response, to: request, on: loop)
        }
        let framing = append(response, to: request, on: loop)
        isStreaming = framing != .omitted
        if isStreaming { await send(produce, framing, on: loop) }
        isStreaming = false
        endAnswer(on: loop)
    }

    /// Appends an answer that is at hand, and goes on.
    private func finish(_ response: Response, to request: Request, on loop: isolated EventLoop) {
        if phase == .answering { append(response, to: request, on: loop) }
        endAnswer(on: loop)
    }

    @discardableResult
    private func append(_ response: Response, to request: Request, on loop: isolated EventLoop) -> ResponseFraming {
        let (method, version) = (request.method, request.version)
        let keepsAlive = request.keepsAlive && !loop.isDraining && !isOverflow
        if let refusal = refusal(of: response, to: request, on: loop) {
            return append(refusal, method: method, version: version, keepsAlive: keepsAlive, on: loop)
        }
        return append(response, method: method, version: version, keepsAlive: keepsAlive, on: loop)
    }

    /// Appends the answer's head, and its body if that is at hand.
    @discardableResult
    func append(
        _ response: Response,
        method: HTTPRequest.Method,
        version: Request.Version,
        keepsAlive: Bool,
        on loop: isolated EventLoop
    ) -> ResponseFraming {
        if output.isEmpty { lastProgress = loop.now }
        var framing = ResponseFraming.omitted
        output.write { bytes in
            framing = ResponseSerializer.appendHead(
                of: response,
                to: &bytes,
                method: method,
                version: version,
                keepsAlive: keepsAlive,
                date: loop.date.octets
            )
        }
        if framing == .whole {
            switch response.body {
            case .bytes(let bytes): output.append(bytes)
            case .shared(let shared): output.append(shared)
            case .none, .stream: break
            }
        }
        if !keepsAlive || framing == .untilClose { closesAfterOutput = true }
        return framing
    }

    private func send(
        _ produce: @Sendable (any BodyWriter) async throws -> Void,
        _ framing: ResponseFraming,
        on loop: isolated EventLoop
    ) async {
        let writer = StreamWriter(loop: loop, token: token, answerNumber: answerNumber, isChunked: framing == .chunked)
        do {
            try await produce(writer)
            if framing == .chunked { output.write { ChunkFraming.appendEnd(to: &$0) } }
        } catch {
            // Only a reset tells the client that the body is not whole.
            reset(on: loop)
        }
    }

    /// Goes on with the next request.
    private func endAnswer(on loop: isolated EventLoop) {
        answerNumber += 1
        task = nil
        releaseBody(on: loop)
        guard phase == .answering else { return }
        phase = .reading
        if counted !== loop.shared.metrics.reading { count(as: loop.shared.metrics.reading) }
        waitStart = loop.now
        if closesAfterOutput { leftover = [] }
        if !isAdvancing { advance(on: loop) }
    }

    func releaseBody(on loop: isolated EventLoop) {
        guard heldBodyBytes > 0 else { return }
        loop.shared.releaseBody(heldBodyBytes)
        heldBodyBytes = 0
    }

    /// Takes a piece of a streamed body; true if the writer should wait before the next.
    func appendPiece(_ bytes: [UInt8], isChunked: Bool, on loop: isolated EventLoop) -> Bool {
        if output.isEmpty { lastProgress = loop.now }
        if isChunked {
            output.write { ChunkFraming.append(bytes, to: &$0) }
        } else {
            output.append(bytes)
        }
        if !isAdvancing { advance(on: loop) }
        return output.count > loop.limits.maxPendingOutputBytes
    }

    /// Gives the socket what it takes; a few system calls, then it is the turn of others.
    func flush(_ steps: inout Int, on loop: isolated EventLoop) {
        while !output.isEmpty, phase != .closed {
            guard steps > -4 else { return }
            steps -= 1
            switch output.flush(stream.write) {
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
        guard !waitingWriters.isEmpty, output.count <= loop.limits.maxPendingOutputBytes / 2 else { return }
        let writers = waitingWriters
        waitingWriters = []
        for writer in writers { writer.resume() }
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
}
