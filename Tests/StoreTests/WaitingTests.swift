import Foundation
import Synchronization
import Testing

@testable import Store

/// Small changes, which are durable before they stand in the tables.
struct WaitingTests {
    private let folder: TestFolder
    private var path: String { folder.path + "/registry" }
    private var index: String { path + "/registry.sqlite" }

    init() throws {
        folder = try TestFolder()
    }

    private func make(_ versions: ClosedRange<Int>, in store: Store, keeping kept: Int = 2) throws {
        for version in versions {
            var parts: [String: StorePart?] = ["a": StorePart([UInt8(version)])]
            if version == 1 { parts["b"] = StorePart([77]) }
            let header = Array("v\(version)".utf8)
            var change = StoreChange([
                .put(name: "fc", version: version, header: header, parts: parts, replacesAll: version == 1)
            ])
            if version > kept { change.steps.append(.drop(name: "fc", version: version - kept)) }
            try store.make(change, StoreCounters(floor: 0, highestVersion: version, nextHook: 3))
        }
    }

    private func expect(_ store: Store, versions: [Int]) throws {
        #expect(store.revision == versions.last)
        #expect(store.counters == StoreCounters(floor: 0, highestVersion: versions.last ?? 0, nextHook: 3))
        #expect(try store.records().map(\.version) == versions)
        for version in versions {
            let parts = try store.parts(of: "fc", version: version)
            #expect(parts.header == Array("v\(version)".utf8))
            #expect(try parts.contents(of: "a") == [UInt8(version)])
            #expect(try parts.contents(of: "b") == [77])
        }
    }

    private func waitingCount(_ store: Store) -> Int { store.index.withLock { $0.waiting.changes.count } }

    @Test func areReadAsIfTheyStoodInTheTables() throws {
        do {
            let store = try Store(path: path)
            try make(1...50, in: store)
            #expect(waitingCount(store) == 49)
            try expect(store, versions: [49, 50])
            #expect(waitingCount(store) == 0)
        }
        let rows = try TestDatabase.number("SELECT count(*) FROM part", at: index)
        #expect(rows == 3)
    }

    @Test func areThereAfterAStart() throws {
        try make(1...9, in: Store(path: path))
        try expect(Store(path: path), versions: [8, 9])
        try make(10...12, in: Store(path: path))
        #expect(try Store(path: path).revision == 12)
        try expect(Store(path: path), versions: [11, 12])
    }

    @Test func goIntoTheTablesOnceTheyAreMany() throws {
        let store = try Store(path: path)
        store.index.withLock { $0.settleCount = 10 }
        try make(1...11, in: store)
        #expect(waitingCount(store) == 0)
        try make(12...15, in: store)
        #expect(waitingCount(store) == 4)
        store.close()
        #expect(waitingCount(store) == 0)
        try expect(store, versions: [14, 15])
    }

    /// What is not there any more in the tables of a store that cannot write is what it was told last all the same.
    @Test func areReadWhereNothingCanBeWritten() throws {
        let store = try Store(path: path)
        try make(1...5, in: store)
        _ = store.fail(because: "planted", .unchanged)
        try expect(store, versions: [4, 5])
        try expect(store, versions: [4, 5])
        #expect(waitingCount(store) == 4)
    }

    @Test func aDamagedOneIsFoundAtTheStart() throws {
        try make(1...5, in: Store(path: path))
        try TestDatabase.run("UPDATE waiting SET body = x'00' || body WHERE revision = 4", at: index)
        #expect(throws: StoreError.self) { try Store(path: path) }
        try TestDatabase.run("DELETE FROM waiting WHERE revision = 4", at: index)
        #expect(throws: StoreError.self) { try Store(path: path) }
    }

    @Test func anOlderSchemaGetsTheirTable() throws {
        do {
            let store = try Store(path: path)
            try make(1...5, in: store)
            store.close()
        }
        try TestDatabase.run("DROP TABLE waiting; PRAGMA user_version=1", at: index)
        try expect(Store(path: path), versions: [4, 5])
    }

    @Test func filesAndWholeRecordsDoNotWait() throws {
        let store = try Store(path: path)
        try make(1...3, in: store)
        #expect(waitingCount(store) == 2)
        let file = StorePart(BytesPieces(bytes: [UInt8](repeating: 1, count: 70_000)), isFile: true)
        try store.make(
            StoreChange([.put(name: "fc", version: 4, header: [], parts: ["c": file], replacesAll: false)]),
            StoreCounters()
        )
        #expect(waitingCount(store) == 0)
        // Nor does anything of what has a file: somebody may want its room.
        try store.make(
            StoreChange([.put(name: "fc", version: 5, header: [], parts: ["a": StorePart([1])], replacesAll: false)]),
            StoreCounters()
        )
        #expect(waitingCount(store) == 0)
    }

    // MARK: Rows

    private var changes: [StoreChange] {
        func put(_ version: Int, _ parts: [String: StorePart?]) -> StoreStep {
            .put(name: "fc", version: version, header: [UInt8(version)], parts: parts, replacesAll: false)
        }
        return [
            StoreChange([put(3, ["a": StorePart([3])]), .drop(name: "fc", version: 1)]),
            StoreChange([put(4, ["b": StorePart([4, 4])]), .setHeader(name: "net", version: 9, header: [])]),
            StoreChange([put(5, ["a": StorePart([])]), .drop(name: "fc", version: 3)]),
            StoreChange([.drop(name: "fc", version: 2), .setHeader(name: "fc", version: 4, header: [8])]),
        ]
    }

    private func text(_ changes: [StoreChange]) -> [[String]] {
        changes.map { change in
            change.steps.map { step in
                switch step {
                case .put(let name, let version, let header, let parts, let replacesAll):
                    let pairs = parts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value?.bytes ?? [])" }
                    return "put \(name) \(version) \(header) \(pairs) \(replacesAll)"
                case .setHeader(let name, let version, let header): return "header \(name) \(version) \(header)"
                case .drop(let name, let version): return "drop \(name) \(version)"
                }
            }
        }
    }

    @Test func aRowSaysWhatWasWritten() throws {
        let counters = StoreCounters(floor: 5, highestVersion: 1 << 40, nextHook: -1)
        let body = WaitingChanges.body(WaitingChanges.Row(before: 7, counters: counters, changes: changes))
        let row = try #require(WaitingChanges.row(in: body))
        #expect(row.before == 7)
        #expect(row.counters == counters)
        #expect(text(row.changes) == text(changes))
        for count in body.indices { #expect(WaitingChanges.row(in: Array(body[..<count])) == nil) }
        #expect(WaitingChanges.row(in: body + [0]) == nil)
    }

    @Test func versionsThatWentAgainAreJoined() {
        var waiting = WaitingChanges()
        waiting.append(changes, byteCount: 0)
        #expect(
            text(waiting.merged) == [
                ["put fc 4 [8] [\"a=[3]\", \"b=[4, 4]\"] false", "drop fc 1"],
                ["put fc 5 [5] [\"a=[]\"] false", "drop fc 2"],
                ["header net 9 []"],
            ]
        )
    }
}
