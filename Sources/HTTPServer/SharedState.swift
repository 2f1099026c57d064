import Synchronization

/// What the loops of one server share.
final class SharedState: Sendable {
    let events: ServerEvents
    let metrics: ServerMetrics
    let bodies = BodyRoom()
    private let open = Atomic<Int>(0)
    private let handshakes = Atomic<Int>(0)
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

    fileprivate func beginHandshake(limit: Int) -> Bool {
        guard handshakes.add(1, ordering: .relaxed).newValue > limit else { return true }
        endHandshake()
        return false
    }

    fileprivate func endHandshake() {
        handshakes.subtract(1, ordering: .relaxed)
    }
}

/// One of the handshakes that may be under way at once; its end gives the place back.
struct HandshakePermit: ~Copyable {
    private let shared: SharedState

    init?(_ shared: SharedState, limit: Int) {
        guard shared.beginHandshake(limit: limit) else { return nil }
        self.shared = shared
    }

    deinit {
        shared.endHandshake()
    }
}
