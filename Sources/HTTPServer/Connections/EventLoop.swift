import DequeModule
import Dispatch
import Glibc
import HTTP

/// A serial queue's worth of connections: one epoll descriptor, watched by one Dispatch source for the loop's whole life.
///
/// When the source fires, a turn takes ready sockets until none is left, polls on for a bounded while, then waits for the
/// next in the kernel; where none comes for long, the loop goes back to sleep. Between two requests Dispatch's way back costs
/// several times what a small call does. A source per socket would be simpler, but on Linux it misses resets and is slower.
actor EventLoop {
    nonisolated let executor: LoopExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let configuration: ServerConfiguration
    let limits: ServerLimits
    let timeouts: Timeouts
    let handler: Handler
    let shared: SharedState

    @exclusivity(unchecked) var connections = ConnectionTable()
    let traffic: ServerMetrics.Traffic
    /// Only the first loop has some, and the loops that it shares the connections out to.
    var listeners: [Listener] = []
    var siblings: [EventLoop] = []
    var nextSibling = 0
    private let scratchMemory = ScratchMemory(byteCount: 65_536)
    // What a turn touches again and again, and no turn while another does, is not checked for exclusive access.

    /// Memory that answers are written in until they are sent, for some connections at once.
    @exclusivity(unchecked) var spareOutputs: [[UInt8]] = []
    /// Connections whose answers go out behind those that others in the same batch of events make.
    @exclusivity(unchecked) private var gathered: [Connection] = []
    @exclusivity(unchecked) private var isGathering = false
    /// How long the first of them waits for the others, in nanoseconds.
    private static let gatheringTime: Int64 = 100_000
    @exclusivity(unchecked) var date = DateCache()
    /// The time of the present batch of events.
    var now = Instant.now()
    var drainStart = Instant.never
    /// How long a connection may still be idle once the drain has begun, in nanoseconds.
    static let drainIdleTime: Int64 = 200_000_000

    let epoll: Epoll
    private var timer: LoopTimer
    private var wheel: DeadlineWheel
    @exclusivity(unchecked) private var deferred: Deque<Connection> = []
    /// How long those who have more to do may go on before the sockets are looked at again, in nanoseconds.
    private static let deferredTime: Int64 = 500_000
    /// How long a turn waits for its sockets, in milliseconds.
    private static let longestWait: Int32 = 1_000
    private var source: (any DispatchSourceRead)?
    @exclusivity(unchecked) private var polling: PollingBudget

    init(index: Int, configuration: ServerConfiguration, shared: SharedState, handler: @escaping Handler) throws {
        executor = LoopExecutor(label: "callpath.loop.\(index)")
        self.configuration = configuration
        self.shared = shared
        self.handler = handler
        traffic = shared.metrics.traffic[index]
        limits = configuration.limits
        timeouts = Timeouts(configuration.limits)
        wheel = DeadlineWheel(tick: configuration.limits.timerTick, now: .now())
        polling = PollingBudget(limit: configuration.polling)
        epoll = try Epoll()
        timer = try LoopTimer()
    }

    var scratch: UnsafeMutableBufferPointer<UInt8> { scratchMemory.octets }

    var isDraining: Bool { drainStart != .never }

    /// Starts to watch; `stop()` ends it.
    func start() {
        let watch = epoll.add(timer.descriptor.number, .readable, token: Self.timerToken)
        precondition(watch == 0, "A timer can always be watched.")
        let turn: @Sendable () -> Void = { self.assumeIsolated { $0.turn() } }
        let source = DispatchSource.makeReadSource(fileDescriptor: epoll.descriptor.number, queue: executor.queue)
        source.setEventHandler(handler: turn)
        executor.onWork(turn, interrupt: timer.ring)
        self.source = source
        source.activate()
    }

    /// Lets go of everything; the loop, and with it its descriptors, goes when the source has ended.
    func stop() {
        listeners = []
        closeAll()
        executor.onWork(nil)
        source?.setCancelHandler { _ = self }
        source?.cancel()
        source = nil
    }

    private static let timerToken = UInt64.max
    /// The tokens of listeners, from the end: those of connections never come so far.
    static func token(ofListener index: Int) -> UInt64 { timerToken - 1 - UInt64(index) }

    /// The listener of `token`, if that is one's.
    func listener(of token: UInt64) -> Listener? {
        let index = Self.timerToken &- 1 &- token
        return index < listeners.count ? listeners[Int(index)] : nil
    }
}

