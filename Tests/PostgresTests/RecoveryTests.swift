import Foundation
import Store
import Tensors
import Testing

@testable import Models
@testable import Postgres
@testable import Serving

/// Databases that lose what they had acknowledged, and servers that begin together.
@Suite(.enabled(if: Cluster.isInstalled), .timeLimit(.minutes(2)))
struct RecoveryTests {
    private let database: TestDatabase

    init() throws {
        database = try #require(Cluster.shared).newDatabase()
    }

    /// As after a fail-over to a standby that had not got the last change.
    @Test func aDatabaseThatHasLostChangesIsAnotherRegistry() async throws {
        let (one, other) = try await (database.replica(), database.replica())
        try await one.add("fc", .linear(2, 2))
        try await one.add("gone", .linear(2, 2))
        try await other.catchUp(with: one)
        let (instance, kept) = (one.instance, try await one.call("fc", [1, 2]))
        let tables = ["module", "record", "part"]
        for table in tables { try database.run("CREATE TABLE \(table)_before AS TABLE callpath.\(table)") }
        try await one.setBias(of: "fc", to: 9)
        try await one.add("lost", .linear(2, 2))
        try await other.catchUp(with: one)
        for table in tables.reversed() { try database.run("DELETE FROM callpath.\(table)") }
        for table in tables { try database.run("INSERT INTO callpath.\(table) TABLE \(table)_before") }
        // Another version of the same number, as a client would write it that tries again.
        try database.run("UPDATE callpath.meta SET swept = pg_current_xact_id()")
        for replica in [one, other] {
            try await until("another instance without what was lost") {
                replica.instance != instance && replica.modules().count == 2
            }
            #expect(try await replica.call("fc", [1, 2]) == kept)
            #expect(try replica.moduleVersion("fc").version == 1)
        }
        #expect(one.instance == other.instance)
        #expect((one.contact?.losses ?? 0) + (other.contact?.losses ?? 0) > 0)
        try await one.setBias(of: "fc", to: 1)
        try await other.catchUp(with: one)
        #expect(try one.everything == other.everything)
    }

    /// A version of one number may be another one after changes were lost.
    @Test func whatIsAnotherThingUnderTheSameNumberIsTaken() async throws {
        let (one, other) = try await (database.replica(), database.replica())
        try await one.add("fc", .linear(2, 2))
        try await one.setBias(of: "fc", to: 3)
        try await other.catchUp(with: one)
        let late = try await database.replica()
        // The bytes of the bias are the last of its part.
        let row = "callpath.part WHERE key = 'tensor/bias' AND until IS NULL"
        let hash = try database.run("SELECT encode(hash, 'hex') FROM \(row)")[0]
        #expect(hash.count == 64)
        try await one.setBias(of: "fc", to: 4)
        try await late.catchUp(with: one)
        for replica in [other, late] { try await replica.catchUp(with: one) }
        #expect(try other.everything == late.everything)
    }

    @Test func severalBeginAtOnceOnAnEmptyDatabase() async throws {
        let replicas = try await withThrowingTaskGroup(of: Registry.self) { group in
            for _ in 0..<4 { group.addTask { try await database.replica() } }
            return try await group.reduce(into: [Registry]()) { $0.append($1) }
        }
        #expect(Set(replicas.map(\.instance)).count == 1)
    }

    /// All load the same folder at the start: one puts it there, and the others find it.
    @Test func aFolderOfModelsIsPutThereOnce() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("models-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let model = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../deploy/models/fc.safetensors")
        try FileManager.default.copyItem(
            at: model.standardizedFileURL,
            to: folder.appendingPathComponent("fc.safetensors")
        )
        let replicas = try await [database.replica(), database.replica(), database.replica()]
        let versions = try await withThrowingTaskGroup(of: Int.self) { group in
            for replica in replicas {
                group.addTask {
                    try await replica.adoptModel(named: "fc", from: ModelFolder(path: folder.path))
                    return try replica.moduleVersion("fc").version
                }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(versions == [1, 1, 1])
    }

    @Test func aNewerSchemaIsRefused() async throws {
        _ = try await database.replica()
        try database.run("UPDATE callpath.meta SET schema = 2")
        let store = try PostgresStore(DatabaseAddress(database.url))
        #expect(throws: StoreError.newerSchema(found: 2, known: 1)) { try store.probe() }
    }

    @Test func aFolderThatHoldsARegistryIsNoCache() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("data-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = try Store(path: path)
        var options = PostgresStore.Options()
        options.cachePath = path
        #expect(throws: StoreError.foreign(path: path, what: "a registry of its own")) {
            try PostgresStore(DatabaseAddress(database.url), options)
        }
    }

    /// What one machine held becomes what many share.
    @Test func aBackupFillsAnEmptyDatabase() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("data-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        var serving = ServingOptions()
        serving.limits.keptVersions = 3
        let old = try Registry(options: serving, store: Store(path: path))
        try await old.add("fc", .linear(2, 2))
        try await old.add("large", .linear(40_000, 1))
        try await old.add("net", .references("fc", "fc"))
        for value in 1...4 { try await old.setBias(of: "fc", to: Float(value)) }
        try await old.add("gone", .linear(2, 2))
        try await old.setBias(of: "gone", to: 1)
        try await old.delete("gone")
        _ = try await old.setParameter("0.bias", of: "net", to: nil)
        let hook = HookDescription(kind: .forward, module: "", action: .statistics)
        let id = try await old.registerHook(hook, on: "net").hook.id
        var bytes: [UInt8] = []
        try await old.backup().write { bytes += $0 }

        let into = try PostgresStore(DatabaseAddress(database.url))
        func restore(_ bytes: [UInt8]) throws(StoreError) {
            var rest = bytes[...]
            try into.restore { count in
                defer { rest = rest.dropFirst(count) }
                return Array(rest.prefix(count))
            } describe: { header in
                (try? ModuleRecord(parsing: header)).map { ($0.references.keys.sorted(), $0.isListed) }
            }
        }
        #expect(throws: StoreError.self) { try restore(bytes.dropLast(2_000)) }
        #expect(try database.run("SELECT count(*)::text FROM callpath.module") == ["0"])
        try restore(bytes)
        #expect(throws: StoreError.notEmpty(path: into.path)) { try restore(bytes) }

        let replica = try await database.replica()
        func shown(_ registry: Registry) throws -> [String] {
            // Revisions count anew.
            try registry.everything.map { $0.replacing(#/ r\d+ /#, with: " ") }
        }
        #expect(try shown(replica) == shown(old))
        #expect(replica.instance != old.instance)
        #expect(try await replica.call("net", [1, 2]) == old.call("net", [1, 2]))
        // References, numbers of versions and of hooks go on where they were.
        let inUse = await servingError { try await replica.delete("fc") }
        guard case .inUse = inUse else {
            Issue.record("\(String(describing: inUse))")
            return
        }
        #expect(try await replica.add("gone", .linear(2, 2)).version > 2)
        #expect(try await replica.registerHook(hook, on: "fc").hook.id > id)
        try await replica.setBias(of: "fc", to: 9)
        let other = try await database.replica()
        #expect(try other.everything == replica.everything)
    }
}
