import Foundation
import Testing

@testable import Store

/// What a replica saw last is read again as it was, or not at all.
struct LookCacheTests {
    private let folder: TestFolder
    private var path: String { folder.path + "/seen.sqlite" }
    private let blobs: BlobFolder

    init() throws {
        folder = try TestFolder()
        blobs = BlobFolder(disk: SystemDisk(), path: folder.path + "/blobs")
    }

    /// Some names with two versions each, of which the second has one part anew.
    private func look(_ names: Range<Int> = 0..<6, isFull: Bool = true) -> StoreLook {
        var records: [StoreRecord] = []
        var parts: [RecordID: Result<StoredParts, StoreError>] = [:]
        for number in names {
            let name = "m\(number)"
            for version in 1...2 {
                let rows = ["x", "y"].map { key in
                    let since = key == "x" ? version : 1
                    let bytes = [UInt8](repeating: UInt8(number + since), count: 300)
                    return PartRow(
                        name: name,
                        key: key,
                        since: since,
                        byteCount: 300,
                        hash: Digest(of: bytes),
                        bytes: bytes
                    )
                }
                var content = Digest.zero
                for row in rows { content.toggle(row.identity) }
                let header = Array("header \(name) \(version)".utf8)
                var record = StoreRecord(name: name, version: version, header: header, damage: nil, content: content)
                record.revision = 700 + version
                records.append(record)
                parts[RecordID(name, version)] = .success(StoredParts(header, rows, blobs))
            }
        }
        return StoreLook(
            moment: StoreMoment(first: 700, end: 705, running: [701, 703], origin: "7 00000001"),
            isFull: isFull,
            names: names.map { .init(name: "m\($0)", version: 2, isDeleted: false, revision: 702) },
            records: records,
            parts: parts,
            revision: 704,
            floor: 3,
            instance: "i"
        )
    }

    /// What was kept, as text; damaged versions say so.
    private func text(_ look: StoreLook?) -> [String]? {
        look.map { look in
            look.names.map { "\($0)" }.sorted()
                + look.records.map { record in
                    let parts = try? look.parts[RecordID(record.name, record.version)]?.get()
                    guard record.damage == nil, let parts else { return "damaged" }
                    let contents = parts.keys.map { key in
                        "\(key) \(parts.since(of: key) ?? 0) \(Digest(of: parts.bytes(of: key) ?? []).hexadecimal)"
                    }
                    return
                        "\(record.name) \(record.version) \(record.revision ?? 0) \(String(decoding: record.header, as: UTF8.self)) \(contents)"
                } + [
                    "\(look.moment.first) \(look.moment.end) \(look.moment.running.sorted()) \(look.moment.origin)",
                    "\(look.revision) \(look.floor) \(look.instance)",
                ]
        }
    }

    private func kept(_ cache: LookCache) -> [String]? { text(cache.kept(blobs) { _ in true }) }

    @Test func isReadAsItWas() throws {
        let whole = look()
        try #expect(LookCache(path: path, address: "db").keep(whole))
        do {
            let cache = try LookCache(path: path, address: "db")
            #expect(kept(cache) == text(whole))
            #expect(cache.kept(blobs) { _ in true }?.age != nil)
            // A change to one of them takes the place of what was there, and others stay.
            #expect(cache.keep(look(3..<4, isFull: false)))
            #expect(kept(cache) == text(whole))
            // What a full look does not have is gone.
            #expect(cache.keep(look(2..<5)))
            #expect(kept(cache) == text(look(2..<5)))
        }
        try #expect(LookCache(path: path, address: "other").kept(blobs) { _ in true } == nil)
    }

    /// Whoever has it may still be on its way out: it is well, and must not be made anew.
    @Test func whatSomebodyHasOpenStaysAsItIs() throws {
        let whole = look()
        let owner = try LookCache(path: path, address: "db")
        #expect(owner.keep(whole))
        #expect(throws: StoreError.inUse(path: path, pid: "unknown")) { try LookCache(path: path, address: "db") }
        #expect(kept(owner) == text(whole))
        #expect(owner.keep(look(3..<4, isFull: false)))
        #expect(kept(owner) == text(whole))
    }

    @Test func whoeverComesNextFindsAllOfIt() throws {
        let whole = look()
        var owner: LookCache? = try LookCache(path: path, address: "db")
        #expect(owner?.keep(whole) == true)
        _ = try? LookCache(path: path, address: "db")
        owner = nil
        try #expect(kept(LookCache(path: path, address: "db")) == text(whole))
    }

    @Test func looksAreKeptTogetherAsOneAfterAnother() throws {
        let (first, second) = (look(), look(2..<9, isFull: false))
        let (one, together) = (try LookCache(path: path, address: "db"), try LookCache(path: path + "2", address: "db"))
        #expect(one.keep(first) && one.keep(second))
        #expect(together.keep(first.followed(by: second)))
        #expect(kept(one) == kept(together))
        // Of all looks before a full one nothing is left.
        #expect(text(second.followed(by: first)) == text(first))
        #expect(first.followed(by: second).isFull && !second.followed(by: second).isFull)
    }

    /// Whatever bit of the file is another one: nothing wrong is read, and the next full look makes it whole.
    @Test func noDamageIsBelieved() throws {
        let whole = look()
        let lines = try #require(text(whole))
        #expect(try LookCache(path: path, address: "db").keep(whole))
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        for position in stride(from: 0, to: good.count, by: 193) {
            var bytes = good
            bytes[position] ^= 1 << UInt8(position % 8)
            for end in ["-wal", "-shm"] { unlink(path + end) }
            try bytes.write(to: URL(fileURLWithPath: path))
            let cache = try LookCache(path: path, address: "db")
            let wrong = Set(kept(cache) ?? []).subtracting(lines + ["damaged"])
            #expect(wrong.isEmpty, "byte \(position)")
            #expect(cache.keep(whole), "byte \(position)")
            let after = kept(cache) ?? []
            #expect(
                after == lines,
                "byte \(position): \(after.count) of \(lines.count), \(Set(after).subtracting(lines))"
            )
        }
    }
}
