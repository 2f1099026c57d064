import Testing

@testable import HTTP2

/// What a client may send before it is too much.
struct FrameGuardTests {
    /// A frame of nothing on stream 1.
    private static func frame(_ kind: FrameHead.Kind) -> FrameHead {
        FrameHead(([0, 0, 0, kind.rawValue, 0, 0, 0, 0, 1] as [UInt8]).span)
    }

    /// Returns how many times in one moment `kinds` pass, up to 5,000.
    private func rounds(of kinds: [FrameHead.Kind]) -> Int {
        var guardian = FrameGuard()
        for round in 0..<5_000 {
            for kind in kinds {
                let verdict = guardian.receive(Self.frame(kind), at: 1)
                if verdict != .fine { return round }
            }
        }
        return 5_000
    }

    /// gRPC's clients do so with a call that is answered by trailers alone.
    @Test(
        arguments: [
            [.headers, .windowUpdate], [.headers, .windowUpdate, .windowUpdate], [.headers, .windowUpdate, .reset],
        ] as [[FrameHead.Kind]]
    )
    func windowsOfStreamsThatBeginAreFree(kinds: [FrameHead.Kind]) {
        #expect(rounds(of: kinds) == 5_000)
    }

    @Test(
        arguments: [
            [.windowUpdate], [.priority], [.headers, .windowUpdate, .windowUpdate, .windowUpdate],
        ] as [[FrameHead.Kind]]
    )
    func othersAreEnoughAtSomeTime(kinds: [FrameHead.Kind]) {
        #expect(rounds(of: kinds) < 1_100)
    }
}
