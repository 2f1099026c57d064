import Models
import NN
import Synchronization

/// Brings events to their listeners, and keeps the last ones for those who come back.
///
/// While nobody has ever listened, an event costs one relaxed load.
package final class EventHub: Sendable {
    fileprivate struct State {
        var listeners: [EventListener] = []
        var history: [ServingEvent] = []
        var historyBytes = 0
        var lastID: UInt64 = 0
        /// How many calls of each module were traced in the second that began then.
        var traced: [String: (second: ContinuousClock.Instant, count: Int)] = [:]
        var isFinished = false
    }

    /// Eight hexadecimal digits that tell this process from others, and from itself before a restart.
    package let process = {
        let digits = String(UInt32.random(in: 0 ... .max), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }()
    private let limits: ServingLimits
    private let state = Mutex(State())
    private let isWatched = Atomic<Bool>(false)
    /// Whether anyone listens to traces.
    private let wantsTraces = Atomic<Bool>(false)

    init(limits: ServingLimits) {
        self.limits = limits
    }

    /// The listeners of the moment.
    package var listenerCount: Int { state.withLock(\.listeners.count) }

    /// Begins to listen; with `lastID`, first to what has happened since that event, as far as it is remembered.
    package func listen(_ filter: EventFilter, after lastID: UInt64? = nil) throws(ServingError) -> EventListener {
        let listener = EventListener(filter: filter, limits: limits) { [weak self] in self?.remove($0) }
        isWatched.store(true, ordering: .relaxed)
        try state.withLock { state throws(ServingError) in
            guard !state.isFinished else { throw .shuttingDown }
            guard state.listeners.count < limits.maxListeners else {
                throw .limitExceeded(.listeners, limit: limits.maxListeners, requested: nil)
            }
            state.listeners.append(listener)
            wantsTraces.store(state.wantsTraces, ordering: .relaxed)
            if let lastID { state.catchUp(listener, after: lastID) }
        }
        return listener
    }

    /// Ends all listening, now and for good.
    package func finish() {
        let listeners = state.withLock { state in
            state.isFinished = true
            defer { state.listeners = [] }
            return state.listeners
        }
        for listener in listeners { listener.finish() }
    }

    private func remove(_ listener: EventListener) {
        state.withLock { state in
            state.listeners.removeAll { $0 === listener }
            wantsTraces.store(state.wantsTraces, ordering: .relaxed)
        }
    }

    /// Returns what records a call of `moduleVersion` for those who listen to its traces: at most four calls a second.
    func tracer(for moduleVersion: ModuleVersion) -> Tracer? {
        guard wantsTraces.load(ordering: .relaxed) else { return nil }
        return state.withLock { $0.admitsTrace(of: moduleVersion.name, at: .now) } ? Tracer() : nil
    }

    /// Whether anyone has ever listened.
    var isHeard: Bool { isWatched.load(ordering: .relaxed) }

    /// Tells the listeners what happened to `moduleVersion`, if anyone may want to know.
    func publish(_ moduleVersion: ModuleVersion, module: String, _ content: @autoclosure () -> ServingEvent.Content) {
        guard isHeard else { return }
        publish(moduleVersion.name, moduleVersion.version, module, content())
    }

    /// Tells the listeners that a module is another one.
    func publish(_ change: ModuleChange) { publish(change.name, change.version, "", .change(change.kind)) }

    private func publish(_ name: String, _ version: Int, _ module: String, _ content: ServingEvent.Content) {
        state.withLock { state in
            guard !state.isFinished else { return }
            state.lastID += 1
            let event = ServingEvent(
                id: state.lastID,
                name: name,
                version: version,
                module: module,
                content: content
            )
            state.remember(event, limits)
            // In the lock, so that all listeners hear events in the order of their ids; a receiver only stores.
            for listener in state.listeners { listener.receive(event) }
        }
    }
}

extension EventHub.State {
    /// Calls of a module that are traced in a second, however many are made and listen.
    private static let tracesPerSecond = 4

    fileprivate var wantsTraces: Bool { listeners.contains { $0.filter.kinds.contains(.trace) } }

    fileprivate mutating func admitsTrace(of name: String, at now: ContinuousClock.Instant) -> Bool {
        guard listeners.contains(where: { $0.filter.admitsTrace(of: name) }) else { return false }
        traced = traced.filter { now - $0.value.second < .seconds(1) }
        guard traced[name, default: (now, 0)].count < Self.tracesPerSecond else { return false }
        traced[name, default: (now, 0)].count += 1
        return true
    }

    /// Tells `listener` what is remembered of all that happened after an event, and what is not.
    fileprivate func catchUp(_ listener: EventListener, after id: UInt64) {
        guard id <= lastID else {
            listener.lose(.unknown)
            return history.forEach(listener.receive)
        }
        let oldest = history.first?.id ?? lastID + 1
        if oldest > id + 1 { listener.lose(.events(Int(clamping: oldest - id - 1))) }
        for event in history where event.id > id { listener.receive(event) }
    }

    fileprivate mutating func remember(_ event: ServingEvent, _ limits: ServingLimits) {
        history.append(event)
        historyBytes += event.byteCount
        while history.count > limits.maxPendingEvents || historyBytes > limits.maxPendingEventBytes, !history.isEmpty {
            historyBytes -= history.removeFirst().byteCount
        }
    }
}
