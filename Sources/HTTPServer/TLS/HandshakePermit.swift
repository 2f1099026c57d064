import Synchronization

/// The handshakes of all connections that are under way.
final class HandshakeRoom: Sendable {
    private let count = Atomic<Int>(0)

    fileprivate func begin(limit: Int) -> Bool {
        guard count.add(1, ordering: .relaxed).newValue > limit else { return true }
        end()
        return false
    }

    fileprivate func end() {
        count.subtract(1, ordering: .relaxed)
    }
}

/// One of the handshakes that may be under way at once; its end gives the place back.
struct HandshakePermit: ~Copyable {
    private let room: HandshakeRoom

    init?(in room: HandshakeRoom, limit: Int) {
        guard room.begin(limit: limit) else { return nil }
        self.room = room
    }

    deinit {
        room.end()
    }
}
