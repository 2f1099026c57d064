import Synchronization
import Testing

@testable import Tensors

/// Pieces of work are each done once, before whoever shares them returns, whoever helps.
struct SharedWorkTests {
    @Test(arguments: [1, 2, 3, 7, 63, 64])
    func everyPieceIsDoneOnce(pieces: Int) {
        for shares in 2...5 {
            let counts = Counts()
            HelperTeam.shared.perform(pieces: pieces, shares: shares) { counts.add(1 << UInt64($0)) }
            #expect(counts.sum == .max >> UInt64(64 - pieces))
        }
    }

    @Test
    func callersAtTheSameTimeGetTheirOwnWorkDone() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for round in 0..<2_000 {
                        let counts = Counts()
                        HelperTeam.shared.perform(pieces: 9, shares: 2 + round % 3) { counts.add(1 << UInt64($0)) }
                        #expect(counts.sum == 0x1FF)
                    }
                }
            }
        }
    }

    @Test
    func startsWithItsOwnPiecesAndThenTakesThoseOfOthers() {
        let order = Mutex<[Int]>([])
        SharedWork(pieces: 6) { piece in order.withLock { $0.append(piece) } }.take(from: 4)
        #expect(order.withLock { $0 } == [4, 5, 0, 1, 2, 3])
    }

    @Test
    func productsWithoutHelpStayOnTheirThread() {
        let plan = ProductPlan(threads: 4)
        let shares = Mutex<[Range<Int>]>([])
        let split: () -> Void = {
            plan.split(panels: 640, rows: 256, weights: 1e9) { share in shares.withLock { $0.append(share) } }
        }
        ProductPlan.withoutHelp(split)
        #expect(shares.withLock { $0 } == [0..<640])
        split()
        #expect(shares.withLock { $0.count } > 4)
    }

    @Test(arguments: [1, 6, 7, 64], [false, true])
    func everyPanelIsInOnePiece(rows: Int, fromEnd: Bool) {
        for panels in [2, 3, 4, 8, 9, 15, 16, 17, 63, 640] {
            for threads in 2...5 {
                let found = Mutex<[Int]>([])
                ProductPlan(threads: threads).split(panels: panels, rows: rows, weights: 1e9, fromEnd: fromEnd) {
                    share in
                    found.withLock { $0 += share }
                }
                #expect(found.withLock { $0.sorted() } == Array(0..<panels), "\(panels) panels on \(threads) threads")
            }
        }
    }

    private final class Counts: Sendable {
        private let total = Atomic<UInt64>(0)
        var sum: UInt64 { total.load(ordering: .relaxed) }
        func add(_ value: UInt64) { total.wrappingAdd(value, ordering: .relaxed) }
    }
}
