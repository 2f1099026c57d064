import Foundation
import Store
import Tensors
import Testing

@testable import Models
@testable import Postgres
@testable import Serving

/// Servers that start while their database is out of reach.
@Suite(.enabled(if: Cluster.isInstalled), .timeLimit(.minutes(4)))
struct KeptLookTests {
    private let database: TestDatabase
    private let cache = FileManager.default.temporaryDirectory.appendingPathComponent("kept-\(UUID().uuidString)").path

    init() throws {
        database = try #require(Cluster.shared).newDatabase()
    }

    /// Returns once a replica has kept all that `other` shows, and is gone.
    private func keep(_ other: Registry) async throws {
        let replica = try await startAlone()
        try await untilLoaded(replica)
        try await replica.catchUp(with: other)
        await replica.freshen()
        replica.stopFollowing()
    }

    /// Starts on the cache, whose last owner may still be on its way out.
    private func startAlone(_ database: TestDatabase? = nil) async throws -> Registry {
        var registry: Registry?
        try await until("the last owner of the cache to be gone") {
            do throws(StoreError) {
                registry = try (database ?? self.database).registry(cache: cache)
            } catch {
                guard case .inUse = error else { throw error }
            }
            return registry != nil
        }
        return try #require(registry)
    }

    /// Returns once nobody writes to the cache.
    private func untilOwnerIsGone() async throws {
        let lock = open("\(cache)/lock", O_RDWR)
        defer { close(lock) }
        try await until("the last owner of the cache to be gone") { flock(lock, LOCK_EX | LOCK_NB) == 0 }
    }

    private func startAndCatchUp(with other: Registry) async throws {
        let alone = try await startAlone()
        try database.allowConnections(true)
        // What is damaged here is of the same revision.
        try await until("a look at all of the database") { alone.contact?.fullLooks != 0 }
        #expect(try alone.everything == other.everything)
        await alone.freshen()
        alone.stopFollowing()
    }

    private func untilLoaded(_ registry: Registry) async throws {
        try await until("something to show") { registry.isLoaded }
    }

    @Test func serveWhatTheySawLast() async throws {
        defer { try? FileManager.default.removeItem(atPath: cache) }
        let other = try await database.replica()
        try await other.add("fc", .linear(2, 2))
        try await other.add("large", .linear(40_000, 1))
        try await other.add("net", .references("fc"))
        try await other.add("gone", .linear(2, 2))
        try await keep(other)
        // What came later is kept as well, without what it took the place of.
        try await other.setBias(of: "fc", to: 3)
        _ = try await other.delete("gone")
        for value in 4...8 { try await other.setBias(of: "fc", to: Float(value)) }
        try await keep(other)

        try database.allowConnections(false)
        let alone = try await startAlone()
        try await untilLoaded(alone)
        #expect(try alone.everything == other.everything)
        #expect(try await alone.call("net", [1, 2]) == other.call("net", [1, 2]))
        #expect(alone.instance == other.instance)
        #expect(alone.contact?.lostAt != nil)
        #expect(alone.contact?.fullLooks == 0)
        let refusal = await servingError { try await alone.setBias(of: "fc", to: 1) }
        guard case .storeUnavailable(_, isUnknown: false) = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }

        try database.allowConnections(true)
        try await until("the database to be found again") { other.contact?.lostAt == nil }
        try await other.setBias(of: "fc", to: 9)
        try await alone.catchUp(with: other)
        #expect(try alone.everything == other.everything)
        #expect(alone.contact?.fullLooks == 1)
        #expect(alone.contact?.losses == 0)
    }

    @Test(arguments: ["garbage", "half", "nothing"]) func takeADamagedCopyForNone(damage: String) async throws {
        defer { try? FileManager.default.removeItem(atPath: cache) }
        let other = try await database.replica()
        for number in 0..<8 { try await other.add("fc\(number)", .linear(20, 20)) }
        try await keep(other)
        try database.allowConnections(false)
        try await untilOwnerIsGone()
        let file = URL(fileURLWithPath: "\(cache)/seen.sqlite")
        var bytes = try Data(contentsOf: file)
        switch damage {
        case "garbage": bytes = Data(repeating: 0x41, count: 100_000)
        case "half": bytes = bytes.prefix(bytes.count / 2)
        default: bytes = Data()
        }
        try bytes.write(to: file)
        try await startAndCatchUp(with: other)
        // It is whole again by then.
        try database.allowConnections(false)
        let again = try await startAlone()
        try await untilLoaded(again)
        #expect(try again.everything == other.everything)
    }

    @Test func knowWhichDatabaseItWas() async throws {
        defer { try? FileManager.default.removeItem(atPath: cache) }
        let other = try await database.replica()
        try await other.add("fc", .linear(2, 2))
        try await keep(other)
        let another = try #require(Cluster.shared).newDatabase()
        try another.allowConnections(false)
        let alone = try await startAlone(another)
        try await until("the loss of the database") { alone.contact?.lostAt != nil }
        #expect(!alone.isLoaded)
        try another.allowConnections(true)
        try await untilLoaded(alone)
        #expect(alone.modules().isEmpty)
    }

    @Test func showWhatNeedsAMissingTensorAsDamaged() async throws {
        defer { try? FileManager.default.removeItem(atPath: cache) }
        let other = try await database.replica()
        try await other.add("fc", .linear(2, 2))
        try await other.add("large", .linear(40_000, 1))
        try await keep(other)
        try database.allowConnections(false)
        try await untilOwnerIsGone()
        try FileManager.default.removeItem(atPath: "\(cache)/blobs")
        let alone = try await startAlone()
        try await untilLoaded(alone)
        #expect(try await alone.call("fc", [1, 2]) == other.call("fc", [1, 2]))
        #expect(alone.damagedModules.map(\.name) == ["large"])
        try database.allowConnections(true)
        try await until("the damaged modules to be well again") { alone.damagedModules.isEmpty }
        #expect(try alone.everything == other.everything)
    }
}
