#if canImport(Glibc)
import Testing

@testable import Tensors

struct ProcessorQuotaTests {
    @Test(arguments: [
        ("100000 100000\n", 1), ("150000 100000\n", 2), ("1000 100000\n", 1), ("400000 100000", 4),
        ("max 100000\n", nil), ("-1 100000", nil), ("100000 0", nil), ("0 100000", nil), ("100000", nil), ("", nil),
        ("9223372036854775807 1", .max), ("99999999999999999999 100000", nil),
    ])
    func quotaAmountsToWholeProcessors(text: String, processors: Int?) {
        #expect(ProcessorQuota.processors(ofMaximum: text) == processors)
    }

    @Test(arguments: [
        ("0::/\n", [""]), ("0::/kubepods/pod1/c2\n", ["", "/kubepods", "/kubepods/pod1", "/kubepods/pod1/c2"]),
        ("4:memory:/a\n0::/b\n", ["", "/b"]), ("4:memory:/a\n", [""]), ("", [""]),
    ])
    func groupsAroundAProcessAreLookedAtToo(list: String, groups: [String]) {
        #expect(ProcessorQuota.groups(in: list) == groups)
    }

    private static let mounts = """
        24 20 0:20 / /proc rw,nosuid - proc proc rw
        31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
        32 30 0:28 / /sys/fs/cgroup/memory rw,nosuid shared:10 - cgroup cgroup rw,memory
        33 30 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset
        """

    /// The first version mounts each controller, and in a container often only the container's own group.
    @Test(arguments: [
        ("4:cpu,cpuacct:/a/b\n", mounts, ["", "/a", "/a/b"].map { "/sys/fs/cgroup/cpu,cpuacct\($0)" }),
        ("5:memory:/a\n4:cpuacct,cpu:/\n0::/x\n", mounts, ["/sys/fs/cgroup/cpu,cpuacct"]),
        ("4:cpuset:/a\n0::/b\n", mounts, []), ("4:cpu:/a\n", "", []), ("", mounts, []), ("4:cpu\n", mounts, []),
        (
            "4:cpu:/docker/1/sub\n", "40 30 0:27 /docker/1 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu",
            ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu/sub"]
        ),
        ("4:cpu:/\n", "40 30 0:27 /docker/1 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu", ["/sys/fs/cgroup/cpu"]),
        ("4:cpu:/a:b\n", "40 30 0:27 / /c rw - cgroup cgroup rw,cpu", ["/c", "/c/a:b"]),
        ("4:cpu:/a\n", "40 30 0:27 / /c rw - cgroup2 cgroup rw,cpu", []), ("4:cpu:/a\n", "40 30 - cgroup cgroup", []),
    ])
    func theFirstVersionsGroupsAreFoundWhereTheyAreMounted(list: String, mounts: String, folders: [String]) {
        #expect(ProcessorQuota.firstVersionFolders(groups: list, mounts: mounts) == folders)
    }

    @Test
    func thereIsAtLeastOneProcessor() {
        #expect(ProcessorCount.available >= 1)
    }
}
#endif
