/// How often values fell into fixed ranges, such as latencies.
package final class Histogram: Sendable {
    /// The upper bounds of the ranges, inclusive and ascending; one more range without a bound lies above them.
    package let bounds: [Double]
    private let counts: [Counter]
    private let total = AtomicDouble()

    package init(bounds: [Double]) {
        let ascend = bounds.allSatisfy(\.isFinite) && zip(bounds, bounds.dropFirst()).allSatisfy(<)
        precondition(ascend, "bounds must ascend")
        self.bounds = bounds
        counts = (0...bounds.count).map { _ in Counter() }
    }

    /// Counts a value; NaN falls into the last range.
    package func observe(_ value: Double) {
        let range = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[range].increment()
        total.add(value)
    }

    /// Counts a duration of `nanoseconds` in seconds.
    package func observe(nanoseconds: Int) {
        observe(Double(nanoseconds) * 1e-9)
    }

    /// Counts a duration in seconds.
    package func observe(_ duration: Duration) {
        observe(nanoseconds: duration.wholeNanoseconds)
    }

    /// How many values fell into each range, the one without a bound last.
    package var rangeCounts: [Int] { counts.map(\.value) }
    /// The sum of all values.
    package var sum: Double { total.value }

    /// Bounds for latencies in seconds, from 50 µs to 10 s.
    package static let latencyBounds: [Double] = [
        0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    /// Bounds for counts of things joined together, such as rows of a batch.
    package static let sizeBounds: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
}
