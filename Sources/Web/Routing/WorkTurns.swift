import HTTP
import Synchronization

/// Lets so many do long work at once, and the others wait: those whose clients may have gone behind all others.
final class WorkTurns: Sendable {
    private struct State {
        var running = 0
        /// How many of those under way began for clients that may have gone.
        var abandonedRunning = 0
        var waiting: [Waiter] = []
        var abandoned: [Waiter] = []
    }

    /// Somebody who wants a turn.
    ///
    /// Safe to share, since it is looked at and changed under the lock of the turns alone.
    private final class Waiter: @unchecked Sendable {
        var isAbandoned = false
        var isCancelled = false
        var hasBegun = false
        var continuation: CheckedContinuation<Bool, Never>?
    }

    private let width: Int
    private let state = Mutex(State())

    init(width: Int) {
        self.width = max(1, width)
    }

    /// How many wait for a turn.
    var waitingCount: Int { state.withLock { $0.waiting.count + $0.abandoned.count } }

    /// Runs `body` when it is its turn.
    /// - Throws: What `body` throws; `CancellationError` if the task is cancelled while it waits.
    func run<Result: Sendable>(for client: Client?, _ body: () async throws -> Result) async throws -> Result {
        let waiter = Waiter()
        let watch = client?.whenGone { self.putBehind(waiter) }
        let mayBegin = await withTaskCancellationHandler {
            await withCheckedContinuation { wait(waiter, with: $0) }
        } onCancel: {
            cancel(waiter)
        }
        if let client, let watch { client.forget(watch) }
        guard mayBegin else { throw CancellationError() }
        defer { end(waiter) }
        return try await body()
    }

    private func wait(_ waiter: Waiter, with continuation: CheckedContinuation<Bool, Never>) {
        let answer: Bool? = state.withLock { state in
            guard !waiter.isCancelled else { return false }
            guard begin(waiter, &state) else {
                waiter.continuation = continuation
                if waiter.isAbandoned { state.abandoned.append(waiter) } else { state.waiting.append(waiter) }
                return nil
            }
            return true
        }
        if let answer { continuation.resume(returning: answer) }
    }

    /// Counts `waiter` among those under way if there is a place for it; one place stays free of those that nobody waits for.
    private func begin(_ waiter: Waiter, _ state: inout State) -> Bool {
        let hasPlace = waiter.isAbandoned ? state.abandonedRunning < max(1, width - 1) : true
        guard state.running < width, hasPlace else { return false }
        waiter.hasBegun = true
        state.running += 1
        if waiter.isAbandoned { state.abandonedRunning += 1 }
        return true
    }

    private func end(_ waiter: Waiter) {
        let next: CheckedContinuation<Bool, Never>? = state.withLock { state in
            state.running -= 1
            if waiter.isAbandoned { state.abandonedRunning -= 1 }
            if let next = state.waiting.first, begin(next, &state) {
                state.waiting.removeFirst()
                return next.continuation
            }
            guard let next = state.abandoned.first, begin(next, &state) else { return nil }
            state.abandoned.removeFirst()
            return next.continuation
        }
        next?.resume(returning: true)
    }

    /// Lets all others pass before `waiter`, unless it has begun.
    private func putBehind(_ waiter: Waiter) {
        state.withLock { state in
            guard !waiter.hasBegun else { return }
            waiter.isAbandoned = true
            guard let place = state.waiting.firstIndex(where: { $0 === waiter }) else { return }
            state.abandoned.append(state.waiting.remove(at: place))
        }
    }

    private func cancel(_ waiter: Waiter) {
        let continuation: CheckedContinuation<Bool, Never>? = state.withLock { state in
            waiter.isCancelled = true
            let count = state.waiting.count + state.abandoned.count
            state.waiting.removeAll { $0 === waiter }
            state.abandoned.removeAll { $0 === waiter }
            return state.waiting.count + state.abandoned.count < count ? waiter.continuation : nil
        }
        continuation?.resume(returning: false)
    }
}
