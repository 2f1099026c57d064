#if canImport(Glibc)
import Glibc

/// What a control group gives of the processors' time: what `docker run --cpus` and Kubernetes' limits set.
enum ProcessorQuota {
    /// The processors that the quota of this process's group, or of one around it, amounts to; `nil` without any.
    static var current: Int? {
        let second = groups(in: file("/proc/self/cgroup") ?? "").compactMap { group in
            file("/sys/fs/cgroup\(group)/cpu.max").flatMap(processors(ofMaximum:))
        }
        return (second + [firstVersion].compactMap(\.self)).min()
    }

    /// Returns the whole processors of `150000 100000` (microseconds of time per period), rounded up; `nil` for `max`.
    static func processors(ofMaximum text: String) -> Int? {
        let numbers = text.split { $0 == " " || $0 == "\n" }.map { Int($0) }
        guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0 else {
            return nil
        }
        return (quota - 1) / period + 1
    }

    /// Returns the group that `/proc/self/cgroup` names, and those around it, the root as an empty text.
    static func groups(in list: String) -> [String] {
        guard let line = list.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else { return [""] }
        let parts = line.dropFirst(4).split(separator: "/")
        return (0...parts.count).map { parts.prefix($0).map { "/\($0)" }.joined() }
    }

    /// The first version of control groups has two files for it, and mounts a container's own group.
    private static var firstVersion: Int? {
        let folder = "/sys/fs/cgroup/cpu"
        guard let quota = file("\(folder)/cpu.cfs_quota_us"), let period = file("\(folder)/cpu.cfs_period_us") else {
            return nil
        }
        return processors(ofMaximum: "\(quota) \(period)")
    }

    /// Returns the first 4 KiB of a small file.
    private static func file(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 4_096) { buffer, count in
            count = fread(buffer.baseAddress, 1, buffer.count, file)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
#endif
