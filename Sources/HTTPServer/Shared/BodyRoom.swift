import Synchronization

/// The memory that the large bodies of all connections take together.
///
/// A body counts from its first octet to the answer. One whose client may have gone gives way to those of others: a call
/// that nobody waits for may be computed late, and its body would keep living clients out until then.
final class BodyRoom: Sendable {
    /// The body of a request that is being answered, whose client may have gone.
    struct Abandoned {
        fileprivate let number: Int
    }

    fileprivate struct Waiting {
        var byteCount: Int
        var giveWay: @Sendable () -> Void
    }

    fileprivate struct State {
        var bodies: [Int: Waiting] = [:]
        var byteCount = 0
        var oldest = 0
        var next = 0
    }

    /// Octets of a body, and of all bodies of a connection of HTTP/2, that do not count: most requests are small.
    static let freeByteCount = 65_536

    private let held = Atomic<Int>(0)
    private let abandoned = Mutex(State())

    /// Octets of bodies whose requests are not answered.
    var byteCount: Int { held.load(ordering: .relaxed) }

    /// Counts octets, and says whether all are within `limit`; those that give way are told and count no more.
    func take(_ count: Int, limit: Int, mayPush: Bool) -> Bool {
        guard held.add(count, ordering: .relaxed).newValue > limit else { return true }
        guard mayPush else { return false }
        let pushed: [Waiting] = abandoned.withLock { state in
            guard byteCount - state.byteCount <= limit else { return [] }
            var pushed: [Waiting] = []
            while byteCount > limit, let body = state.removeOldest() {
                held.subtract(body.byteCount, ordering: .relaxed)
                pushed.append(body)
            }
            return pushed
        }
        for body in pushed { body.giveWay() }
        return byteCount <= limit
    }

    /// Counts octets no more.
    func leave(_ count: Int) {
        held.subtract(count, ordering: .relaxed)
    }

    /// Notes that `count` octets may have to give way: then `giveWay` runs, on whatever thread.
    func abandon(_ count: Int, giveWay: @escaping @Sendable () -> Void) -> Abandoned {
        abandoned.withLock { state in
            defer { state.next += 1 }
            state.bodies[state.next] = Waiting(byteCount: count, giveWay: giveWay)
            state.byteCount += count
            return Abandoned(number: state.next)
        }
    }

    /// Whether an abandoned body was told to give way.
    func hasGivenWay(_ body: Abandoned) -> Bool {
        abandoned.withLock { $0.bodies[body.number] == nil }
    }

    /// Counts an abandoned body no more, unless it has given way.
    func leave(_ body: Abandoned) {
        abandoned.withLock { state in
            if let count = state.remove(body.number)?.byteCount { held.subtract(count, ordering: .relaxed) }
        }
    }
}

extension BodyRoom.State {
    fileprivate mutating func remove(_ number: Int) -> BodyRoom.Waiting? {
        let body = bodies.removeValue(forKey: number)
        byteCount -= body?.byteCount ?? 0
        return body
    }

    fileprivate mutating func removeOldest() -> BodyRoom.Waiting? {
        while oldest < next {
            defer { oldest += 1 }
            if let body = remove(oldest) { return body }
        }
        return nil
    }
}
