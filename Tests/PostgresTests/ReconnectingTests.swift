import Foundation
import Store
import Testing

@testable import Models
@testable import Postgres
@testable import Serving

/// The way to the database breaks, wholly or in part, and is found again.
@Suite(.enabled(if: Cluster.isInstalled), .timeLimit(.minutes(2)))
struct ReconnectingTests {
    private let database: TestDatabase

    init() throws {
        database = try #require(Cluster.shared).newDatabase()
    }

    /// libpq's own search of several hosts ends at one that accepts a connection and closes it.
    @Test func aHostThatAcceptsAndSaysNothingIsPassedOver() throws {
        let host = try ClosingHost()
        let url = database.url.replacing("@127.0.0.1", with: "@127.0.0.1:\(host.port),127.0.0.1")
        let store = try PostgresStore(DatabaseAddress(url))
        #expect(try store.probe() == nil)
    }

    @Test func ofSeveralHostsAllAreNamedWhereNoneIsThere() throws {
        let hosts = [try ClosingHost(), try ClosingHost()]
        let store = try PostgresStore(
            DatabaseAddress("postgresql://callpath@127.0.0.1:\(hosts[0].port),127.0.0.1:\(hosts[1].port)/none")
        )
        let reason = try #require(try store.probe())
        for host in hosts { #expect(reason.contains("\(host.port)")) }
    }

    @Test func aConnectionThatBrokeWhileNobodyUsedItIsNoLoss() throws {
        let store = try PostgresStore(DatabaseAddress(database.url))
        let first = try store.nextHookID()
        try database.endConnections()
        #expect(try store.nextHookID() == first + 1)
        #expect(store.contact.lostAt == nil)
    }

    /// Others wait for the next look, however long that is, if nobody wakes it.
    @Test func aLossIsLookedIntoAtOnce() async throws {
        let replica = try await database.replica(interval: .seconds(3_600))
        try await replica.add("fc", .linear(2, 2))
        let holder = try Connection(to: DatabaseAddress(database.url))
        let deadline = Deadline(after: .seconds(60))
        try holder.run("BEGIN", until: deadline)
        try holder.run("SELECT 1 FROM callpath.module WHERE name = 'fc' FOR UPDATE", until: deadline)
        async let refused = servingError { try await replica.setBias(of: "fc", to: 1) }
        try await until("the change to wait for the lock") {
            try database.endConnections(where: "wait_event_type = 'Lock'") > 0
        }
        guard case .storeUnavailable = await refused else {
            Issue.record("the change was not refused")
            return
        }
        try holder.run("ROLLBACK", until: deadline)
        try await until("the database to be found again") { replica.contact?.lostAt == nil }
        try await replica.setBias(of: "fc", to: 2)
    }
}

/// A place that takes connections and closes them, as a proxy does before a database that is gone.
private final class ClosingHost: Sendable {
    let port: Int
    private let listener: Int32

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, address, &size) == 0
            }
        }
        try #require(isBound)
        (self.listener, port) = (listener, Int(UInt16(bigEndian: address.sin_port)))
        Thread.detachNewThread {
            while case let connection = accept(listener, nil, nil), connection >= 0 { close(connection) }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}
