import Models
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
        var isFinished = false
    }

    private let limits: ServingLimits
    private let state = Mutex(State())
    private let isWatched = Atomic<Bool>(false)

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
        state.withLock { $0.listeners.removeAll { $0 === listener } }
    }

    /// Tells the listeners what happened to `publication`, if anyone may want to know.
    func publish(_ publication: Publication, module: String, _ content: @autoclosure () -> ServingEvent.Content) {
        guard isWatched.load(ordering: .relaxed) else { return }
        let content = content()
        state.withLock { state in
            guard !state.isFinished else { return }
            state.lastID += 1
            let event = ServingEvent(
                id: state.lastID,
                name: publication.name,
                version: publication.version,
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
