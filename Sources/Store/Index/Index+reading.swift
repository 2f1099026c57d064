import Dispatch
import Glibc
import Synchronization

extension Index {
    static let partColumns = "SELECT id, name, key, since, until, size, hash, bytes, digest FROM part"

    /// Returns all records, by name and then by version; damaged ones say so.
    ///
    /// - Throws: `StoreError.corrupt` when one is missing.
    func records() throws(StoreError) -> [StoreRecord] {
        var records: [StoreRecord] = []
        var digests: [Digest] = []
        records.reserveCapacity(max(0, meta.recordCount))
        digests.reserveCapacity(max(0, meta.recordCount))
        var sum = Digest.zero
        let text = "SELECT name, version, header, content, digest FROM record"
        try database.rows(text, failure: failure) { row throws(StoreError) in
            let digest = row.digest(4) ?? .zero
            sum.toggle(digest)
            digests.append(digest)
            records.append(Self.unchecked(row))
        }
        for index in Self.mismatches(of: records, digests) { records[index] = records[index].damaged }
        let isWhole = records.count == meta.recordCount && sum == meta.recordSum
        guard isWhole || records.count == meta.recordCount && records.contains(where: { $0.damage != nil }) else {
            throw .corrupt(path: path, reason: "\(records.count) of \(meta.recordCount) records are there and whole")
        }
        if records.contains(where: { $0.damage != nil }) { records = try named(records) }
        // Most often they come as they were made, and that is in order.
        let isSorted = zip(records, records.dropFirst()).allSatisfy { !Self.precedes($1, $0) }
        return isSorted ? records : records.sorted(by: Self.precedes)
    }

    private static func precedes(_ one: StoreRecord, _ other: StoreRecord) -> Bool {
        one.name == other.name ? one.version < other.version : one.name < other.name
    }

    /// Returns `records` with the damaged ones under the names and versions that they had.
    ///
    /// A damaged row may say the wrong ones, and the version before it would pass for the current one. SQLite's own index of the
    /// table says them too.
    private func named(_ records: [StoreRecord]) throws(StoreError) -> [StoreRecord] {
        let whole = records.filter { $0.damage == nil }
        let versions = Dictionary(grouping: whole, by: \.name).mapValues { Set($0.map(\.version)) }
        var damaged: [StoreRecord] = []
        let text = "SELECT name, version FROM record INDEXED BY sqlite_autoindex_record_1"
        try database.rows(text, failure: failure) { row throws(StoreError) in
            let (name, version) = (row.text(0), row.int(1))
            guard versions[name]?.contains(version) != true else { return }
            let record = StoreRecord(name: name, version: version, header: [], damage: nil, content: .zero)
            damaged.append(record.damaged)
        }
        guard whole.count + damaged.count == records.count else {
            throw .corrupt(path: path, reason: "\(records.count - whole.count) records are damaged beyond their names")
        }
        return whole + damaged
    }

    /// Returns which of `records` do not match their digests; all processors look at many.
    private static func mismatches(of records: [StoreRecord], _ digests: [Digest]) -> [Int] {
        let parts = records.count < 1_000 ? 1 : 8
        let found = Mutex<[Int]>([])
        DispatchQueue.concurrentPerform(iterations: parts) { part in
            let range = records.count * part / parts..<records.count * (part + 1) / parts
            let wrong = range.filter { records[$0].digest != digests[$0] }
            if !wrong.isEmpty { found.withLock { $0 += wrong } }
        }
        return found.withLock { $0 }
    }

    static func record(_ row: DatabaseRow) -> StoreRecord {
        let record = unchecked(row)
        return record.digest == row.digest(4) ? record : record.damaged
    }

    private static func unchecked(_ row: DatabaseRow) -> StoreRecord {
        StoreRecord(
            name: row.text(0),
            version: row.int(1),
            header: row.bytes(2),
            damage: nil,
            content: row.digest(3) ?? .zero
        )
    }

    /// Returns a version and its parts; all of them and none that is damaged.
    func parts(of name: String, _ version: Int) throws(StoreError) -> (StoreRecord, [PartRow]) {
        var found: StoreRecord?
        let text = "SELECT name, version, header, content, digest FROM record WHERE name = ? AND version = ?"
        try database.rows(text, [.text(name), .int(version)], failure: failure) { row throws(StoreError) in
            found = Self.record(row)
        }
        guard let found else { throw .damaged(reason: "version \(version) is not in the index") }
        if let damage = found.damage { throw .damaged(reason: damage) }
        return (found, try parts(of: found))
    }

    /// Returns the parts of a version whose header is known, also when the version itself was dropped since.
    func parts(of record: StoreRecord) throws(StoreError) -> [PartRow] {
        var parts: [PartRow] = []
        var sum = Digest.zero
        let text = Self.partColumns + " WHERE name = ?1 AND since <= ?2 AND (until IS NULL OR until > ?2)"
        try database.rows(text, [.text(record.name), .int(record.version)], failure: failure) {
            row throws(StoreError) in
            let part = Self.part(row)
            let isWhole = part.digest == row.digest(8) && (part.bytes.map { Digest(of: $0) == part.hash } ?? true)
            guard isWhole else { throw .damaged(reason: "the row of '\(part.key)' does not match its digest") }
            sum.toggle(part.identity)
            parts.append(part)
        }
        guard sum == record.content else { throw .damaged(reason: "a row is missing in the index") }
        return parts
    }

    static func part(_ row: DatabaseRow) -> PartRow {
        PartRow(
            id: row.int(0),
            name: row.text(1),
            key: row.text(2),
            since: row.int(3),
            until: row.isNull(4) ? nil : row.int(4),
            byteCount: row.int(5),
            hash: row.digest(6) ?? .zero,
            bytes: row.isNull(7) ? nil : row.bytes(7)
        )
    }

    /// Returns each file that a part names, once, with its size.
    func files() throws(StoreError) -> [Digest: Int] {
        var files: [Digest: Int] = [:]
        let text = "SELECT hash, size FROM part WHERE bytes IS NULL"
        try database.rows(text, failure: failure) { row throws(StoreError) in
            if let hash = row.digest(0) { files[hash] = row.int(1) }
        }
        return files
    }

    /// What a failure to read says of the index.
    func failure(_ error: DatabaseError) -> StoreError {
        if error.isShortage {
            return .shortage(DiskError("read", path, error.systemNumber == 0 ? ENOMEM : error.systemNumber))
        }
        return error.isCorruption
            ? .damaged(reason: "the index is damaged: \(error.message)")
            : .damaged(reason: "the index cannot be read: \(error.message)")
    }
}

extension StoreRecord {
    /// The same, not to be trusted.
    fileprivate var damaged: StoreRecord {
        let damage = "its row in the index does not match its digest"
        return StoreRecord(name: name, version: version, header: header, damage: damage, content: content)
    }
}
