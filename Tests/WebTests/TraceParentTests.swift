import Testing

@testable import Web

struct TraceParentTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let parent = "b7ad6b7169203331"

    @Test(arguments: ["00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-00", "cc-\(trace)-\(parent)-01-later"])
    func readsTheTrace(value: String) {
        #expect(TraceParent(value)?.traceID == Substring(Self.trace))
        #expect(TraceParent(value)?.text == value)
    }

    @Test(arguments: [
        nil, "", "00", "00-\(trace)-\(parent)", "00-\(trace)-\(parent)-0", "00-\(trace)-\(parent)-01-more",
        "ff-\(trace)-\(parent)-01", "00-\(trace.uppercased())-\(parent)-01", "00-\(trace)-0000000000000000-01",
        "00-00000000000000000000000000000000-\(parent)-01", "00-\(trace)-\(parent)-0x", "0g-\(trace)-\(parent)-01",
        "00 \(trace) \(parent) 01", "00-\(trace.dropLast())-\(parent)-010",
    ])
    func ignoresWhatIsNone(value: String?) {
        #expect(TraceParent(value) == nil)
    }
}
