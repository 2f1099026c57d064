import Synchronization

/// How often values fell into fixed ranges, such as latencies.
package final class Histogram: Sendable {
    /// The upper bounds of the ranges, inclusive and ascending; one more range without a bound lies above them.
    package let bounds: [Double]
    private let counts: [Counter]
    /// The sum of all values, in billionths, so that it needs no lock.
    private let sumInBillionths = Atomic<Int64>(0)

    package init(bounds: [Double]) {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bounds must ascend")
        self.bounds = bounds
        counts = (0...bounds.count).map { _ in Counter() }
    }

    /// Counts a value that is not negative.
    package func observe(_ value: Double) {
        let range = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[range].increment()
        // Clamped: a value beyond 292 years in seconds is not worth a trap.
        sumInBillionths.add(Int64(min(max(0, value) * 1e9, 9e15)), ordering: .relaxed)
    }

    /// Counts a duration in seconds.
    package func observe(_ duration: Duration) {
        observe(duration / .seconds(1))
    }

    /// How many values fell into each range, the one without a bound last.
    package var rangeCounts: [Int] { counts.map(\.value) }
    /// The sum of all values.
    package var sum: Double { Double(sumInBillionths.load(ordering: .relaxed)) / 1e9 }

    /// Bounds for latencies in seconds, from 50 µs to 10 s.
    package static let latencyBounds: [Double] = [
        0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    /// Bounds for counts of things joined together, such as rows of a batch.
    package static let sizeBounds: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
}
