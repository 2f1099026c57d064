/// Tells a stream that a client has left out from one that is over: nothing may begin below a higher one (RFC 9113 5.1.1).
///
/// libnghttp2 ignores HEADERS on both.
struct StreamOrder {
    private static let maxGaps = 64

    private var highest: Int32 = -1
    /// Streams that were left out, the latest last.
    private var gaps: [ClosedRange<Int32>] = []

    /// Takes note of HEADERS; false if they are on a stream that was left out.
    mutating func begins(_ stream: Int32) -> Bool {
        guard stream & 1 == 1 else { return true }
        guard stream > highest else { return !gaps.contains { $0.contains(stream) } }
        // In this order nothing overflows: the highest stream that there is may be the first.
        if stream - 2 > highest {
            if gaps.count == Self.maxGaps { gaps.removeFirst() }
            gaps.append(highest + 1...stream - 1)
        }
        highest = stream
        return true
    }
}
