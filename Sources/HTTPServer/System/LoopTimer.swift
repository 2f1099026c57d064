import CLinux
import Glibc

/// A timer that the loop's epoll watches like a socket: one for all the deadlines of the loop.
struct LoopTimer: ~Copyable {
    let descriptor: Descriptor
    private var armed = Instant.never

    init() throws(ServerError) {
        let number = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_NONBLOCK | TFD_CLOEXEC))
        guard number >= 0 else { throw .systemCall("timerfd_create", errno) }
        descriptor = Descriptor(adopting: number)
    }

    /// Makes sure that the timer fires by `instant`.
    mutating func arm(at instant: Instant) {
        guard instant < armed else { return }
        armed = instant
        Self.set(descriptor.number, at: instant)
    }

    /// A function that has the timer fire now, whoever calls it; that it was armed for later is made good by `acknowledge()`
    /// and the arming that follows.
    var ring: @Sendable () -> Void {
        let number = descriptor.number
        return { Self.set(number, at: Instant(nanoseconds: 0)) }
    }

    private static func set(_ number: Int32, at instant: Instant) {
        var time = itimerspec()
        time.it_value.tv_sec = Int(instant.nanoseconds / 1_000_000_000)
        time.it_value.tv_nsec = max(1, Int(instant.nanoseconds % 1_000_000_000))
        timerfd_settime(number, Int32(TFD_TIMER_ABSTIME), &time, nil)
    }

    /// Takes note that the timer has fired.
    mutating func acknowledge() {
        armed = .never
        var expirations: UInt64 = 0
        _ = read(descriptor.number, &expirations, MemoryLayout.size(ofValue: expirations))
    }
}
