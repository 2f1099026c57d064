/// Lets `rate` requests a second through on average, and `burst` at once.
struct TokenBucket {
    private var tokens: Double
    private var refilled: ContinuousClock.Instant

    init(burst: Double, now: ContinuousClock.Instant) {
        tokens = burst
        refilled = now
    }

    /// Takes a token, or returns how long to wait for the next.
    mutating func take(rate: Double, burst: Double, now: ContinuousClock.Instant) -> Duration? {
        refill(rate: rate, burst: burst, now: now)
        guard tokens >= 1 else { return .seconds(min(86_400, (1 - tokens) / rate)) }
        tokens -= 1
        return nil
    }

    /// Returns whether nobody would notice if this bucket were made anew.
    mutating func isFull(rate: Double, burst: Double, now: ContinuousClock.Instant) -> Bool {
        refill(rate: rate, burst: burst, now: now)
        return tokens >= burst
    }

    private mutating func refill(rate: Double, burst: Double, now: ContinuousClock.Instant) {
        let elapsed = max(0, (now - refilled) / .seconds(1))
        tokens = min(burst, tokens + elapsed * rate)
        refilled = now
    }
}
