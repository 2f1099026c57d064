import Dispatch
import Synchronization

/// How one product is computed: with which kernels, on how many threads.
///
/// Threads split the outputs, never the sums, so the plan does not show in the result.
package struct ProductPlan: Sendable {
    /// The kernels to use.
    package var kernels: KernelSet
    /// The threads that may take part.
    package var threads: Int

    /// Creates a plan; by default with the process's kernels and threads.
    package init(kernels: KernelSet = .current, threads: Int = ProductPlan.defaultThreads) {
        self.kernels = kernels
        self.threads = threads
    }

    /// The threads that a product may use unless its plan says otherwise: at first one per processor.
    package static var defaultThreads: Int {
        get { threadLimit.load(ordering: .relaxed) }
        set { threadLimit.store(max(1, newValue), ordering: .relaxed) }
    }

    /// Calls `body` with ranges that cover the panels of a weight, on several threads if the product is worth waking them.
    func split(panels: Int, rows: Int, weights: Double, _ body: @Sendable (Range<Int>) -> Void) {
        // Reading a weight from beyond the second cache takes as long as four multiply-adds.
        let work = (Double(rows) + 4) * weights
        let worthwhile = Int(min(work / Self.workPerThread, Double(threads)))
        let shares = min(worthwhile, panels)
        guard shares > 1 else { return body(0..<panels) }
        DispatchQueue.concurrentPerform(iterations: shares) { share in
            body(panels * share / shares..<panels * (share + 1) / shares)
        }
    }

    /// A sleeping thread costs some 15 µs to wake; this many multiply-adds take 15 µs with the fastest kernels, 100 with
    /// slow ones.
    private static let workPerThread = 2.0e6

    private static let threadLimit = Atomic<Int>(ProcessorCount.available)
}
