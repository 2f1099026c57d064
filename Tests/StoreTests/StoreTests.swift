import Foundation
import Testing

@testable import Store

struct StoreTests {
    private let folder: TestFolder
    private var path: String { folder.path + "/registry" }

    init() throws {
        folder = try TestFolder()
    }

    private func put(
        _ name: String,
        _ version: Int,
        _ parts: [String: StorePart?],
        replacesAll: Bool = true
    ) -> StoreChange {
        StoreChange([.put(name: name, version: version, header: [], parts: parts, replacesAll: replacesAll)])
    }

    private func large(_ byte: UInt8, _ count: Int = 100_000) -> StorePart {
        StorePart(BytesPieces(bytes: [UInt8](repeating: byte, count: count)), isFile: true)
    }

    private func files() throws -> [String] {
        let all = try FileManager.default.subpathsOfDirectory(atPath: path + "/blobs")
        return all.filter { $0.utf8.count > 10 }.sorted()
    }

    @Test func keepsWhatWasCommitted() throws {
        var workload = Workload(seed: 3)
        var instance = ""
        for _ in 0..<4 {
            let store = try Store(path: path)
            if !instance.isEmpty { #expect(store.instance == instance) }
            instance = store.instance
            #expect(try StoreModel(of: store) == workload.model)
            for _ in 0..<20 {
                let (change, counters) = workload.next()
                try store.make(change, counters)
                workload.accept(change, counters)
            }
        }
        #expect(instance.utf8.count == 32)
    }

    /// The log goes into the index before it grows long: a start has to read all of it.
    @Test func movesALongLogIntoTheIndex() throws {
        let store = try Store(path: path)
        let size = 40_000
        for version in 1...200 {
            let part = StorePart([UInt8](repeating: UInt8(version), count: size))
            try store.make(put("fc", version, ["a": part], replacesAll: false), StoreCounters())
            store.tidy()
        }
        func byteCount(_ name: String) throws -> Int {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
            return attributes[.size] as? Int ?? 0
        }
        #expect(try byteCount("registry.sqlite") > 100 * size)
        #expect(try byteCount("registry.sqlite-wal") < 150 * size)
    }

    /// What was written for a change that was refused takes no room, once the next one is made.
    @Test func refusedChangesLeaveNoFiles() throws {
        let store = try Store(path: path, maxBytes: 400_000)
        for byte in 1...9 {
            _ = try store.write(BytesPieces(bytes: [UInt8](repeating: UInt8(byte), count: 200_000)))
            store.tidy()
            #expect(try files() == [])
        }
        let file = try store.write(BytesPieces(bytes: [UInt8](repeating: 1, count: 200_000)))
        let part = StorePart(BytesPieces(bytes: [UInt8](repeating: 1, count: 200_000)), isFile: true, stored: file)
        try store.make(put("fc", 1, ["a": part]), StoreCounters())
        store.tidy()
        #expect(try files().count == 1)
    }

    /// A commit whose sync failed may be in the log all the same, and a start would miss what it names.
    @Test func nothingIsRemovedOnceTheDiskHasFailed() throws {
        let store = try Store(path: path)
        do {
            let prepared = try store.prepare(put("fc", 1, ["a": large(1)]))
            _ = store.fail(because: "planted", .unknown)
            withExtendedLifetime(prepared) {}
        }
        store.tidy()
        #expect(try files().count == 1)
    }

    /// A version that goes with the one that comes leaves its rows to it, and nobody else's.
    @Test(arguments: [1, 2])
    func rowsOfVersionsThatGoAreUsedAgain(kept: Int) throws {
        do {
            let store = try Store(path: path)
            for name in ["fc", "other"] {
                try store.make(put(name, 1, ["a": StorePart([1]), "b": large(2)]), StoreCounters())
            }
            for version in 2...20 {
                var change = put("fc", version, ["a": StorePart([UInt8(version)])], replacesAll: false)
                if version > kept { change.steps.append(.drop(name: "fc", version: version - kept)) }
                try store.make(change, StoreCounters())
            }
            #expect(try store.records().map(\.version) == Array(21 - kept...20) + [1])
            #expect(try store.parts(of: "fc", version: 20).contents(of: "a") == [20])
            #expect(try store.parts(of: "fc", version: 21 - kept).contents(of: "a") == [UInt8(21 - kept)])
            #expect(try store.parts(of: "other", version: 1).contents(of: "a") == [1])
        }
        #expect(try files().count == 1)
        let rows = try TestDatabase.number("SELECT count(*) FROM part", at: path + "/registry.sqlite")
        #expect(rows == kept + 3)
    }

    @Test func writesOnlyThePartThatChanged() throws {
        let store = try Store(path: path)
        try store.make(put("fc", 1, ["a": large(1), "b": large(2)]), StoreCounters())
        try store.make(put("fc", 2, ["b": large(3)], replacesAll: false), StoreCounters())
        #expect(try files().count == 3)
        #expect(try store.parts(of: "fc", version: 2).contents(of: "a").first == 1)
        #expect(try store.parts(of: "fc", version: 1).contents(of: "b").first == 2)
    }

    @Test func keepsEqualPartsOnceAndRemovesThemWithTheirLastUser() throws {
        let store = try Store(path: path)
        try store.make(put("one", 1, ["a": large(7)]), StoreCounters())
        try store.make(put("two", 1, ["a": large(7)]), StoreCounters())
        #expect(try files().count == 1)
        try store.make(StoreChange([.drop(name: "one", version: 1)]), StoreCounters())
        #expect(try files().count == 1)
        try store.make(StoreChange([.drop(name: "two", version: 1)]), StoreCounters())
        #expect(try files().isEmpty)
    }

    @Test func keepsFilesForThoseWhoRead() throws {
        let store = try Store(path: path)
        try store.make(put("one", 1, ["a": large(7)]), StoreCounters())
        let parts = try store.parts(of: "one", version: 1)
        try store.make(StoreChange([.drop(name: "one", version: 1)]), StoreCounters())
        #expect(try parts.contents(of: "a").count == 100_000)
    }

    @Test func sweepsNothingWhereARowIsDamaged() throws {
        do {
            let store = try Store(path: path)
            try store.make(put("one", 1, ["a": large(9)]), StoreCounters())
        }
        try sqlite("UPDATE part SET hash = zeroblob(32)")
        try Store(path: path).sweep()
        #expect(try files().count == 1)
    }

    @Test func opensOnADiskThatTakesNothing() throws {
        let killed = try Store(path: path)
        try killed.make(put("fc", 1, ["a": StorePart([1])]), StoreCounters())
        let copy = folder.path + "/copy"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        let disk = RecordingDisk(root: copy)
        disk.fail(at: 1, number: ENOSPC, isLasting: true)
        let store = try Store(path: copy, disk: disk)
        #expect(try store.parts(of: "fc", version: 1).contents(of: "a") == [1])
        #expect(throws: StoreError.full) { try store.make(put("fc", 2, ["a": StorePart([2])]), StoreCounters()) }
    }

    @Test func theLogDoesNotGrowForEver() throws {
        let store = try Store(path: path)
        for version in 1...1_500 {
            let change = StoreChange(
                put("fc", version, ["a": StorePart([UInt8(version % 251)])]).steps
                    + (version > 1 ? [.drop(name: "fc", version: version - 1)] : [])
            )
            try store.make(change, StoreCounters())
        }
        let log = try FileManager.default.attributesOfItem(atPath: path + "/registry.sqlite-wal")[.size] as? Int
        #expect(try #require(log) < 6 << 20)
        #expect(try store.parts(of: "fc", version: 1_500).contents(of: "a") == [UInt8(1_500 % 251)])
    }

    @Test func aClosedStoreHasAllInItsIndex() throws {
        let store = try Store(path: path)
        try store.make(put("one", 1, ["a": StorePart([7])]), StoreCounters())
        store.close()
        #expect(try Data(contentsOf: URL(filePath: path + "/registry.sqlite-wal")).isEmpty)
        try store.make(put("one", 2, ["a": StorePart([8])]), StoreCounters())
        #expect(try store.parts(of: "one", version: 2).contents(of: "a") == [8])
    }

    @Test func sweepsWhatAStopLeftBehind() throws {
        var store: Store? = try Store(path: path)
        _ = try store?.prepare(put("one", 1, ["a": large(9)]))
        #expect(try files().count == 1)
        store = nil
        store = try Store(path: path)
        store?.sweep()
        #expect(try files().isEmpty)
    }

    @Test(arguments: ["missing", "short", "flipped", "longer"])
    func findsADamagedFileAndReplacesIt(_ damage: String) throws {
        let store = try Store(path: path)
        try store.make(put("fc", 1, ["a": large(1)]), StoreCounters())
        let file = try path + "/blobs/" + #require(files().first)
        var bytes = try Data(contentsOf: URL(filePath: file))
        switch damage {
        case "missing": bytes = Data()
        case "short": bytes.removeLast()
        case "longer": bytes.append(0)
        default: bytes[5_000] ^= 4
        }
        try FileManager.default.removeItem(atPath: file)
        if damage != "missing" { try bytes.write(to: URL(filePath: file)) }
        let parts = try store.parts(of: "fc", version: 1)
        #expect(throws: StoreError.self) { try parts.contents(of: "a") }
        try store.make(put("fc", 2, ["a": large(1)]), StoreCounters())
        #expect(try store.parts(of: "fc", version: 2).contents(of: "a").count == 100_000)
    }

    // MARK: Folders that do not open

    @Test func refusesAFolderInUseAndNamesTheProcess() throws {
        let store = try Store(path: path)
        #expect(throws: StoreError.inUse(path: path, pid: "\(getpid())")) { try Store(path: path) }
        withExtendedLifetime(store) {}
    }

    @Test func refusesAFolderWithoutOneAroundIt() {
        #expect(throws: StoreError.notUsable(DiskError("mkdir", path + "/a/b", 2))) { try Store(path: path + "/a/b") }
    }

    @Test func refusesWhatAnotherProgramMade() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data().write(to: URL(filePath: path + "/letters.txt"))
        #expect(throws: StoreError.foreign(path: path, what: "'letters.txt'")) { try Store(path: path) }
    }

