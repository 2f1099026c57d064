/// The deadlines of a loop's connections, in slots of one tick: setting one costs no system call and, mostly, no store.
///
/// An entry is a promise to look at the connection no later than its slot. A deadline that moves later (each request
/// moves it) leaves the entry alone: the look finds that it is not yet due and enters it again.
struct DeadlineWheel {
    /// A due entry: whom to look at.
    typealias Token = UInt64

    /// The length of a slot, and so the most by which a timeout is late.
    let tick: Int64
    private var slots: [[Token]]
    /// The tick that has been expired last.
    private var current: Int64
    private var count = 0

    init(tick: Duration, slotCount: Int = 512, now: Instant) {
        self.tick = max(1_000_000, tick.nanoseconds)
        slots = Array(repeating: [], count: slotCount)
        current = now.nanoseconds / self.tick
    }

    /// Enters `token` to be looked at by `deadline`, or by the end of the wheel, and returns the instant of that look.
    mutating func insert(_ token: Token, at deadline: Instant) -> Instant {
        let wanted = (deadline.nanoseconds / tick) &+ 1
        let slot = min(max(wanted, current + 1), current + Int64(slots.count) - 1)
        slots[Int(slot % Int64(slots.count))].append(token)
        count += 1
        return Instant(nanoseconds: slot * tick)
    }

    /// Takes out the tokens that are due, in order of their slots.
    mutating func takeDue(at now: Instant) -> [Token] {
        let last = now.nanoseconds / tick
        var due: [Token] = []
        while current < last, count > 0 {
            current += 1
            let index = Int(current % Int64(slots.count))
            guard !slots[index].isEmpty else { continue }
            count -= slots[index].count
            due += slots[index]
            slots[index].removeAll(keepingCapacity: slots[index].count < 64)
        }
        current = max(current, last)
        return due
    }

    /// When to call `takeDue` next, or nil while there is no entry.
    var nextExpiry: Instant? {
        guard count > 0 else { return nil }
        for distance in 1...Int64(slots.count)
        where !slots[Int((current + distance) % Int64(slots.count))].isEmpty {
            return Instant(nanoseconds: (current + distance) * tick)
        }
        return nil
    }
}
