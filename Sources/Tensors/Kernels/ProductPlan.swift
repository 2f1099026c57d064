internal import CKernels
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

    /// Calls `body`, whose products share their work with no other thread, whatever the default says.
    package static func withoutHelp<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let wasAlone = callpath_is_alone()
        callpath_set_alone(true)
        defer { callpath_set_alone(wasAlone) }
        return try body()
    }

    /// Calls `body` with ranges that cover the panels of a weight, on several threads if the product is worth sharing.
    func split(
        panels: Int,
        rows: Int,
        weights: Double,
        fromEnd: Bool = false,
        _ body: @Sendable (Range<Int>) -> Void
    ) {
        // As many panels as kernels take at once.
        let width = rows <= Self.fewRows ? 4 : 2
        let blocks = panels / width
        let shares = min(shares(rows: rows, weights: weights), blocks)
        guard shares > 1 else { return body(0..<panels) }
        let pieces = min(shares * Self.piecesPerShare, blocks, SharedWork.maxPieces)
        HelperTeam.shared.perform(pieces: pieces, shares: shares) { piece in
            let place = fromEnd ? Self.mirrored(piece, pieces: pieces, shares: shares) : piece
            let end = place == pieces - 1 ? panels : blocks * (place + 1) / pieces * width
            body(blocks * place / pieces * width..<end)
        }
    }

    /// Returns the piece that is as far from the end of a thread's share as `piece` is from its beginning: each thread finds its
    /// own half of a weight in its cache, whichever end it begins at.
    private static func mirrored(_ piece: Int, pieces: Int, shares: Int) -> Int {
        let share = (piece * shares + shares - 1) / pieces
        return pieces * share / shares + pieces * (share + 1) / shares - 1 - piece
    }

    /// Calls `body` with ranges that cover units of so many multiply-adds each, on several threads if that is worth it.
    func share(units: Int, work: Double, _ body: @Sendable (Range<Int>) -> Void) {
        let shares = min(shares(work: Double(units) * work), units)
        guard shares > 1 else { return body(0..<units) }
        let pieces = min(shares * Self.piecesPerShare, units, SharedWork.maxPieces)
        HelperTeam.shared.perform(pieces: pieces, shares: shares) { piece in
            body(units * piece / pieces..<units * (piece + 1) / pieces)
        }
    }

    /// Returns how many of `count` should be one unit of work, of which there are as many in each of `parts`: all, or fewer
    /// where the parts alone would not keep all threads at so many multiply-adds.
    func piece(of count: Int, parts: Int, work: Double, perShare: Int = piecesPerShare) -> Int {
        let pieces = threads * perShare
        guard threads > 1, work >= Self.workPerAwakeThread * 2, !callpath_is_alone(), parts > 0, parts < pieces else {
            return max(count, 1)
        }
        return max(1, count / (pieces / parts))
    }

    /// How many threads should compute a product of so many rows.
    private func shares(rows: Int, weights: Double) -> Int {
        // Reading a weight from beyond the second cache takes as long as four multiply-adds.
        shares(work: (Double(rows) + 4) * weights)
    }

    /// How many threads should share so many multiply-adds.
    private func shares(work: Double) -> Int {
        guard threads > 1, work >= Self.workPerAwakeThread * 2, !callpath_is_alone() else { return 1 }
        let workPerThread = HelperTeam.shared.isBusy() ? Self.workPerAwakeThread : Self.workPerSleepingThread
        return Int(min(work / workPerThread, Double(threads)))
    }

    /// A helper that is awake begins within a microsecond; this many multiply-adds take three with the fastest kernels.
    private static let workPerAwakeThread = 0.375e6
    /// One that sleeps comes after some 30 µs, and costs the caller a few to wake.
    private static let workPerSleepingThread = 2.5e6

    /// Several pieces for each thread, so that one that wakes late or is held up leaves its own to the others.
    static let piecesPerShare = 4
    /// The most rows of which kernels take four panels at once.
    private static let fewRows = 6

    private static let threadLimit = Atomic<Int>(ProcessorCount.available)
}