    @Test(arguments: ["registry.sqlite", "registry.sqlite and log"])
    func refusesAFolderThatLostItsIndex(_ lost: String) throws {
        do {
            let store = try Store(path: path)
            try store.make(put("fc", 1, ["a": large(1)]), StoreCounters())
            if lost.hasSuffix("log") { store.close() }
        }
        try FileManager.default.removeItem(atPath: path + "/registry.sqlite")
        #expect(throws: StoreError.self) { try Store(path: path) }
        #expect(try files().count == 1)
        var subjects: [String] = []
        #expect(try Store.verify(path: path) { subject, _ in subjects.append(subject) } == 1)
        #expect(subjects == ["registry.sqlite"])
    }

    @Test(arguments: ["application_id=7", "user_version=99"])
    func refusesAnIndexOfAnother(_ pragma: String) throws {
        _ = try Store(path: path)
        try sqlite("PRAGMA \(pragma)")
        #expect(throws: StoreError.self) { try Store(path: path) }
    }

    @Test(arguments: [
        "UPDATE meta SET revision = 7", "DELETE FROM meta", "DELETE FROM record",
    ])
    func refusesAnIndexThatLostSomething(_ text: String) throws {
        do {
            let store = try Store(path: path)
            try store.make(put("fc", 1, ["a": StorePart([1])]), StoreCounters())
        }
        try sqlite(text)
        #expect(throws: StoreError.self) { try Store(path: path).records() }
    }

