internal import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The processors that this process may use.
package enum ProcessorCount {
    /// Those that it may run on, or fewer if its share of their time amounts to fewer; at least one.
    package static let available: Int = {
        let allowed = Int(callpath_allowed_processors())
        let processors = allowed > 0 ? allowed : Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        #if canImport(Glibc)
        return max(1, min(processors, ProcessorQuota.current ?? .max))
        #else
        return max(1, processors)
        #endif
    }()
}
