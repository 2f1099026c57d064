/// The index of a folder: headers of records, and their parts with the versions from and until which they hold.
///
/// Not safe for several threads: the store has it behind a lock.
final class Index {
    /// "CPRG", so that other programs' files are told apart.
    static let applicationID = 0x4350_5247
    /// The schema that this program writes.
    static let schema = 1
    /// Pages in the log beyond which they are moved into the file.
    var checkpointPages = 1_000

    let path: String
    let database: Database
    private(set) var meta: Meta
    /// How long the disk took for the last commit, whatever was in it.
    private(set) var syncTime = Duration.zero

    /// Opens the index at `path`, and makes it if it is not there or was never finished.
    init(path: String, system: String?) throws(StoreError) {
        self.path = path
        do throws(DatabaseError) {
            database = try Database(path: path, system: system)
            try Self.configure(database)
        } catch {
            throw Self.opening(error, path)
        }
        try Self.checkOwner(database, path)
        do throws(DatabaseError) {
            try Self.migrate(database)
        } catch {
            throw Self.opening(error, path)
        }
        meta = try Self.readMeta(database, path)
    }

    /// Everything durable when a commit returns; the log has no other reader, and no memory that others could map.
    private static func configure(_ database: Database) throws(DatabaseError) {
        try database.run("PRAGMA locking_mode=EXCLUSIVE")
        try database.run("PRAGMA mmap_size=0")
        // Said again of a file that is so, it is a write: a start would wait for the disk, and fail on a full one.
        if try database.number("SELECT count(*) FROM sqlite_schema") == 0 {
            try database.run("PRAGMA auto_vacuum=INCREMENTAL")
        }
        try database.run("PRAGMA journal_mode=WAL")
        try database.run("PRAGMA synchronous=FULL")
        try database.run("PRAGMA trusted_schema=OFF")
        database.countLogPages()
    }

    private static func opening(_ error: DatabaseError, _ path: String) -> StoreError {
        error.isCorruption || error.systemNumber == 0
            ? .corrupt(path: path, reason: error.message)
            : .notUsable(DiskError("open", path, error.systemNumber))
    }

    private static func checkOwner(_ database: Database, _ path: String) throws(StoreError) {
        let (owner, tables, found): (Int, Int, Int)
        do throws(DatabaseError) {
            owner = try database.number("PRAGMA application_id")
            tables = try database.number("SELECT count(*) FROM sqlite_schema")
            found = try database.number("PRAGMA user_version")
        } catch {
            throw opening(error, path)
        }
        if owner == 0, tables == 0 { return }
        guard owner == applicationID else { throw .foreign(path: path, what: "another program's database") }
        guard found <= schema else { throw .newerSchema(found: found, known: schema) }
    }

    /// Brings an older schema, or an empty file, to this one in one transaction.
    private static func migrate(_ database: Database) throws(DatabaseError) {
        guard try database.number("PRAGMA user_version") < schema else { return }
        try database.run("BEGIN IMMEDIATE")
        try database.run(
            """
            CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK(id = 1), instance TEXT, revision INTEGER, floor INTEGER,
                highest INTEGER, next_hook INTEGER, records INTEGER, sum BLOB, digest BLOB);
            CREATE TABLE record(id INTEGER PRIMARY KEY, name TEXT, version INTEGER, header BLOB, content BLOB,
                digest BLOB, UNIQUE(name, version));
            CREATE TABLE part(id INTEGER PRIMARY KEY, name TEXT, key TEXT, since INTEGER, until INTEGER,
                size INTEGER, hash BLOB, bytes BLOB, digest BLOB, UNIQUE(name, key, since));
            CREATE INDEX part_file ON part(hash) WHERE bytes IS NULL;
            CREATE INDEX part_past ON part(name, until) WHERE until IS NOT NULL;
            PRAGMA application_id=\(applicationID);
            PRAGMA user_version=\(schema);
            """
        )
        try write(Meta(instance: Store.drawInstance()), to: database)
        try database.run("COMMIT")
    }

    private static func readMeta(_ database: Database, _ path: String) throws(StoreError) -> Meta {
        var found: (meta: Meta, digest: Digest?)?
        let failure = { (error: DatabaseError) in opening(error, path) }
        let text = "SELECT instance, revision, floor, highest, next_hook, records, sum, digest FROM meta"
        try database.rows(text, failure: failure) { row throws(StoreError) in
            let counters = StoreCounters(floor: row.int(2), highestVersion: row.int(3), nextHook: row.int(4))
            let meta = Meta(
                instance: row.text(0),
                revision: row.int(1),
                counters: counters,
                recordCount: row.int(5),
                recordSum: row.digest(6) ?? .zero
            )
            found = (meta, row.digest(7))
        }
        guard let found, found.meta.digest == found.digest else {
            throw .corrupt(path: path, reason: "its table 'meta' does not match its digest")
        }
        return found.meta
    }

    private static func write(_ meta: Meta, to database: Database) throws(DatabaseError) {
        try database.run(
            "INSERT OR REPLACE INTO meta VALUES(1, ?, ?, ?, ?, ?, ?, ?, ?)",
            .text(meta.instance),
            .int(meta.revision),
            .int(meta.counters.floor),
            .int(meta.counters.highestVersion),
            .int(meta.counters.nextHook),
            .int(meta.recordCount),
            .bytes(meta.recordSum.bytes),
            .bytes(meta.digest.bytes)
        )
    }

    /// Runs `body` as one transaction, with what it makes of `meta`.
    ///
    /// - Throws: `TransactionFailure`, which says whether it may have happened all the same.
    func transaction(_ body: (inout Meta) throws(DatabaseError) -> Void) throws(TransactionFailure) {
        var next = meta
        do throws(DatabaseError) {
            try database.begin()
            try body(&next)
            try Self.write(next, to: database)
        } catch {
            try? rollBack()
            throw TransactionFailure(error: error, wasCommitting: false)
        }
        let start = ContinuousClock.now
        do throws(DatabaseError) {
            try database.commit()
            syncTime = start.duration(to: .now)
        } catch {
            try? rollBack()
            throw TransactionFailure(error: error, wasCommitting: true)
        }
        meta = next
    }

    private func rollBack() throws(DatabaseError) {
        if !database.isIdle { try database.run("ROLLBACK") }
    }

    /// Moves the log into the file when it has become long.
    func checkpointIfLong() throws(DatabaseError) {
        guard database.logPageCount >= checkpointPages else { return }
        try database.checkpoint()
        try database.run("PRAGMA incremental_vacuum(64)")
    }

    /// Moves all of the log into the file, and cuts the log off.
    func endLog() throws(DatabaseError) {
        try database.run("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    /// Draws a new instance, for a copy that lives beside the original.
    func renewInstance() throws(TransactionFailure) {
        try transaction { (meta) throws(DatabaseError) in meta.instance = Store.drawInstance() }
    }
}

/// A transaction that did not succeed.
struct TransactionFailure: Error {
    let error: DatabaseError
    /// Whether it failed in its last step, after which nobody knows whether it happened.
    let wasCommitting: Bool
}
