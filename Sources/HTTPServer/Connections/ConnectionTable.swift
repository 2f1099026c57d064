/// The connections of one loop, by the token that the kernel hands back in its reports.
///
/// A token is a slot and the number of its use. A report that is older than a close, within one batch even, carries a
/// number that no longer matches, so it never reaches the connection that got the slot, or the descriptor, next.
struct ConnectionTable {
    typealias Token = UInt64

    private struct Slot {
        var use: UInt32 = 0
        var connection: Connection?
    }

    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private(set) var count = 0

    /// Keeps what `make` returns under a token of its own.
    mutating func insert(_ make: (Token) -> Connection) -> Connection {
        let index = free.popLast() ?? UInt32(slots.count)
        if Int(index) == slots.count { slots.append(Slot()) }
        let connection = make(UInt64(slots[Int(index)].use) << 32 | UInt64(index))
        slots[Int(index)].connection = connection
        count += 1
        return connection
    }

    /// The connection of `token`, unless it is gone.
    subscript(token: Token) -> Connection? {
        let index = Int(truncatingIfNeeded: token & 0xFFFF_FFFF)
        guard index < slots.count, slots[index].use == UInt32(token >> 32) else { return nil }
        return slots[index].connection
    }

    mutating func remove(_ token: Token) {
        guard self[token] != nil else { return }
        let index = Int(truncatingIfNeeded: token & 0xFFFF_FFFF)
        slots[index].connection = nil
        slots[index].use &+= 1
        free.append(UInt32(index))
        count -= 1
    }

    /// Every connection, copied so that they may be closed while walking.
    var all: [Connection] { slots.compactMap(\.connection) }
}
