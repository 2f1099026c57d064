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

    @Test
    func thereIsAtLeastOneProcessor() {
        #expect(ProcessorCount.available >= 1)
    }
}
#endif
