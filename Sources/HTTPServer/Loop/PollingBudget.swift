/// Decides how long a loop polls before it sleeps.
///
/// Polling saves the wake-up of a request that comes within the limit after the last. Where it keeps missing (requests
/// come rarely, or their sender needs the core that we burn) it is left off for a while.
struct PollingBudget {
    private static let missesAllowed = 8
    private static let turnsToSkip = 64

    private let limit: Int64
    private var idleSince = Instant.never
    private var hasPolled = false
    private var misses = 0
    private var skips = 0

    init(limit: Duration) {
        self.limit = limit.nanoseconds
    }

    /// Begins a turn.
    mutating func begin() {
        skips = max(0, skips - 1)
        hasPolled = false
    }

    /// Notes that there was something to do.
    mutating func succeed() {
        if hasPolled { misses = 0 }
        hasPolled = false
    }

    /// Whether it polls at all for now.
    var isOn: Bool { limit > 0 && skips == 0 }

    /// Whether to look once more.
    mutating func mayGoOn() -> Bool {
        guard isOn else { return false }
        let now = Instant.now()
        if !hasPolled { idleSince = now }
        hasPolled = true
        guard now - idleSince >= limit else { return true }
        misses += 1
        if misses >= Self.missesAllowed {
            misses = 0
            skips = Self.turnsToSkip
        }
        return false
    }
}
