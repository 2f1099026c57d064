import Glibc
import HTTP
import HTTPTypes
import Metrics

// The end of a connection, and the deadlines that bring it.
extension Connection {
    /// Ends the connection once its last answer is out.
    func endIfDone(on loop: isolated EventLoop) {
        guard closesAfterOutput, phase == .reading, output.isEmpty else { return }
        guard !peerHasEnded else { return close(on: loop) }
        stream.endWriting()
        phase = .lingering
        count(as: loop.shared.metrics.lingering)
        waitStart = loop.now
        lastProgress = loop.now
        linger(on: loop)
    }

    /// Reads and drops; the octets are of no interest any more, so TLS is not asked to read them.
    func linger(on loop: isolated EventLoop) {
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
        output = OutputQueue()
        countHeldAnswers(on: loop)
        leftover = []
        parser = RequestParser(limits: loop.limits)
        releaseBody(on: loop)
        let writers = waitingWriters
        waitingWriters = []
        for writer in writers { writer.resume(throwing: CancellationError()) }
        loop.remove(self)
    }

    /// Closes so that the client sees an error, not an end.
    func reset(on loop: isolated EventLoop) {
        guard phase != .closed else { return }
        var option = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(stream.number, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout.size(ofValue: option)))
        close(on: loop)
    }

    /// Tells a client that speaks plain HTTP where TLS is due what is wrong, in words that it understands.
    func refusePlainText(on loop: isolated EventLoop) {
        guard let descriptor = (stream as? TLSStream)?.takeDescriptor() else { return close(on: loop) }
        stream = PlainStream(descriptor)
        phase = .reading
        refuse(.plainTextOnTLSPort, to: nil, on: loop)
        advance(on: loop)
    }

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
        case .answering: return output.isEmpty ? .never : lastProgress + timeouts.write
        case .reading where !output.isEmpty: return lastProgress + timeouts.write
        case .reading: return readDeadline(on: loop)
        }
    }

    private func readDeadline(on loop: isolated EventLoop) -> Instant {
        let timeouts = loop.timeouts
        switch progress {
        case .nothing:
            // A drain leaves a client that is about to send a moment to do so.
            let drained = max(waitStart, loop.drainStart) + EventLoop.drainIdleTime
            return min(waitStart + timeouts.idle, drained)
        case .head: return waitStart + timeouts.head
        case .body: return min(lastProgress + timeouts.bodyIdle, waitStart + timeouts.body)
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
        loop.shared.metrics.count(waitedFor)
        switch waitedFor {
        case .handshake, .write, .linger: close(on: loop)
        case .idle:
            closesAfterOutput = true
            endIfDone(on: loop)
        case .head, .body:
            refuse(.requestTimeout, to: parser.outline, on: loop)
            advance(on: loop)
        }
    }

    /// What the deadline is about.
    private var waitedFor: ServerMetrics.Timeout {
        switch phase {
        case .opening: .handshake
        case .lingering, .closed: .linger
        case .answering: .write
        case .reading where !output.isEmpty: .write
        case .reading:
            switch progress {
            case .nothing: .idle
            case .head: .head
            case .body: .body
            }
        }
    }
}

extension Refusal {
    /// What plain HTTP is told on a TLS port.
    static let plainTextOnTLSPort = Refusal(
        status: .badRequest,
        code: "https_required",
        detail: "This port speaks HTTPS; the request came as plain HTTP."
    )
}
