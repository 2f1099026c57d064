import Metrics
import Synchronization

/// What the loops of one server share.
final class SharedState: Sendable {
    let events: ServerEvents
    let metrics: ServerMetrics
    let bodies = BodyRoom()
    private let open = Atomic<Int>(0)
    let handshakes = HandshakeRoom()
    private let streams = Atomic<Int>(0)
    private let heldAnswers = Atomic<Int>(0)
    /// What new connections are encrypted with; nil on a plain port.
    let tls: TLSIdentity?
    /// How many connections there may be.
    let room: ConnectionRoom
    private let cutOff = Atomic<Int>(0)
    private let whenEmpty = Mutex<(@Sendable () -> Void)?>(nil)

    init(events: ServerEvents, metrics: ServerMetrics, tls: TLSIdentity?, room: ConnectionRoom) {
        self.events = events
        self.metrics = metrics
        self.tls = tls
        self.room = room
    }

    /// Requests and answers that a shutdown has cut off.
    var cutOffRequests: Int { cutOff.load(ordering: .relaxed) }

    func countCutOff(_ count: Int) {
        cutOff.add(count, ordering: .relaxed)
    }

    var openConnections: Int { open.load(ordering: .relaxed) }

    /// Counts a connection and returns how many are open with it.
    func connectionOpened() -> Int {
        open.add(1, ordering: .acquiringAndReleasing).newValue
    }

    func connectionClosed() {
        guard open.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        whenEmpty.withLock { $0 }?()
    }

    /// Calls `body` each time the last connection closes, and now if none is open.
    func onEmpty(_ body: (@Sendable () -> Void)?) {
        whenEmpty.withLock { $0 = body }
        if openConnections == 0 { body?() }
    }

    /// HTTP/2 streams that are open.
    var openStreams: Int { streams.load(ordering: .relaxed) }

    /// Counts a stream, if all of them together are within `limit` with it.
    func openStream(limit: Int) -> Bool {
        guard streams.add(1, ordering: .relaxed).newValue > limit else { return true }
        closeStreams(1)
        return false
    }

    func closeStreams(_ count: Int) {
        streams.subtract(count, ordering: .relaxed)
    }

    /// Octets of answers in memory that their readers have not taken.
    var heldAnswerBytes: Int { heldAnswers.load(ordering: .relaxed) }

    /// Counts octets of answers that wait, or, with a negative count, that wait no longer.
    func holdAnswers(_ change: Int) {
        heldAnswers.add(change, ordering: .relaxed)
    }
}

extension SharedState {
    /// Lets operators see how near the bounds of memory are.
    func addGauges(to registry: MetricsRegistry) {
        registry.gauge("callpath_http2_streams", "HTTP/2 streams open.") { [weak self] in
            self.map { Double($0.openStreams) }
        }
        registry.gauge("callpath_held_body_bytes", "Octets of bodies in memory, unfinished or unanswered.") {
            [weak self] in self.map { Double($0.bodies.byteCount) }
        }
        registry.gauge("callpath_held_answer_bytes", "Octets of answers in memory that wait for their readers.") {
            [weak self] in self.map { Double($0.heldAnswerBytes) }
        }
    }
}
