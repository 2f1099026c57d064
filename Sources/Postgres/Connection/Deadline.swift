import Glibc
import Metrics

/// The end of what may be waited for.
struct Deadline: Sendable, Comparable {
    private let instant: ContinuousClock.Instant

    init(after time: Duration) {
        instant = .now + time
    }

    init(at instant: ContinuousClock.Instant) {
        self.instant = instant
    }

    static func < (one: Deadline, other: Deadline) -> Bool { one.instant < other.instant }

    /// The time that is left, in whole milliseconds, at least one until it is over.
    var milliseconds: Int32 {
        let left = ContinuousClock.now.duration(to: instant)
        guard left > .zero else { return 0 }
        return Int32(clamping: max(1, left.wholeMilliseconds))
    }

    var isOver: Bool { milliseconds == 0 }
}

/// Waits until one of two descriptors is ready.
///
/// - Returns: What each is ready for; none at the deadline.
func wait(
    for descriptor: Int32,
    _ events: Int32,
    or waker: Int32? = nil,
    until deadline: Deadline
) -> (socket: Bool, waker: Bool) {
    var polled = [
        pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0),
        pollfd(fd: waker ?? -1, events: Int16(truncatingIfNeeded: POLLIN), revents: 0),
    ]
    while true {
        let count = poll(&polled, 2, deadline.milliseconds)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return (false, false) }
        return (polled[0].revents != 0, polled[1].revents != 0)
    }
}
