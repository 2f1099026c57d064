import Synchronization

/// The calls of one module that are under way, so that somebody can wait for their end.
final class CallActivity: Sendable {
    private let underWay = Atomic<Int>(0)
    private let isAwaited = Atomic<Bool>(false)
    private let waiters = Mutex<[CheckedContinuation<Void, Never>]>([])

    func begin() {
        underWay.add(1, ordering: .sequentiallyConsistent)
    }

    func end() {
        let rest = underWay.subtract(1, ordering: .sequentiallyConsistent).newValue
        guard rest == 0, isAwaited.load(ordering: .sequentiallyConsistent) else { return }
        wakeIfIdle()
    }

    /// Whether no call is under way.
    var isIdle: Bool { underWay.load(ordering: .sequentiallyConsistent) == 0 }

    /// Returns when no call is under way.
    func waitUntilIdle() async {
        await withCheckedContinuation { continuation in
            waiters.withLock { $0.append(continuation) }
            // First the flag, then the look at the count; `end()` does it the other way round, so one of both wakes us.
            isAwaited.store(true, ordering: .sequentiallyConsistent)
            wakeIfIdle()
        }
    }

    private func wakeIfIdle() {
        guard underWay.load(ordering: .sequentiallyConsistent) == 0 else { return }
        let woken = waiters.withLock { waiters in
            defer { waiters = [] }
            return waiters
        }
        for waiter in woken { waiter.resume() }
    }
}

/// Somebody who needs a module in memory, as a call under way does.
final class ActivityPin: Sendable {
    private let activity: CallActivity

    init(_ activity: CallActivity) {
        self.activity = activity
        activity.begin()
    }

    deinit { activity.end() }
}
