import Foundation
import HTTP
import HTTPTypes
import JSON
import ModuleAPI
import Store
import Synchronization
import TestServer
import Testing
import Web

@testable import Models
@testable import Serving

extension HTTPField.Name {
    fileprivate static let revision = HTTPField.Name("Callpath-Revision") ?? .eTag
    fileprivate static let minimumRevision = HTTPField.Name("Callpath-Minimum-Revision") ?? .eTag
    fileprivate static let replica = HTTPField.Name("Callpath-Replica") ?? .eTag
    fileprivate static let stale = HTTPField.Name("Callpath-Stale") ?? .eTag
}

extension Server {
    fileprivate init(_ registry: Registry, replica: String = "r1", syncWait: Duration = .seconds(20)) {
        var options = API.Options()
        (options.replica, options.syncWait) = (replica, syncWait)
        self.init(options: options, registry: registry)
    }

    fileprivate func make(_ name: String) async -> Received {
        await json(
            .post,
            "/v1/modules",
            #"{"name": "\#(name)", "type": "Linear", "in_features": 2, "out_features": 2, "seed": 0}"#
        )
    }
}

/// What clients of several servers see.
@Suite(.enabled(if: Cluster.isInstalled), .timeLimit(.minutes(2)))
struct InterfaceTests {
    private let database: TestDatabase

    init() throws {
        database = try #require(Cluster.shared).newDatabase()
    }

    @Test func aClientReadsItsOwnWritesAnywhere() async throws {
        let servers = [
            Server(try await database.replica(), replica: "one"), Server(try await database.replica(), replica: "two"),
        ]
        var revision = try #require(await servers[0].make("fc").fields[.revision])
        for round in 1...20 {
            let (here, there) = (servers[round % 2], servers[1 - round % 2])
            let seen = await here.send(.get, "/v1/modules/fc", [.minimumRevision: revision])
            #expect(seen.status == 200)
            #expect(seen.fields[.revision] == revision)
            #expect(seen.fields[.replica] == (round % 2 == 0 ? "one" : "two"))
            let tag = try #require(seen.fields[.eTag])
            let changed = await here.json(.put, "/v1/modules/fc/bias", "[\(round), 1]", [.ifMatch: tag])
            #expect(changed.status == 200)
            revision = try #require(changed.fields[.revision])
            let called = await there.json(
                .post,
                "/v1/modules/fc/call",
                #"{"input": [0, 0]}"#,
                [.minimumRevision: revision]
            )
            #expect(called.json["output"]?[0]?.asDouble == Double(round))
            #expect(called.fields[.revision] == revision)
        }
    }

    /// What one has acknowledged no other refuses because it has not seen it yet.
    @Test func aChangeIsNeverRefusedForWhatIsOld() async throws {
        let (one, two) = (Server(try await database.replica()), Server(try await database.replica()))
        for round in 0..<5 {
            let tag = try #require(await one.make("m\(round)").fields[.eTag])
            let changed = await two.json(.put, "/v1/modules/m\(round)/bias", "[1, 1]", [.ifMatch: tag])
            #expect(changed.status == 200, "\(changed.text)")
            let newer = try #require(changed.fields[.eTag])
            #expect(await one.json(.put, "/v1/modules/m\(round)/bias", "[2, 2]", [.ifMatch: newer]).status == 200)
            #expect(await two.send(.delete, "/v1/modules/m\(round)").status == 204)
            #expect(await one.make("m\(round)").status == 201)
            #expect(await two.make("m\(round)").status == 409)
        }
    }

