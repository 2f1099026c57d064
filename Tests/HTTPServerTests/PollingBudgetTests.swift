import Testing

@testable import HTTPServer

/// When a loop polls on, and when it sleeps.
struct PollingBudgetTests {
    /// In how many of 1,000 turns a loop polls whose polls meet something, or nothing.
    private func polls(limit: Duration, succeed: Bool) -> Int {
        var budget = PollingBudget(limit: limit)
        var count = 0
        for _ in 0..<1_000 {
            budget.begin()
            guard budget.isOn else { continue }
            count += 1
            while !succeed, budget.mayGoOn() {}
            if succeed, budget.mayGoOn() { budget.succeed() }
        }
        return count
    }

    @Test func pollsOnWhereSomethingComesInTime() {
        #expect(polls(limit: .seconds(60), succeed: true) == 1_000)
    }

    @Test func leavesItOffWhereNothingDoes() {
        #expect(polls(limit: .nanoseconds(1), succeed: false) < 200)
    }

    @Test func neverPollsWithoutALimit() {
        #expect(polls(limit: .zero, succeed: true) == 0)
    }
}
