import Glibc
import HTTP

/// How many connections may be open at once, as far as the number of descriptors that the process may have lets them.
struct ConnectionRoom: Equatable {
    /// Connections that are served; beyond: 503.
    let served: Int
    /// All connections; beyond: they wait in the kernel's backlog.
    let all: Int

    /// Returns the room for what `limits` ask for, with at most `descriptorCount` descriptors.
    ///
    /// Some stay free for files, databases and the runtime: libdispatch ends a process in which it cannot open a file.
    init(for limits: ServerLimits, within descriptorCount: Int) {
        let free = descriptorCount - min(DescriptorLimit.others, descriptorCount / 2)
        let overflow = min(limits.maxOverflowConnections, free / 4)
        served = max(1, min(limits.maxConnections, free - overflow))
        all = served + overflow
    }
}

/// The number of descriptors that the process may have open.
enum DescriptorLimit {
    /// Descriptors beside those of connections: the loops', files, what the runtime has.
    static let others = 512

    /// Raises the soft limit to what `limits` need, as far as the hard limit lets it, and returns what it is then.
    ///
    /// The usual 1,024 are for programs that call select(2); without more, accepting stands still long before
    /// `maxConnections` are open, and nobody is told so with 503.
    static func raise(for limits: ServerLimits) -> Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 1_024 }
        let (wanted, overflow) = limits.maxConnections.addingReportingOverflow(limits.maxOverflowConnections + others)
        let count = overflow ? rlim_t.max : rlim_t(clamping: wanted)
        if limit.rlim_cur < count {
            limit.rlim_cur = min(count, limit.rlim_max)
            setrlimit(resource, &limit)
            getrlimit(resource, &limit)
        }
        return Int(clamping: limit.rlim_cur)
    }

    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
}
