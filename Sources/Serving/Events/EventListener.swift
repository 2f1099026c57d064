import Dispatch
import Metrics
import Synchronization

/// How many events somebody has missed who comes back, and whom nobody can tell of them any more.
package enum EventLoss: Sendable, Equatable {
    /// So many, of all modules and kinds: what is forgotten cannot be filtered.
    case events(Int)
    /// The last event that it knows is of an earlier run of the server.
    case unknown
}

/// One reader of events, with a bounded store for what it has not read yet.
package final class EventListener: Sendable {
    /// What `next(within:)` brings.
    package enum Outcome: Sendable {
        /// What happened since the last event that the reader knows, and is remembered no more; said once, first.
        case lost(EventLoss)
        /// An event, and how many older ones were dropped just before it because nobody read them in time.
        case event(ServingEvent, dropped: Int)
        /// Nothing happened in the time given.
        case idle
        /// There will be no more.
        case finished
    }

    private struct State {
        var events: [ServingEvent] = []
        var byteCount = 0
        var dropped = 0
        var loss: EventLoss?
        var isFinished = false
        var waiter: (ticket: Int, continuation: CheckedContinuation<Outcome, Never>)?
        var lastTicket = 0

        mutating func take() -> Outcome? {
            if let loss = loss.take() { return .lost(loss) }
            guard !events.isEmpty else { return isFinished ? .finished : nil }
            let event = events.removeFirst()
            byteCount -= event.byteCount
            defer { dropped = 0 }
            return .event(event, dropped: dropped)
        }
    }

    let filter: EventFilter
    private let limits: ServingLimits
    private let state = Mutex(State())
    private let onClose: @Sendable (EventListener) -> Void

    init(filter: EventFilter, limits: ServingLimits, onClose: @escaping @Sendable (EventListener) -> Void) {
        self.filter = filter
        self.limits = limits
        self.onClose = onClose
    }

    /// Returns the next event, or `.idle` when none comes within `duration`, or the task is cancelled.
    ///
    /// One reader at a time.
    package func next(within duration: Duration) async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (outcome, ticket) = wait(with: continuation)
                if let outcome { return continuation.resume(returning: outcome) }
                let deadline = DispatchTime.now() + .nanoseconds(duration.wholeNanoseconds)
                DispatchQueue.global().asyncAfter(deadline: deadline) { [weak self] in self?.giveUp(ticket) }
            }
        } onCancel: {
            giveUp(nil)
        }
    }

    /// Ends the listening and makes room for another listener.
    package func close() {
        finish()
        onClose(self)
    }

    private func wait(with continuation: CheckedContinuation<Outcome, Never>) -> (Outcome?, ticket: Int) {
        state.withLock { state in
            state.lastTicket += 1
            if let outcome = Task.isCancelled ? .idle : state.take() { return (outcome, state.lastTicket) }
            state.waiter = (state.lastTicket, continuation)
            return (nil, state.lastTicket)
        }
    }

    private func giveUp(_ ticket: Int?) {
        let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard let waiter = state.waiter, ticket == nil || waiter.ticket == ticket else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume(returning: .idle)
    }

    /// Lets the reader know first what it has missed for good.
    func lose(_ loss: EventLoss) {
        state.withLock { $0.loss = loss }
    }

    func receive(_ event: ServingEvent) {
        guard filter.admits(event) else { return }
        let delivery = state.withLock { state -> (CheckedContinuation<Outcome, Never>, Outcome)? in
            guard !state.isFinished else { return nil }
            state.events.append(event)
            state.byteCount += event.byteCount
            while state.events.count > max(1, limits.maxPendingEvents)
                || (state.byteCount > limits.maxPendingEventBytes && state.events.count > 1)
            {
                state.byteCount -= state.events.removeFirst().byteCount
                state.dropped += 1
            }
            return Self.deliver(&state)
        }
        if let (continuation, outcome) = delivery { continuation.resume(returning: outcome) }
    }

    /// Lets the reader read what is there, then ends.
    func finish() {
        let delivery = state.withLock { state -> (CheckedContinuation<Outcome, Never>, Outcome)? in
            state.isFinished = true
            return Self.deliver(&state)
        }
        if let (continuation, outcome) = delivery { continuation.resume(returning: outcome) }
    }

    private static func deliver(_ state: inout State) -> (CheckedContinuation<Outcome, Never>, Outcome)? {
        guard let waiter = state.waiter, let outcome = state.take() else { return nil }
        state.waiter = nil
        return (waiter.continuation, outcome)
    }
}