    @Test func whatCannotBeSeenHereIsRefused() async throws {
        let server = Server(try await database.replica(), syncWait: .milliseconds(1))
        let revision = try #require(await server.make("fc").fields[.revision])
        let tag = revision.prefix(8)
        let rows: [(String, Int, String)] = [
            (revision, 200, ""), ("\(revision), \(revision)", 200, ""),
            ("\(tag).9000000000000000000", 503, "replica_behind"), ("ffffffff.1", 412, "precondition_failed"),
            ("", 400, "malformed_field"), ("\(tag)", 400, "malformed_field"), ("\(tag).", 400, "malformed_field"),
            ("\(tag).-1", 400, "malformed_field"), ("\(tag).99999999999999999999", 400, "malformed_field"),
            ("\(revision),", 400, "malformed_field"), ("\(tag).1.1", 400, "malformed_field"),
        ]
        for (text, status, code) in rows {
            let answer = await server.send(.get, "/v1/modules/fc", [.minimumRevision: text])
            #expect(answer.status == status, "\(text)")
            if status != 200 { #expect(answer.json["code"]?.asString == code, "\(text)") }
            if status == 503 { #expect(answer.fields[.retryAfter] == "1") }
            #expect(answer.fields[.replica] == "r1")
        }
    }

    @Test func aCallNamesTheVersionThatItWants() async throws {
        let (one, two) = (Server(try await database.replica()), Server(try await database.replica()))
        let first = try #require(await one.make("fc").fields[.eTag])
        let second = try #require(await one.json(.put, "/v1/modules/fc/bias", "[1, 1]").fields[.eTag])
        func call(_ server: Server, _ tag: String) async -> Int {
            await server.json(.post, "/v1/modules/fc/call", #"{"input": [0, 0]}"#, [.ifMatch: tag]).status
        }
        #expect(await call(two, second) == 200)
        #expect(await call(two, first) == 412)
        #expect(await call(two, "\(first), \(second)") == 200)
        #expect(await call(two, "*") == 200)
        #expect(await call(two, "\"2-ffffffff\"") == 412)
    }

    /// Alone, a server has the same fields, and nothing to wait for.
    @Test func aServerOfItsOwnNeverWaits() async throws {
        let server = Server()
        let made = await server.make("fc")
        let revision = try #require(made.fields[.revision])
        let tag = try #require(made.fields[.eTag])
        for (text, status) in [(revision, 200), ("\(Server.tag).2", 412), ("ffffffff.1", 412), ("1", 400)] {
            let answer = await server.send(.get, "/v1/modules/fc", [.minimumRevision: text])
            #expect(answer.status == status)
            #expect(answer.fields[.replica] == nil)
            #expect(answer.fields[.revision] == nil)
        }
        let newer = tag.replacingOccurrences(of: "\"1-", with: "\"2-")
        for (tag, status) in [(tag, 200), (newer, 412), ("*", 200)] {
            let answer = await server.json(.post, "/v1/modules/fc/call", #"{"input": [0, 0]}"#, [.ifMatch: tag])
            #expect(answer.status == status)
        }
    }

    @Test func goesOnWithoutItsDatabase() async throws {
        let cluster = try Cluster()
        defer { cluster.remove() }
        let database = try cluster.newDatabase()
        let registry = try await database.replica(timeout: .seconds(3))
        let server = Server(registry)
        #expect(await server.make("fc").status == 201)
        try cluster.stop()
        try await until("the loss of the database") { registry.contact?.lostAt != nil }
        let call = await server.json(.post, "/v1/modules/fc/call", #"{"input": [0, 0]}"#)
        #expect(call.status == 200)
        let refused = await server.json(.put, "/v1/modules/fc/bias", "[1, 1]")
        #expect(refused.status == 503)
        #expect(refused.json["code"]?.asString == "store_unavailable")
        #expect(refused.json["outcome"]?.asString == "unchanged")
        #expect(refused.fields[.retryAfter] == "1")
        let facts = await server.send(.get, "/v1/store").json
        #expect(facts["kind"]?.asString == "postgresql")
        #expect(facts["writable"]?.asBool == false)
        try await until("what is shown to be stale") { registry.staleSeconds > 0 }
        let stale = await server.send(.get, "/v1/modules/fc").fields[.stale]
        #expect(try #require(stale.flatMap { Int($0) }) >= 2)
        try cluster.start()
        try await until("the database to be found again") { registry.contact?.lostAt == nil }
        let changed = await server.json(.put, "/v1/modules/fc/bias", "[1, 1]")
        #expect(changed.status == 200)
        #expect(await server.send(.get, "/v1/modules/fc").fields[.stale] == nil)
        #expect(await server.send(.get, "/v1/store").json["writable"]?.asBool == true)
    }

    /// Hosts, users and tables are for the log.
    @Test func clientsAreNotToldWhereTheDatabaseIs() async throws {
        let heard = Mutex<[String]>([])
        let registry = try await database.replica { news in
            if case .refused(let reason) = news { heard.withLock { $0.append(reason) } }
        }
        let server = Server(registry)
        _ = await server.make("fc")
        try database.run("ALTER TABLE callpath.request RENAME TO secret")
        let refused = await server.make("other")
        #expect(refused.status == 503)
        #expect(refused.code == "store_unavailable")
        #expect(!refused.text.contains("relation"), "\(refused.text)")
        #expect(heard.withLock { $0.contains { $0.contains("request") } })
        try database.allowConnections(false)
        try await until("the loss of the database") { registry.contact?.lostAt != nil }
        let away = await server.make("other")
        #expect(away.status == 503)
        #expect(!away.text.contains("127.0.0.1") && !away.text.contains("FATAL"), "\(away.text)")
    }
}
