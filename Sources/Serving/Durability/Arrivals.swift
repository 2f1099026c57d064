import Dispatch
import Metrics
import Synchronization

/// Those who wait for what others have changed.
final class Arrivals: Sendable {
    private struct Waiter {
        let isThere: @Sendable () -> Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var waiters: [Int: Waiter] = [:]
        var lastID = 0
    }

    private let state = Mutex(State())
    private let timer = DispatchQueue(label: "callpath.registry.arrivals")

    /// Returns true as soon as `isThere` is so, which is asked after each arrival, or false when the time is over.
    func wait(atMost time: Duration, until isThere: @escaping @Sendable () -> Bool) async -> Bool {
        await withCheckedContinuation { continuation in
            let id = state.withLock { state in
                state.lastID += 1
                state.waiters[state.lastID] = Waiter(isThere: isThere, continuation: continuation)
                return state.lastID
            }
            let end = DispatchTime.now() + .nanoseconds(time.wholeNanoseconds)
            timer.asyncAfter(deadline: end) { [weak self] in self?.take(id)?.continuation.resume(returning: false) }
            // It may have come since it was looked for.
            notify()
        }
    }

    /// Whether somebody waits.
    var isAwaited: Bool { state.withLock { !$0.waiters.isEmpty } }

    /// Tells all for whom there is what they wait for.
    func notify() {
        let waiting = state.withLock(\.waiters)
        for (id, waiter) in waiting where waiter.isThere() { take(id)?.continuation.resume(returning: true) }
    }

    private func take(_ id: Int) -> Waiter? { state.withLock { $0.waiters.removeValue(forKey: id) } }
}
