import HTTP
import Metrics

// Connections come and go.
extension EventLoop {
    /// Takes over an accepted socket.
    func adopt(_ socket: consuming Descriptor, _ arrival: Arrival) {
        now = .now()
        let number = socket.number
        let context = arrival.entrance.isEncrypted ? shared.tls?.context : nil
        guard let stream = makeStream(socket, context) else { return shared.connectionClosed() }
        let connection = connections.insert {
            Connection(stream: stream, token: $0, arrival, loop: self)
        }
        let interest: Epoll.Interest = [.readable, .writable, .peerHalfClosed, .edgeTriggered]
        guard epoll.add(number, interest, token: connection.token) == 0 else { return connection.close(on: self) }
        if context == nil { connection.begin(on: self) }
        connection.updateDeadline(on: self)
    }

    private func makeStream(_ socket: consuming Descriptor, _ context: TLSContext?) -> (any ByteStream)? {
        guard let context else { return PlainStream(socket) }
        guard let permit = HandshakePermit(in: shared.handshakes, limit: limits.maxHandshakes) else { return nil }
        return TLSStream(socket, context: context, permit: permit)
    }

    /// Forgets a closed connection.
    func remove(_ connection: Connection) {
        connections.remove(connection.token)
        shared.connectionClosed()
    }

    /// Lets the connections finish what they do, and no more.
    func drain() {
        now = .now()
        for (index, listener) in listeners.enumerated() {
            acceptConnections(of: listener, token: Self.token(ofListener: index))
        }
        listeners = []
        drainStart = now
        for connection in connections.all { connection.updateDeadline(on: self) }
    }

    /// Ends what is still open, and counts the requests that are cut off so.
    func closeAll() {
        now = .now()
        for connection in connections.all {
            shared.countCutOff(connection.owedCount)
            connection.close(on: self)
        }
    }

    /// Ends the connections of clients whose certificate no authority of `context` signs.
    func closeDistrusted(by context: TLSContext) {
        now = .now()
        for connection in connections.all where !connection.isTrusted(by: context) { connection.close(on: self) }
    }
}

// Accepting.
extension EventLoop {
    /// Starts to accept, and shares the connections out among `siblings`.
    func listen(_ listeners: sending [Listener], sharingWith siblings: [EventLoop]) {
        self.siblings = siblings
        self.listeners = listeners
        for (index, listener) in self.listeners.enumerated() {
            let failure = epoll.add(listener.number, .readable, token: Self.token(ofListener: index))
            precondition(failure == 0, "A listening socket can be watched.")
        }
    }

    /// Accepts what waits: a batch, so that a flood of connections does not starve those that are open.
    func acceptConnections(of listener: Listener, token: UInt64) {
        for _ in 0..<(isDraining ? limits.maxConnections : 64) {
            guard shared.openConnections < shared.room.all else {
                return pauseAccepting(of: listener, token, for: .milliseconds(10))
            }
            switch listener.accept() {
            case .nothing: return
            case .exhausted(let delay): return pauseAccepting(of: listener, token, for: delay)
            case .socket(let number, let peer): place(number, peer, listener.entrance)
            }
        }
    }

    private func place(_ number: Int32, _ peer: String, _ entrance: Entrance) {
        let isOverflow = shared.connectionOpened() > shared.room.served
        shared.metrics.accepted.increment()
        nextSibling = (nextSibling + 1) % siblings.count
        let loop = siblings[nextSibling]
        let arrival = Arrival(peer: peer, entrance: entrance, isOverflow: isOverflow)
        guard loop !== self else { return adopt(Descriptor(adopting: number), arrival) }
        loop.executor.submit(.closure { loop.assumeIsolated { $0.adopt(Descriptor(adopting: number), arrival) } })
    }

    /// Leaves a listener alone for a while: it would only report again what cannot be helped now.
    private func pauseAccepting(of listener: Listener, _ token: UInt64, for delay: Duration) {
        shared.metrics.acceptPauses.increment()
        epoll.change(listener.number, [], token: token)
        _ = scheduleLook(at: now + delay.nanoseconds, token: token)
    }
}

/// What is known of a connection that has just come.
struct Arrival: Sendable {
    let peer: String
    let entrance: Entrance
    /// Whether the server was full when it came: it gets one answer, most likely 503.
    let isOverflow: Bool
}