    @Test(arguments: [
        "UPDATE record SET header = x'01'", "UPDATE part SET bytes = x'02'", "UPDATE part SET until = 9",
        "DELETE FROM part", "UPDATE part SET key = 'b'",
    ])
    func findsADamagedRow(_ text: String) throws {
        do {
            let store = try Store(path: path)
            try store.make(put("fc", 1, ["a": StorePart([1])]), StoreCounters())
        }
        try sqlite(text)
        let store = try Store(path: path)
        #expect(try store.records().count == 1)
        #expect(throws: StoreError.self) { try store.parts(of: "fc", version: 1) }
    }

    @Test(arguments: [("name", 1, UInt8(1)), ("version", 2, UInt8(4))])
    func listsADamagedVersionUnderItsName(_ column: String, at place: Int, flipping bit: UInt8) throws {
        do {
            let store = try Store(path: path)
            for version in [4, 5] { try store.make(put("fc", version, ["a": StorePart([1])]), StoreCounters()) }
            store.close()
        }
        // What a flipped bit does: the row of a table changes, and SQLite's index of it does not.
        let file = URL(filePath: path + "/registry.sqlite")
        var bytes = try [UInt8](Data(contentsOf: file))
        let row = bytes.indices.dropLast(3).first { offset in
            let isLeafOfTable = bytes[offset / 4_096 * 4_096] == 0x0D
            return isLeafOfTable && bytes[offset..<(offset + 3)].elementsEqual([0x66, 0x63, 5])
        }
        bytes[try #require(row) + place] ^= bit
        try Data(bytes).write(to: file)
        let records = try Store(path: path).records()
        #expect(records.map(\.name) == ["fc", "fc"])
        #expect(records.map(\.version) == [4, 5])
        #expect(records.map { $0.damage == nil } == [true, false])
    }

    private func sqlite(_ text: String) throws {
        try TestDatabase.run(text, at: path + "/registry.sqlite")
    }

    // MARK: Room

    @Test func refusesMoreBytesThanTheFolderMayHave() throws {
        let store = try Store(path: path, maxBytes: 500_000)
        try store.make(put("one", 1, ["a": large(1)]), StoreCounters())
        #expect(throws: StoreError.self) { try store.prepare(put("two", 1, ["a": large(2, 600_000)])) }
        try store.make(put("two", 1, ["a": large(2)]), StoreCounters())
        #expect(try StoreModel(of: store).records.count == 2)
    }

    @Test(arguments: [ENOSPC, EDQUOT, EIO])
    func anyOperationMayFail(_ number: Int32) throws {
        // As many as there are without a fault.
        let count = try {
            let folder = try TestFolder()
            let disk = RecordingDisk(root: folder.path + "/registry")
            let store = try Store(path: folder.path + "/registry", disk: disk)
            let before = disk.operationCount
            var workload = Workload(seed: 5)
            for _ in 0..<8 {
                let (change, counters) = workload.next()
                try store.make(change, counters)
                workload.accept(change, counters)
            }
            return disk.operationCount - before
        }()
        for operation in 1...count {
            let folder = try TestFolder()
            let root = folder.path + "/registry"
            let disk = RecordingDisk(root: root)
            var workload = Workload(seed: 5)
            var store: Store? = try Store(path: root, disk: disk)
            disk.fail(at: operation, number: number, isLasting: false)
            var outcome: StoreOutcome?
            for _ in 0..<8 {
                let (change, counters) = workload.next()
                var wasFull = false
                do throws(StoreError) {
                    do throws(StoreError) {
                        try store?.make(change, counters)
                    } catch {
                        // What had no room is there at the second try.
                        guard error == .full else { throw error }
                        wasFull = true
                        try store?.make(change, counters)
                    }
                    workload.accept(change, counters)
                } catch {
                    guard case .failed(_, let reached) = error else { throw error }
                    #expect(!wasFull || number != EIO)
                    outcome = outcome ?? reached
                    if outcome == .unknown { workload.accept(change, counters) }
                    break
                }
            }
            disk.heal()
            store = nil
            let found = try StoreModel(of: Store(path: root))
            if outcome != .unknown { #expect(found == workload.model, "operation \(operation)") }
            if outcome == .unknown { #expect(workload.model.revision - found.revision <= 1) }
        }
        #expect(count > 50)
    }

    @Test func makesNoChangeAfterAFailure() throws {
        let disk = RecordingDisk(root: path)
        let store = try Store(path: path, disk: disk)
        try store.make(put("fc", 1, ["a": large(1)]), StoreCounters())
        disk.fail(at: 1, number: EIO, isLasting: false)
        #expect(throws: StoreError.self) { try store.make(put("fc", 2, ["a": large(2)]), StoreCounters()) }
        #expect(store.failure != nil)
        #expect(throws: StoreError.self) { try store.make(put("fc", 2, ["a": large(2)]), StoreCounters()) }
        #expect(try store.parts(of: "fc", version: 1).contents(of: "a").count == 100_000)
    }

    // MARK: Rot

    @Test func findsEachFlippedBitOrIsNotHarmedByIt() throws {
        let environment = ProcessInfo.processInfo.environment
        let flips = environment["CALLPATH_FLIPS"].flatMap { Int($0) } ?? 400
        var workload = Workload(seed: 11)
        do {
            let store = try Store(path: path)
            for _ in 0..<60 {
                let (change, counters) = workload.next()
                try store.make(change, counters)
                workload.accept(change, counters)
            }
        }
        let names = try ["registry.sqlite"] + files().map { "blobs/" + $0 }
        let contents = try names.map { try Data(contentsOf: URL(filePath: path + "/" + $0)) }
        let total = contents.reduce(0) { $0 + $1.count }
        var generator = SplitMix(seed: 17)
        var wrong: [String] = []
        for _ in 0..<flips {
            var position = Int.random(in: 0..<total, using: &generator)
            let file = contents.firstIndex { bytes in
                if position < bytes.count { return true }
                position -= bytes.count
                return false
            }
            guard let file else { continue }
            let url = URL(filePath: path + "/" + names[file])
            var bytes = contents[file]
            bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            try FileManager.default.removeItem(at: url)
            try bytes.write(to: url)
            if let fault = wrongAnswer(workload.model) { wrong.append("\(names[file]) at \(position): \(fault)") }
            try FileManager.default.removeItem(at: url)
            try contents[file].write(to: url)
        }
        print("bits flipped: \(flips), wrong answers: \(wrong.count)")
        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
    }

    /// Returns what a store says that is not so, and that it does not call damaged.
    private func wrongAnswer(_ model: StoreModel) -> String? {
        guard let store = try? Store(path: path), let records = try? store.records() else { return nil }
        guard store.revision == model.revision, store.counters == model.counters else { return "meta" }
        let isDamaged = records.contains { $0.damage != nil }
        let count = model.records.values.reduce(0) { $0 + $1.count }
        if !isDamaged, records.count != count { return "\(records.count) records of \(count)" }
        for record in records where record.damage == nil {
            guard let parts = try? store.parts(of: record.name, version: record.version) else { continue }
            let expected = model.records[record.name]?[record.version]
            for key in parts.keys {
                guard let bytes = try? parts.contents(of: key) else { continue }
                if expected?[key] != bytes { return "\(record.name) \(record.version) \(key)" }
            }
            if parts.keys != expected?.keys.sorted() { return "\(record.name) \(record.version) has \(parts.keys)" }
        }
        return nil
    }
}
