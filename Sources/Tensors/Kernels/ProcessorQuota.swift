#if canImport(Glibc)
import Glibc

/// What a control group gives of the processors' time: what `docker run --cpus` and Kubernetes' limits set.
enum ProcessorQuota {
    /// The processors that the quota of this process's group, or of one around it, amounts to; `nil` without any.
    static var current: Int? {
        let list = file("/proc/self/cgroup") ?? ""
        let second = groups(in: list).compactMap { group in
            file("/sys/fs/cgroup\(group)/cpu.max").flatMap(processors(ofMaximum:))
        }
        let mounts = file("/proc/self/mountinfo") ?? ""
        let first = firstVersionFolders(groups: list, mounts: mounts).compactMap(firstVersion)
        return (second + first).min()
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

    /// Returns the folders of the first version's group of this process and of those around it, as far as they are mounted.
    ///
    /// A line of `groups` is `4:cpu,cpuacct:/a/b`. Of `mounts`, the fourth word is the group that is mounted, the fifth
    /// where, and behind ` - ` stand kind, source and controllers.
    static func firstVersionFolders(groups: String, mounts: String) -> [String] {
        let group = groups.split(separator: "\n").lazy.map { $0.split(separator: ":", maxSplits: 2) }
            .first { $0.count == 3 && $0[1].split(separator: ",").contains("cpu") }?[2]
        guard let group else { return [] }
        return mounts.split(separator: "\n").flatMap { line -> [String] in
            let words = line.split(separator: " ")
            guard let dash = words.firstIndex(of: "-"), dash >= 5, words.count > dash + 3, words[dash + 1] == "cgroup",
                words[dash + 3].split(separator: ",").contains("cpu")
            else { return [] }
            return folders(of: group, mounted: words[3], at: words[4])
        }
    }

    private static func folders(of group: Substring, mounted root: Substring, at place: Substring) -> [String] {
        let inside = root == "/" ? group : group.hasPrefix(root) ? group.dropFirst(root.count) : ""
        let parts = inside.split(separator: "/")
        return (0...parts.count).map { place + parts.prefix($0).map { "/\($0)" }.joined() }
    }

    /// Returns the whole processors of a group, for which the first version has two files.
    private static func firstVersion(_ folder: String) -> Int? {
        guard let quota = file("\(folder)/cpu.cfs_quota_us"), let period = file("\(folder)/cpu.cfs_period_us") else {
            return nil
        }
        return processors(ofMaximum: "\(quota) \(period)")
    }

    /// Returns the first 64 KiB of a small file.
    private static func file(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            count = fread(buffer.baseAddress, 1, buffer.count, file)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
#endif
