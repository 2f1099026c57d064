import HTTP
import Synchronization

/// Lets so many do long work at once, and the others wait.
///
/// Work whose client may have gone comes behind all other: one at a time, while there is a place that nobody wants, and gently,
/// so that it takes no place from whoever comes then.
final class WorkTurns: Sendable {
    private struct State {
        var running = 0
        /// Whether one is under way that began for a client that may have gone; `running` does not count it.
        var isGentle = false
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

    /// Runs `body` when it is its turn, and tells it whether that is one to be gentle in.
    /// - Throws: What `body` throws; `CancellationError` if the task is cancelled while it waits.
    func run<Result: Sendable>(
        for client: Client?,
        _ body: (_ isGentle: Bool) async throws -> Result
    ) async throws -> Result {
        let waiter = Waiter()
        let watch = client?.whenGone { self.putBehind(waiter) }
        let mayBegin = await withTaskCancellationHandler {
            await withCheckedContinuation(isolation: #isolation) { wait(waiter, with: $0) }
        } onCancel: {
            cancel(waiter)
        }
        if let client, let watch { client.forget(watch) }
        guard mayBegin else { throw CancellationError() }
        defer { end(waiter) }
        return try await body(waiter.isAbandoned)
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

    /// Counts `waiter` among those under way if there is a place for it.
    private func begin(_ waiter: Waiter, _ state: inout State) -> Bool {
        guard state.running < width, !waiter.isAbandoned || !state.isGentle else { return false }
        waiter.hasBegun = true
        if waiter.isAbandoned { state.isGentle = true } else { state.running += 1 }
        return true
    }

    private func end(_ waiter: Waiter) {
        let next: CheckedContinuation<Bool, Never>? = state.withLock { state in
            if waiter.isAbandoned { state.isGentle = false } else { state.running -= 1 }
            return takeNext(&state)
        }
        next?.resume(returning: true)
    }

    /// Takes out the one whose turn it is now, if there is a place.
    private func takeNext(_ state: inout State) -> CheckedContinuation<Bool, Never>? {
        if let next = state.waiting.first {
            guard begin(next, &state) else { return nil }
            return state.waiting.removeFirst().continuation
        }
        guard let next = state.abandoned.first, begin(next, &state) else { return nil }
        return state.abandoned.removeFirst().continuation
    }

    /// Lets all others pass before `waiter`, unless it has begun.
    private func putBehind(_ waiter: Waiter) {
        state.withLock { state in
            guard !waiter.hasBegun else { return }
            waiter.isAbandoned = true
            // While others wait all places are taken, and the end of one looks who comes next.
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
