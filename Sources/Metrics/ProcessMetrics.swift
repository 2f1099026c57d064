import Glibc

extension MetricsRegistry {
    /// Adds what Prometheus' own clients say about a process, read from the system when somebody looks.
    package func addProcessMetrics() {
        counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.") { Self.cpuSeconds() }
        gauge("process_resident_memory_bytes", "Resident memory size in bytes.") { Self.memoryPages(1) }
        gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.") { Self.memoryPages(0) }
        gauge("process_open_fds", "Number of open file descriptors.") { Self.openDescriptors() }
        gauge("process_max_fds", "Maximum number of open file descriptors.") { Self.maximumDescriptors() }
        let start = Self.now()
        gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.") { start }
    }

    private static func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(microseconds) / 1e6
    }

    /// Returns a field of `/proc/self/statm` in bytes.
    private static func memoryPages(_ field: Int) -> Double? {
        guard let file = fopen("/proc/self/statm", "r") else { return nil }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 256)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let fields = text.split(separator: " ")
        guard field < fields.count, let pages = Double(fields[field]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func openDescriptors() -> Double? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Without ".", "..", and the descriptor that reads the directory.
        return Double(max(0, count - 3))
    }

    private static func maximumDescriptors() -> Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Double(limit.rlim_cur)
    }

    private static func now() -> Double {
        Double(WallClock.nanoseconds) / 1e9
    }
}
