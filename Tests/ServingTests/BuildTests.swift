import Dispatch
import Testing

@testable import Serving

/// Where modules are built: on threads of their own, so many at once.
@Suite(.timeLimit(.minutes(1)))
struct BuildTests {
    /// Large builds hold all their threads, and others wait behind them, until this lets them go.
    private final class Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        func wait() { semaphore.wait() }
        func open(for count: Int) { for _ in 0..<count { semaphore.signal() } }
    }

    @Test func smallOnesAndTasksWaitForNoLargeOnes() async throws {
        let (registry, gate, count) = (Registry(), Gate(), 64)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<count {
                group.addTask {
                    try await registry.build {
                        gate.wait()
                        return index
                    }
                }
            }
            let others = (0..<count).map { index in
                Task { @concurrent in try await registry.build(ofBytes: 1 << 20) { index } }
            }
            for (index, other) in others.enumerated() { #expect(try await other.value == index) }
            let made = try await registry.add("small", .layer("ReLU"))
            #expect(made.version == 1)
            gate.open(for: count)
            var ended: Set<Int> = []
            for try await index in group { ended.insert(index) }
            #expect(ended.count == count)
        }
    }

    @Test func whatABuildThrowsReachesWhoWaits() async throws {
        let registry = Registry()
        await #expect(throws: ServingError.unknownModule("x")) {
            try await registry.build { throw ServingError.unknownModule("x") }
        }
    }
}
