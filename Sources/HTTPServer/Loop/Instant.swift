import Glibc
import Metrics

/// A point on the monotonic clock, in nanoseconds: an integer, since every event of a loop compares some.
struct Instant: Comparable {
    static let never = Instant(nanoseconds: .max)

    let nanoseconds: Int64

    /// Reads the clock: about 25 ns, so a loop does it once per batch of events.
    static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    static func - (left: Instant, right: Instant) -> Int64 { left.nanoseconds - right.nanoseconds }

    /// The instant so many nanoseconds later, or `never` beyond the end of the clock.
    static func + (instant: Instant, duration: Int64) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration)
        return overflow ? .never : Instant(nanoseconds: sum)
    }
}

extension Duration {
    /// The whole in nanoseconds, at most `Int64.max`.
    var nanoseconds: Int64 {
        Int64(wholeNanoseconds)
    }
}
