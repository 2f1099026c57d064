import Synchronization

/// The helpers of this process: one for each processor but the caller's, started when first wanted.
final class HelperTeam: Sendable {
    static let shared = HelperTeam()

    private let helpers = Mutex<[Helper]>([])
    /// When a product was last worth sharing, in nanoseconds since `origin`.
    private let lastUse = Atomic<Int64>(.min / 2)
    private let origin = ContinuousClock.now

    /// Calls `body` with every number below `pieces`, on this thread and up to `shares - 1` others that are free.
    func perform(pieces: Int, shares: Int, _ body: @Sendable (Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            let work = SharedWork(pieces: pieces, body)
            let helpers = claim(shares - 1)
            for (index, helper) in helpers.enumerated() {
                helper.offer(work, from: pieces * (index + 1) / shares)
            }
            work.take(from: 0)
            for helper in helpers { helper.release() }
        }
    }

    /// Notes that a product is worth sharing; returns whether the last one was so short a while ago that helpers are
    /// awake, or worth waking for those that follow.
    func isBusy() -> Bool {
        let now = Int64(clamping: origin.duration(to: .now).attoseconds / 1_000_000_000)
        return now - lastUse.exchange(now, ordering: .relaxed) < 200_000
    }

    private func claim(_ count: Int) -> [Helper] {
        helpers.withLock { helpers in
            while helpers.count < count, let helper = Helper() { helpers.append(helper) }
            return helpers.prefix(count).filter { $0.claim() }
        }
    }
}