// A turn.
extension EventLoop {
    private func turn() {
        executor.beginTurn()
        polling.begin()
        repeat {
            while step() || stepAfterWait() {}
        } while !executor.endTurn()
    }

    /// Does what is there to do; false when there is nothing and nothing is expected soon.
    private func step() -> Bool {
        guard connections.count > 0 else { return work(on: epoll.takeReady()) }
        // Where nothing else is to do, and nothing is polled for, the wait is the look.
        guard polling.isOn || executor.hasWork || !deferred.isEmpty else { return false }
        return work(on: epoll.takeReady()) || polling.mayGoOn()
    }

    /// Waits for what comes next while there are connections, and does it; false when nothing came for long.
    private func stepAfterWait() -> Bool {
        guard connections.count > 0, executor.beginWait() else { return false }
        let count = epoll.takeReady(within: Self.longestWait)
        executor.endWait()
        polling.begin()
        return work(on: count)
    }

    /// Does what `count` reports ask for, and what else there is; false when that is nothing.
    private func work(on count: Int) -> Bool {
        if count > 0 {
            now = .now()
            date.refresh()
            dispatchReports(count)
        }
        let hadWork = executor.hasWork
        if hadWork {
            now = .now()
            executor.runWork()
        }
        let hadDeferred = !deferred.isEmpty
        advanceDeferred()
        guard count > 0 || hadWork || hadDeferred else { return false }
        polling.succeed()
        return true
    }

    /// Does what the reports ask for, and sends answers a few connections at a time: to wake a client that waits for one of
    /// many costs as much as some calls do, and it is woken once for all that come close together.
    private func dispatchReports(_ count: Int) {
        var start = now
        for index in 0..<count {
            isGathering = index + 1 < count
            let (token, interest) = epoll.report(index)
            dispatch(token, interest)
            guard !gathered.isEmpty else { continue }
            let time = Instant.now()
            guard !isGathering || time - start >= Self.gatheringTime else { continue }
            sendGathered()
            start = time
        }
    }

    /// Whether the answers of `connection` wait for those of others.
    func gathers(_ connection: Connection) -> Bool {
        if isGathering { gathered.append(connection) }
        return isGathering
    }

    private func sendGathered() {
        isGathering = false
        for connection in gathered { connection.advance(on: self) }
        gathered.removeAll(keepingCapacity: true)
    }

    private func dispatch(_ token: UInt64, _ interest: Epoll.Interest) {
        if let connection = connections[token] {
            connection.ready(interest, on: self)
        } else if token == Self.timerToken {
            expireDeadlines()
        } else if let listener = listener(of: token) {
            acceptConnections(of: listener, token: token)
        }
    }

    /// Goes round those who have more to do, from where it stopped, for so short a time that nobody else notices them.
    private func advanceDeferred() {
        guard !deferred.isEmpty else { return }
        let end = Instant.now() + Self.deferredTime
        while let connection = deferred.popFirst() {
            connection.isDeferred = false
            connection.advance(on: self)
            guard Instant.now() < end else { return }
        }
    }

    /// Gives `connection` another turn after the others had theirs.
    func deferAdvance(of connection: Connection) {
        guard !connection.isDeferred else { return }
        connection.isDeferred = true
        deferred.append(connection)
    }
}

// Deadlines.
extension EventLoop {
    /// Arranges for a look at the connection of `token` and returns when that will be.
    func scheduleLook(at deadline: Instant, token: ConnectionTable.Token) -> Instant {
        let look = wheel.insert(token, at: deadline)
        timer.arm(at: look)
        return look
    }

    private func expireDeadlines() {
        timer.acknowledge()
        for token in wheel.takeDue(at: now) {
            if let listener = listener(of: token) {
                epoll.change(listener.number, .readable, token: token)
            } else {
                connections[token]?.look(on: self)
            }
        }
        if let next = wheel.nextExpiry { timer.arm(at: next) }
    }
}
