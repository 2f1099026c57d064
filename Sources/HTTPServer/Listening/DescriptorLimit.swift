import Glibc

/// The number of descriptors that the process may have open.
enum DescriptorLimit {
    /// Descriptors beside those of connections: the loops', files, what the runtime has.
    private static let others = 512

    /// Raises the soft limit to what `connectionCount` connections need, as far as the hard limit lets it.
    ///
    /// The usual 1,024 are for programs that call select(2); without more, accepting stands still long before
    /// `maxConnections` are open, and nobody is told so with 503.
    static func raise(toServe connectionCount: Int) {
        let wanted = rlim_t(clamping: connectionCount) &+ rlim_t(others)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < wanted else { return }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        setrlimit(resource, &limit)
    }

    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
}
