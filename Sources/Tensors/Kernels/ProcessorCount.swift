#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The processors of this machine.
package enum ProcessorCount {
    /// The processors that are online, at least one.
    package static let available = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
}
