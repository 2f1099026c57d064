import CSQLite
import Glibc
import Metrics

/// What a replica showed when it last looked at its shared registry, in a file: for a start while the database is out of reach.
///
/// It may be gone or damaged at any time, and is then made anew. Not safe for several threads: its owner has it behind a lock.
package final class LookCache {
    /// "CPLK", so that other programs' files are told apart.
    private static let applicationID = 0x4350_4C4B
    private static let schema = 1

    private let path: String
    private var database: Database?
    /// Which registry this is a copy of, as far as the address tells.
    private let address: String

    /// Opens the file at `path`; one that cannot be read is made anew.
    ///
    /// - Throws: `StoreError.inUse` if somebody else has it open: it is well, and not to be taken away.
    package init(path: String, address: String) throws(StoreError) {
        (self.path, self.address) = (path, address)
        do throws(DatabaseError) {
            database = try Self.openWhole(path)
        } catch {
            guard error.primary != SQLITE_BUSY else { throw .inUse(path: path, pid: "unknown") }
            throw .notUsable(DiskError("open", path, error.systemNumber))
        }
    }

    private static func openWhole(_ path: String) throws(DatabaseError) -> Database {
        do throws(DatabaseError) {
            return try open(path)
        } catch {
            // What cannot be read for another reason may be as good as ever.
            guard error.primary != SQLITE_BUSY, !error.isShortage else { throw error }
            return try openAnew(path)
        }
    }

    private static func openAnew(_ path: String) throws(DatabaseError) -> Database {
        for end in ["", "-wal", "-shm"] { unlink(path + end) }
        return try open(path)
    }

    private static func open(_ path: String) throws(DatabaseError) -> Database {
        let database = try Database(path: path, system: nil)
        try database.run("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
        try database.run("PRAGMA trusted_schema=OFF")
        let owner = try database.number("PRAGMA application_id")
        let found = try database.number("PRAGMA user_version")
        guard owner != applicationID || found != schema else { return database }
        guard try database.number("SELECT count(*) FROM sqlite_schema") == 0 else {
            throw DatabaseError(code: 0, systemNumber: EEXIST, message: "another program's file")
        }
        try database.run(
            """
            BEGIN;
            CREATE TABLE seen(id INTEGER PRIMARY KEY CHECK(id = 1), address TEXT, instance TEXT, origin TEXT, first INTEGER,
                until INTEGER, running TEXT, revision INTEGER, floor INTEGER, time INTEGER, digest BLOB);
            CREATE TABLE name(name TEXT PRIMARY KEY, version INTEGER, deleted INTEGER, revision INTEGER, digest BLOB);
            CREATE TABLE record(name TEXT, version INTEGER, revision INTEGER, header BLOB, content BLOB, digest BLOB,
                damage TEXT, PRIMARY KEY(name, version));
            CREATE TABLE held(name TEXT, version INTEGER, key TEXT, since INTEGER, PRIMARY KEY(name, version, key))
                WITHOUT ROWID;
            CREATE TABLE part(name TEXT, key TEXT, since INTEGER, size INTEGER, hash BLOB, bytes BLOB,
                PRIMARY KEY(name, key, since));
            PRAGMA application_id=\(applicationID);
            PRAGMA user_version=\(schema);
            COMMIT
            """
        )
        return database
    }

    private func opened() throws(DatabaseError) -> Database {
        guard let database else {
            throw DatabaseError(code: 0, systemNumber: EIO, message: "it could not be made anew")
        }
        return database
    }

    // MARK: Writing

    /// Keeps what a look has found, as far as there is room for it.
    ///
    /// - Returns: Whether all of it is kept; if not, nothing but the next full look counts.
    package func keep(_ look: StoreLook) -> Bool {
        do throws(DatabaseError) {
            try write(look)
            return true
        } catch {
            try? database?.run("ROLLBACK")
            // A full disk, most often: what is too old is worse than nothing once there was a change.
            guard look.isFull || (try? opened().run("DELETE FROM seen")) == nil else { return false }
            // Closed first: what it closes it also takes away, by the name that the new one has.
            database = nil
            database = try? Self.openAnew(path)
            return look.isFull && (try? write(look)) != nil
        }
    }

    private func write(_ look: StoreLook) throws(DatabaseError) {
        let database = try opened()
        try database.run("BEGIN")
        if look.isFull {
            // Whatever of it may be damaged is whole again.
            try database.run(
                "DELETE FROM seen; DELETE FROM name; DELETE FROM record; DELETE FROM held; DELETE FROM part"
            )
        }
        for name in look.names { try keep(name) }
        let names = Dictionary(grouping: look.records, by: \.name)
        for name in look.names { try keep(names[name.name] ?? [], of: name.name, look) }
        try keepMoment(of: look)
        try database.run("COMMIT")
    }

    private func keepMoment(of look: StoreLook) throws(DatabaseError) {
        let seen = Seen(
            instance: look.instance,
            moment: look.moment,
            revision: look.revision,
            floor: look.floor,
            time: WallClock.seconds
        )
        try opened().run(
            "INSERT OR REPLACE INTO seen VALUES(1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            .text(address),
            .text(seen.instance),
            .text(seen.moment.origin),
            .int(seen.moment.first),
            .int(seen.moment.end),
            .text(seen.running),
            .int(seen.revision),
            .int(seen.floor),
            .int(seen.time),
            .bytes(seen.digest.bytes)
        )
    }

    private func keep(_ name: StoreLook.Name) throws(DatabaseError) {
        try opened().run(
            "INSERT OR REPLACE INTO name VALUES(?, ?, ?, ?, ?)",
            .text(name.name),
            .int(name.version),
            .int(name.isDeleted ? 1 : 0),
            .int(name.revision),
            .bytes(Self.digest(of: name).bytes)
        )
    }

    /// Keeps the versions of a name, and drops those that it has no more.
    private func keep(_ records: [StoreRecord], of name: String, _ look: StoreLook) throws(DatabaseError) {
        let database = try opened()
        var gone: Set<Int> = []
        try database.rows("SELECT version FROM record WHERE name = ?", .text(name)) { (row) throws(DatabaseError) in
            gone.insert(row.int(0))
        }
        for record in records {
            gone.remove(record.version)
            try database.run(
                "INSERT OR REPLACE INTO record VALUES(?, ?, ?, ?, ?, ?, ?)",
                .text(name),
                .int(record.version),
                .int(record.revision ?? 0),
                .bytes(record.header),
                .bytes(record.content.bytes),
                .bytes(Self.digest(of: record).bytes),
                record.damage.map(DatabaseValue.text) ?? .null
            )
            guard let parts = look.parts[RecordID(name, record.version)] else { continue }
            try drop(record.version, of: name)
            if case .success(let parts) = parts { try keep(parts, name, record.version) }
        }
        for version in gone {
            try drop(version, of: name)
            try database.run("DELETE FROM record WHERE name = ? AND version = ?", .text(name), .int(version))
        }
        try database.run(
            """
            DELETE FROM part WHERE name = ?1 AND NOT EXISTS (SELECT 1 FROM held WHERE held.name = ?1
                AND held.key = part.key AND held.since = part.since)
            """,
            .text(name)
        )
    }

    private func drop(_ version: Int, of name: String) throws(DatabaseError) {
        try opened().run("DELETE FROM held WHERE name = ? AND version = ?", .text(name), .int(version))
    }

    private func keep(_ parts: StoredParts, _ name: String, _ version: Int) throws(DatabaseError) {
        let database = try opened()
        for row in parts.all {
            try database.run(
                "INSERT INTO held VALUES(?, ?, ?, ?)",
                .text(name),
                .int(version),
                .text(row.key),
                .int(row.since)
            )
            try database.run(
                """
                INSERT INTO part VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
                SET size = excluded.size, hash = excluded.hash, bytes = excluded.bytes WHERE hash <> excluded.hash
                """,
                .text(name),
                .text(row.key),
                .int(row.since),
                .int(row.byteCount),
                .bytes(row.hash.bytes),
                row.bytes.map(DatabaseValue.bytes) ?? .null
            )
        }
    }

    // MARK: Reading

    /// Returns what was kept; `nil` if there is nothing, or of another registry, or anything of it is damaged.
    ///
    /// - Parameter hasCopy: Whether a large part can be read without the shared registry.
    package func kept(_ blobs: any BlobKeeper, has hasCopy: (Digest) -> Bool) -> StoreLook? {
        guard let seen = try? seen() else { return nil }
        do throws(DatabaseError) {
            var names: [StoreLook.Name] = []
            var areWhole = true
            try opened().rows("SELECT name, version, deleted, revision, digest FROM name") {
                (row) throws(DatabaseError) in
                let name = StoreLook.Name(
                    name: row.text(0),
                    version: row.int(1),
                    isDeleted: row.int(2) != 0,
                    revision: row.int(3)
                )
                areWhole = areWhole && row.digest(4) == Self.digest(of: name)
                names.append(name)
            }
            guard areWhole else { return nil }
            let records = try records()
            let rows = try parts()
            var parts: [RecordID: Result<StoredParts, StoreError>] = [:]
            for record in records {
                let id = RecordID(record.name, record.version)
                parts[id] = Result { () throws(StoreError) in
                    let rows = rows[id] ?? []
                    guard rows.allSatisfy({ $0.bytes != nil || hasCopy($0.hash) }) else {
                        throw .damaged(reason: "the cache has not all of its tensors, and the database is out of reach")
                    }
                    return try StoredParts(checking: rows, of: record, blobs)
                }
            }
            var look = StoreLook(
                moment: seen.moment,
                isFull: true,
                names: names,
                records: records,
                parts: parts,
                revision: seen.revision,
                floor: seen.floor,
                instance: seen.instance
            )
            look.age = .seconds(max(0, WallClock.seconds - seen.time))
            return look
        } catch { return nil }
    }

    private struct Seen {
        let instance: String
        let moment: StoreMoment
        let revision: Int
        let floor: Int
        let time: Int

        var running: String { moment.running.sorted().map(String.init).joined(separator: ",") }

        var digest: Digest {
            var hash = SHA256Hash()
            for text in [instance, moment.origin, running] { hash.add(text) }
            for number in [moment.first, moment.end, revision, floor, time] { hash.add(number) }
            return hash.finish()
        }
    }

    private static func digest(of record: StoreRecord) -> Digest {
        var hash = SHA256Hash()
        hash.add(record.name)
        hash.add(record.header)
        hash.add(record.content.bytes)
        hash.add(record.damage ?? "")
        for number in [record.version, record.revision ?? 0] { hash.add(number) }
        return hash.finish()
    }

    private static func digest(of name: StoreLook.Name) -> Digest {
        var hash = SHA256Hash()
        hash.add(name.name)
        for number in [name.version, name.isDeleted ? 1 : 0, name.revision] { hash.add(number) }
        return hash.finish()
    }

    private func seen() throws(DatabaseError) -> Seen? {
        var found: Seen?
        try opened().rows(
            "SELECT instance, origin, first, until, running, revision, floor, time, digest FROM seen WHERE address = ?",
            .text(address)
        ) { (row) throws(DatabaseError) in
            let seen = Seen(
                instance: row.text(0),
                moment: StoreMoment(
                    first: row.int(2),
                    end: row.int(3),
                    running: Set(row.text(4).split(separator: ",").compactMap { Int($0) }),
                    origin: row.text(1)
                ),
                revision: row.int(5),
                floor: row.int(6),
                time: row.int(7)
            )
            found = row.digest(8) == seen.digest ? seen : nil
        }
        return found
    }

    private func records() throws(DatabaseError) -> [StoreRecord] {
        var records: [StoreRecord] = []
        try opened().rows(
            "SELECT name, version, header, content, digest, revision, damage FROM record ORDER BY name, version"
        ) { (row) throws(DatabaseError) in
            let (name, version, header) = (row.text(0), row.int(1), row.bytes(2))
            let content = row.digest(3) ?? .zero
            let damage = row.isNull(6) ? nil : row.text(6)
            var record = StoreRecord(name: name, version: version, header: header, damage: damage, content: content)
            record.revision = row.int(5)
            if Self.digest(of: record) != row.digest(4) {
                let damage = "its row in the cache does not match its digest"
                record = StoreRecord(name: name, version: version, header: header, damage: damage, content: content)
                record.revision = 0
            }
            records.append(record)
        }
        return records
    }

    private func parts() throws(DatabaseError) -> [RecordID: [PartRow]] {
        var rows: [RecordID: [PartRow]] = [:]
        try opened().rows(
            """
            SELECT p.name, h.version, p.key, p.since, p.size, p.hash, p.bytes FROM held h
            JOIN part p ON p.name = h.name AND p.key = h.key AND p.since = h.since
            """
        ) { (row) throws(DatabaseError) in
            let part = PartRow(
                name: row.text(0),
                key: row.text(2),
                since: row.int(3),
                byteCount: row.int(4),
                hash: row.digest(5) ?? .zero,
                bytes: row.isNull(6) ? nil : row.bytes(6)
            )
            rows[RecordID(part.name, row.int(1)), default: []].append(part)
        }
        return rows
    }
}

extension StoredParts {
    /// Creates the parts of a version, if they are all of them and none is damaged.
    package convenience init(
        checking rows: [PartRow],
        of record: StoreRecord,
        _ blobs: any BlobKeeper
    ) throws(StoreError) {
        if let damage = record.damage { throw .damaged(reason: damage) }
        var sum = Digest.zero
        for row in rows {
            if let bytes = row.bytes, Digest(of: bytes) != row.hash {
                throw .damaged(reason: "the row of '\(row.key)' does not match its digest")
            }
            sum.toggle(row.identity)
        }
        guard sum == record.content else { throw .damaged(reason: "a row of it is missing") }
        self.init(record.header, rows, blobs)
    }
}
