import Testing

@testable import HTTP2

struct FrameScannerTests {
    /// The preface, SETTINGS, a HEADERS of 3 octets and a CONTINUATION of none.
    private static let octets: [UInt8] =
        FrameScanner.preface + [0, 0, 0, 4, 0, 0, 0, 0, 0] + [0, 0, 3, 1, 0, 0, 0, 0, 1, 7, 8, 9]
        + [0, 0, 0, 9, 4, 0, 0, 0, 1]

    @Test(arguments: 1...10)
    func seesTheSameFramesHoweverTheyAreCut(size: Int) {
        var scanner = FrameScanner()
        var kinds: [FrameHead.Kind?] = []
        var handedOn: [UInt8] = []
        var pieces: [Int] = []
        for start in stride(from: 0, to: Self.octets.count, by: size) {
            let piece = Array(Self.octets[start..<min(start + size, Self.octets.count)])
            let found = scanner.scan(piece.span) { head in
                kinds.append(head.kind)
                return true
            }
            handedOn += found.head + piece[found.range]
            pieces.append(found.head.count)
        }
        #expect(kinds == [.settings, .headers, .continuation])
        #expect(handedOn == Self.octets)
        #expect(pieces.allSatisfy { $0 == 0 || $0 == 9 })
        #expect(!scanner.isInHeaderBlock)
    }

    @Test func aBlockIsOpenUntilItsLastFrameIsWhole() {
        var scanner = FrameScanner()
        for (index, octet) in Self.octets.enumerated() {
            _ = scanner.scan([octet].span) { _ in true }
            let isOpen = index >= 24 + 9 + 8 && index < Self.octets.count - 1
            #expect(scanner.isInHeaderBlock == isOpen)
        }
    }

    @Test func stopsAtAFrameThatIsOneTooMany() {
        var scanner = FrameScanner()
        let found = scanner.scan(Self.octets.span) { $0.kind != .headers }
        #expect(found.range == 0..<24 + 9)
    }

    @Test func aBudgetFillsUpAgain() {
        var budget = Budget(2, perSecond: 10)
        let taken = [0, 0, 0, 50_000_000, 150_000_000].map { budget.take(at: $0) }
        #expect(taken == [true, true, false, false, true])
    }
}
