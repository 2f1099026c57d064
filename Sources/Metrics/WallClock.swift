#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The time of day.
package enum WallClock {
    /// Nanoseconds since the beginning of 1970.
    package static var nanoseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    /// Whole seconds since the beginning of 1970.
    package static var seconds: Int { nanoseconds / 1_000_000_000 }
}
