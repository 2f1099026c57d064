import Foundation
import OrderedCollections
import Store
import Tensors
import Testing

@testable import Models
@testable import Postgres
@testable import Serving

/// Tensors that lie in the database in pieces.
@Suite(.enabled(if: Cluster.isInstalled), .timeLimit(.minutes(2)))
struct LargeTensorTests {
    private let database: TestDatabase
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("callpath-\(UUID().uuidString)")

    init() throws {
        database = try #require(Cluster.shared).newDatabase()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func cache(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// The copies of blobs in a cache.
    private func copies(_ name: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(cache(name))/blobs")
            .filter { $0.split(separator: "/").count == 2 }.map { "\(cache(name))/blobs/\($0)" }
    }

    /// One of less than a piece, one of several, one of exactly one with what stands before it.
    @Test(arguments: [17_000, 700_000, (1 << 18) - 20]) func areTheSameBitForBit(count: Int) async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let one = try await database.replica(cache: cache("one"))
        let (other, none) = try await (database.replica(cache: cache("other")), database.replica())
        let made = try await one.add("fc", .linear(count, 1))
        for replica in [other, none] {
            try await replica.catchUp(with: one)
            let weight = try #require(replica.moduleVersion("fc").stateDict["weight"])
            #expect(try #require(made.stateDict["weight"]).hasSameBits(as: weight))
        }
        #expect(try copies("one").count == 1)
        #expect(try copies("other").count == 1)
        // Another bias brings no large tensor, and shares the one that is there.
        let blobs = try database.run("SELECT count(*)::text FROM callpath.blob_done")
        try await one.setBias(of: "fc", to: 1, count: 1)
        try await other.catchUp(with: one)
        #expect(try database.run("SELECT count(*)::text FROM callpath.blob_done") == blobs)
        #expect(try other.moduleVersion("fc").version == 2)
    }

    @Test func aBadCopyIsFetchedAgain() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let one = try await database.replica()
        let made = try await one.add("fc", .linear(40_000, 1))
        _ = try await database.replica(cache: cache("two"))
        let copy = try #require(copies("two").first)
        chmod(copy, 0o600)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: copy))
        bytes[100_000] ^= 1
        try bytes.write(to: URL(fileURLWithPath: copy))
        var again: Registry?
        try await until("the cache to be free") {
            again = try? await database.replica(cache: cache("two"))
            return again != nil
        }
        let weight = try #require(again?.moduleVersion("fc").stateDict["weight"])
        #expect(try #require(made.stateDict["weight"]).hasSameBits(as: weight))
    }

    @Test func aBadTensorInTheDatabaseIsADamagedModule() async throws {
        let one = try await database.replica()
        try await one.add("fc", .linear(40_000, 1))
        try await one.add("net", .references("fc"))
        try await one.add("well", .linear(2, 2))
        try database.run("UPDATE callpath.blob SET bytes = set_byte(bytes, 100000, get_byte(bytes, 100000) # 1)")
        let late = try await database.replica()
        #expect(try await late.call("well", [1, 2]) == one.call("well", [1, 2]))
        let facts = try late.storeFacts
        #expect(facts.damaged.map(\.name) == ["fc", "net"])
        #expect(facts.damaged[0].reason.contains("does not match its name in the database"))
        // A whole module repairs it, for those that refer to it too, here and elsewhere.
        let other = try await database.replica()
        let description = ModuleDescription(name: "fc", root: .linear(40_000, 1), seed: 1)
        #expect(try await late.put(description).moduleVersion.version > 1)
        #expect(try late.storeFacts.damaged.isEmpty)
        let input = [Float](repeating: 1, count: 40_000)
        #expect(try await late.call("net", input) == late.call("fc", input))
        try await other.catchUp(with: late)
        #expect(try other.storeFacts.damaged.isEmpty)
        #expect(try await other.call("net", input) == late.call("fc", input))
    }

    @Test func whatNobodyNamesGoesAfterAnHour() async throws {
        let one = try await database.replica()
        try await one.add("fc", .linear(40_000, 1))
        try await one.delete("fc")
        try database.run("SELECT callpath.sweep()")
        #expect(try database.run("SELECT count(*)::text FROM callpath.blob") == ["1"])
        try database.run("UPDATE callpath.blob_done SET unnamed = unnamed - interval '2 hours'")
        #expect(try database.run("SELECT callpath.sweep()::text") == ["1"])
        #expect(try database.run("SELECT count(*)::text FROM callpath.blob") == ["0"])
        #expect(try database.run("SELECT count(*)::text FROM callpath.part") == ["0"])
    }
}
