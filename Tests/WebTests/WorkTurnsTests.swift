import HTTP
import Synchronization
import Testing

@testable import Web

/// Long work that nobody may wait for does not hold up that of others.
struct WorkTurnsTests {
    /// Who had a turn, in order.
    private final class Record: Sendable {
        private let names = Mutex<[String]>([])
        var all: [String] { names.withLock(\.self) }
        func note(_ name: String) { names.withLock { $0.append(name) } }
    }

    /// A turn that lasts until it is told to end.
    private final class Hold: Sendable {
        private let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        func wait() async { for await _ in stream {} }
        func end() { continuation.finish() }
    }

    private let turns = WorkTurns(width: 1)
    private let record = Record()

    private func client(_ isGone: Bool = false) -> Client {
        let client = Client(address: "127.0.0.1")
        if isGone { client.hasGone() }
        return client
    }

    private func isWaiting(_ count: Int, in turns: WorkTurns) async {
        while turns.waitingCount != count { await Task.yield() }
    }

    /// Lets `clients` ask for a turn one after the other while another has it; then runs `change`, and lets them go on.
    private func order(of clients: [(name: String, client: Client?)], after change: () -> Void = {}) async throws
        -> [String]
    {
        let hold = Hold()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (began, continuation) = AsyncStream.makeStream(of: Void.self)
            group.addTask {
                try await turns.run(for: nil) { _ in
                    continuation.finish()
                    await hold.wait()
                }
            }
            for await _ in began {}
            for (count, (name, client)) in clients.enumerated() {
                group.addTask { try await turns.run(for: client) { _ in record.note(name) } }
                await isWaiting(count + 1, in: turns)
            }
            change()
            hold.end()
            try await group.waitForAll()
        }
        return record.all
    }

    @Test func comesInTheOrderInWhichItCame() async throws {
        let names = try await order(of: [("first", client()), ("second", nil), ("third", client())])
        #expect(names == ["first", "second", "third"])
    }

    @Test func thatOfClientsWhoHadGoneComesLast() async throws {
        let names = try await order(of: [
            ("gone", client(true)), ("gone too", client(true)), ("there", client()), ("nobody's", nil),
        ])
        #expect(names == ["there", "nobody's", "gone", "gone too"])
    }

    @Test func thatOfAClientWhoGoesWhileItWaitsComesLast() async throws {
        let going = client()
        let names = try await order(of: [("going", going), ("there", client()), ("there too", client())]) {
            going.hasGone()
        }
        #expect(names == ["there", "there too", "going"])
    }

    @Test func thatOfAClientBehindAProxyComesLastWhenTheProxyHangsUp() async throws {
        let proxy = client()
        let names = try await order(of: [("behind", Client(address: "10.0.0.9", behind: proxy)), ("there", client())]) {
            proxy.hasGone()
        }
        #expect(names == ["there", "behind"])
    }

    /// Even where there is one place: a program of one processor goes on while it encodes an answer that nobody reads.
    @Test(.timeLimit(.minutes(1)), arguments: [1, 2])
    func thoseWhoHaveGoneTakeNoTurnFromOthers(width: Int) async throws {
        let turns = WorkTurns(width: width)
        let hold = Hold()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask { try await turns.run(for: client(true)) { _ in await hold.wait() } }
            }
            await isWaiting(2, in: turns)
            #expect(try await turns.run(for: client()) { _ in "at once" } == "at once")
            hold.end()
            try await group.waitForAll()
        }
        #expect(turns.waitingCount == 0)
    }

    @Test func aClientWhoGoesDuringItsTurnGivesItBack() async throws {
        let turns = WorkTurns(width: 2)
        for _ in 0..<4 {
            let client = client()
            try await turns.run(for: client) { _ in client.hasGone() }
        }
        #expect(try await turns.run(for: client(true)) { isGentle in isGentle })
    }

    @Test func aRequestThatIsCancelledWaitsNoLonger() async throws {
        let hold = Hold()
        let (began, continuation) = AsyncStream.makeStream(of: Void.self)
        async let other: Void = turns.run(for: nil) { _ in
            continuation.finish()
            await hold.wait()
        }
        for await _ in began {}
        let waiting = Task { [turns] in try await turns.run(for: nil) { _ in } }
        await isWaiting(1, in: turns)
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(turns.waitingCount == 0)
        hold.end()
        try await other
    }
}
