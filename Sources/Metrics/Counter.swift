import Synchronization

/// A number that only grows, such as requests answered.
package final class Counter: Sendable {
    private let count = Atomic<Int64>(0)

    package init() {}

    /// Adds `amount`, which is not negative; wait-free.
    package func increment(by amount: Int = 1) {
        count.wrappingAdd(Int64(amount), ordering: .relaxed)
    }

    /// The sum of all increments.
    package var value: Int { Int(count.load(ordering: .relaxed)) }
}

/// A number that goes up and down, such as connections open.
package final class Gauge: Sendable {
    private let level = Atomic<Int64>(0)

    package init() {}

    /// Adds `amount`, which may be negative; wait-free.
    package func add(_ amount: Int) {
        level.wrappingAdd(Int64(amount), ordering: .relaxed)
    }

    /// The level of the moment.
    package var value: Int {
        get { Int(level.load(ordering: .relaxed)) }
        set { level.store(Int64(newValue), ordering: .relaxed) }
    }
}

/// A double that threads add to without a lock: its bits in an atomic word.
struct AtomicDouble: ~Copyable, Sendable {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(expected: old, desired: sum, ordering: .relaxed)
            if exchanged { return }
            old = original
        }
    }
}
