import Foundation
import Store
import Synchronization

@testable import Postgres
@testable import Serving

/// A PostgreSQL of this test process, in a folder that goes with it.
final class Cluster: Sendable {
    /// The one that tests share, each with a database of its own.
    static let shared = try? Cluster()

    /// Where Debian and others put the programs of the server; `nil` where there is none.
    static let programs: String? = {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let newest = versions.compactMap { Int($0) }.max().map { "/usr/lib/postgresql/\($0)/bin" }
        return [newest, "/usr/local/bin", "/usr/bin"].compactMap(\.self)
            .first { FileManager.default.isExecutableFile(atPath: "\($0)/initdb") }
    }()

    static var isInstalled: Bool { programs != nil }

    private let folder: String
    private let port: Int
    private let databases = Atomic<Int>(0)

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("callpath-pg-\(UUID().uuidString)").path
        port = Int.random(in: 20_000..<30_000)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // The server refuses to run as root.
        if getuid() == 0 { try Self.run(["/bin/chown", "postgres", folder]) }
        try asServer("initdb", "-A", "trust", "-U", "callpath", "-D", "\(folder)/data")
        try start()
        atexit { Cluster.shared?.remove() }
    }

    func start() throws {
        let options = "-p \(port) -c listen_addresses=127.0.0.1 -k \(folder) -c fsync=off -c max_connections=400"
        try asServer("pg_ctl", "-D", "\(folder)/data", "-l", "\(folder)/log", "-o", options, "-w", "start")
    }

    func stop() throws {
        try asServer("pg_ctl", "-D", "\(folder)/data", "-m", "immediate", "-w", "stop")
    }

    func remove() {
        try? stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func asServer(_ program: String, _ arguments: String...) throws {
        let command = ["\(Self.programs ?? "")/\(program)"] + arguments
        try Self.run(getuid() == 0 ? ["/sbin/runuser", "-u", "postgres", "--"] + command : command)
    }

    /// Runs a program to its end; what it leaves running in the background holds nothing of this process.
    private static func run(_ command: [String]) throws {
        let quoted = command.map { "'\($0)'" }.joined(separator: " ")
        struct Failure: Error { let command: [String] }
        guard system("cd / && \(quoted) </dev/null >/dev/null 2>&1") == 0 else { throw Failure(command: command) }
    }

    /// Makes a database that nobody else uses.
    func newDatabase() throws -> TestDatabase {
        let name = "test\(databases.add(1, ordering: .relaxed).newValue)"
        try TestDatabase(url: url(of: "postgres")).run("CREATE DATABASE \(name)")
        return TestDatabase(url: url(of: name))
    }

    private func url(of database: String) -> String {
        "postgresql://callpath@127.0.0.1:\(port)/\(database)"
    }
}

/// A database of a test.
struct TestDatabase: Sendable {
    let url: String

    /// Opens a registry on it, as a replica of its own.
    func replica(
        cache: String = "",
        timeout: Duration = .seconds(10),
        interval: Duration = .seconds(1),
        hearing news: @escaping @Sendable (StoreNews) -> Void = { _ in }
    ) async throws -> Registry {
        let registry = try registry(cache: cache, timeout: timeout, interval: interval, hearing: news)
        try await until("a first look at the database") { registry.isLoaded }
        return registry
    }

    /// The same, which may not have reached it yet.
    func registry(
        cache: String,
        timeout: Duration = .seconds(10),
        interval: Duration = .seconds(1),
        hearing news: @escaping @Sendable (StoreNews) -> Void = { _ in }
    ) throws(StoreError) -> Registry {
        var options = PostgresStore.Options()
        (options.cachePath, options.timeout, options.interval) = (cache, timeout, interval)
        var serving = ServingOptions()
        serving.limits.keptVersions = 3
        serving.storeNews = news
        let address: DatabaseAddress
        do throws(PostgresError) {
            address = try DatabaseAddress(url)
        } catch { throw .unreachable(reason: error.message, outcome: .unchanged) }
        return Registry(options: serving, shared: try PostgresStore(address, options))
    }

    /// Has nobody come in any more, and all who are in go; or lets them in again.
    func allowConnections(_ isAllowed: Bool) throws {
        let name = url.split(separator: "/").last ?? ""
        let postgres = TestDatabase(url: url.dropLast(name.count) + "postgres")
        try postgres.run("ALTER DATABASE \(name) ALLOW_CONNECTIONS \(isAllowed)")
        if isAllowed { return }
        try postgres.run("SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = '\(name)'")
    }

    /// Has the server end connections of others, and returns how many.
    @discardableResult
    func endConnections(where condition: String = "true") throws -> Int {
        try run(
            """
            SELECT pg_terminate_backend(pid, 5000)::text FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND \(condition)
            """
        ).count
    }

    /// Runs a statement beside all replicas.
    @discardableResult
    func run(_ text: String) throws -> [String] {
        let deadline = Deadline(after: .seconds(10))
        let connection = try Connection(to: DatabaseAddress(url))
        return try connection.run(text, until: deadline).map { $0.text(0) }
    }
}
