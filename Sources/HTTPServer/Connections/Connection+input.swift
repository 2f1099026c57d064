import HTTP
import HTTPTypes
import Metrics

// From octets to requests.
extension Connection {
    /// Whether the next request may be read now: none is being answered, and the answers so far are not piling up.
    func canRead(on loop: isolated EventLoop) -> Bool {
        canGoOn(on: loop) && (mayRead || !leftover.isEmpty)
    }

    /// Reads and answers requests until one has to wait, the socket is empty, or `steps` are used up.
    func readRequests(_ steps: inout Int, on loop: isolated EventLoop) {
        do throws(RequestError) {
            while steps > 0, canRead(on: loop) {
                steps -= 1
                if !leftover.isEmpty {
                    try consumeLeftover(&steps, on: loop)
                } else if parser.awaitedBodyByteCount > 0 {
                    receiveBody(on: loop)
                } else {
                    try receive(&steps, on: loop)
                }
            }
        } catch {
            refuse(error.refusal, to: parser.outline, on: loop)
        }
    }

    /// Reads into the loop's scratch memory; the parser keeps what it needs.
    private func receive(_ steps: inout Int, on loop: isolated EventLoop) throws(RequestError) {
        guard
            let count = received(
                stream.read(into: UnsafeMutableRawBufferPointer(loop.scratch)),
                of: loop.scratch.count,
                on: loop
            )
        else { return }
        let octets = UnsafeBufferPointer(rebasing: loop.scratch[..<count])
        let eaten = try consume(octets.span, &steps, on: loop)
        if eaten < count, phase != .closed, !closesAfterOutput {
            leftover = Array(octets[eaten...])
        }
    }

    private func consumeLeftover(_ steps: inout Int, on loop: isolated EventLoop) throws(RequestError) {
        let octets = leftover
        leftover = []
        let start = leftoverStart
        leftoverStart = 0
        let eaten = try consume(octets.span.extracting(start...), &steps, on: loop)
        if start + eaten < octets.count, phase != .closed, !closesAfterOutput {
            leftover = octets
            leftoverStart = start + eaten
        }
    }

    /// Reads a body of known length to where it will stay.
    private func receiveBody(on loop: isolated EventLoop) {
        var outcome = Transfer.wouldBlock
        var room = 0
        let event = parser.receiveBody(atMost: 1 << 20) { buffer in
            room = buffer.count
            outcome = stream.read(into: buffer)
            if case .moved(let count) = outcome { return count }
            return 0
        }.event
        guard let count = received(outcome, of: room, on: loop) else { return }
        take(event, byteCount: count, on: loop)
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
            closesAfterOutput = true
        case .failed:
            close(on: loop)
        }
        return nil
    }

    /// Feeds `octets` to the parser until they are gone or a request has to be answered first.
    private func consume(
        _ octets: Span<UInt8>,
        _ steps: inout Int,
        on loop: isolated EventLoop
    ) throws(RequestError) -> Int {
        var offset = 0
        while offset < octets.count {
            let (event, count) = try parser.consume(octets.extracting(offset...))
            offset += count
            guard take(consume event, byteCount: count, on: loop) else { continue }
            steps -= 1
            if steps <= 0 || !canGoOn(on: loop) { break }
        }
        return offset
    }

    private func canGoOn(on loop: isolated EventLoop) -> Bool {
        phase == .reading && !closesAfterOutput && hasRoomForAnswer(on: loop)
    }

    /// Does what the parser's event asks for; true for a complete request.
    @discardableResult
    private func take(_ event: consuming RequestParser.Event, byteCount: Int, on loop: isolated EventLoop) -> Bool {
        switch consume event {
        case .request(let request):
            progress = .nothing
            handle(request, on: loop)
            return true
        case .wantsContinue:
            output.append(ResponseSerializer.continueHead)
            noteProgress(byteCount, on: loop)
        case .needsMore:
            noteProgress(byteCount, on: loop)
        }
        return false
    }

    /// Notes where an incomplete request stands, and starts the clock of its head or body.
    private func noteProgress(_ byteCount: Int, on loop: isolated EventLoop) {
        if parser.isIdle { return }
        let new: Progress = parser.isReadingBody ? .body : .head
        if progress != new { waitStart = loop.now }
        progress = new
        if new == .body { hold(byteCount, on: loop) }
    }

    /// Counts octets of a body that has not come whole, within what all connections may hold together.
    private func hold(_ count: Int, on loop: isolated EventLoop) {
        heldBodyBytes += count
        guard !loop.shared.holdBody(count, limit: loop.limits.maxHeldBodyBytes) else { return }
        refuse(.overloaded, to: parser.outline, on: loop)
    }

    /// Answers a request that never reaches the handler, and ends the connection behind it.
    func refuse(_ refusal: Refusal, to request: RequestOutline?, on loop: isolated EventLoop) {
        guard phase == .reading else { return }
        leftover = []
        // A client may stay on for as long as the lingering lasts; what it sent need not.
        parser = RequestParser(limits: loop.limits)
        releaseBody(on: loop)
        closesAfterOutput = true
        loop.shared.metrics.refused["\(refusal.status.code)"].increment()
        loop.shared.events.refused(refusal.status.code, peer, request)
        append(
            loop.configuration.refusalForm(refusal, request?.path ?? []),
            method: request?.method ?? .get,
            version: .http1_1,
            keepsAlive: false,
            on: loop
        )
    }
}
