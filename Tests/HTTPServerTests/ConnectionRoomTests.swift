import HTTP
import Testing

@testable import HTTPServer

struct ConnectionRoomTests {
    @Test(arguments: [
        (limit: 65_536, descriptors: 1 << 20, served: 65_536, all: 65_600), (10_000, 10_576, 10_000, 10_064),
        (10_000, 4_096, 3_520, 3_584), (10_000, 1_024, 448, 512), (50, 1_024, 50, 114), (10_000, 64, 24, 32),
        (10_000, 8, 3, 4), (10_000, 1, 1, 1), (.max, .max, .max - 576, .max - 512),
    ])
    func leavesDescriptorsFree(limit: Int, descriptors: Int, served: Int, all: Int) {
        var limits = ServerLimits()
        limits.maxConnections = limit
        let room = ConnectionRoom(for: limits, within: descriptors)
        #expect(room.served == served)
        #expect(room.all == all)
    }
}
