import Synchronization

/// Up to 64 pieces of work that several threads take from each other until none is left.
///
/// Nobody waits for a thread that comes late: whoever is there does its pieces.
final class SharedWork: Sendable {
    /// The most pieces that work is cut into.
    static let maxPieces = 64

    private let pieces: Int
    /// A bit for each piece that nobody has taken.
    private let left: Atomic<UInt64>
    private let body: @Sendable (Int) -> Void

    init(pieces: Int, _ body: @escaping @Sendable (Int) -> Void) {
        self.pieces = pieces
        left = Atomic(UInt64.max >> UInt64(Self.maxPieces - pieces))
        self.body = body
    }

    /// Does pieces until all are taken, first those from `start` on: so a thread gets the same ones in product after
    /// product, and finds in its cache what they need.
    func take(from start: Int) {
        while let piece = next(from: start) { body(piece) }
    }

    private func next(from start: Int) -> Int? {
        var left = self.left.load(ordering: .relaxed)
        while left != 0 {
            let behind = left & (UInt64.max << UInt64(start))
            let piece = (behind == 0 ? left : behind).trailingZeroBitCount
            let (isMine, current) = self.left.compareExchange(
                expected: left,
                desired: left & ~(1 << UInt64(piece)),
                ordering: .relaxed
            )
            if isMine { return piece }
            left = current
        }
        return nil
    }
}
