/// The index of a folder: headers of records, and their parts with the versions from and until which they hold.
///
/// Small changes wait as they are for a while, in a table of their own, before they go into those of records and parts.
///
/// Not safe for several threads: the store has it behind a lock.
final class Index {
    /// "CPRG", so that other programs' files are told apart.
    static let applicationID = 0x4350_5247
    /// The schema that this program writes.
    static let schema = 2
    /// Pages in the log beyond which they are moved into the file.
    var checkpointPages = 1_000
    /// Changes, or bytes of them, that wait at most before they go into the tables.
    var settleCount = 512
    var settleBytes = 512 << 10

    let path: String
    let database: Database
    /// What all changes together come to; but for the digests of records while some of them wait.
    private(set) var meta: Meta
    /// What the tables come to.
    private var written: Meta
    private(set) var waiting = WaitingChanges()
    /// Whether names have a part that is a file, as far as it was asked.
    private var hasFiles: [String: Bool] = [:]
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
        written = try Self.readMeta(database, path)
        meta = written
        try readWaiting()
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
        let found = try database.number("PRAGMA user_version")
        guard found < schema else { return }
        try database.run("BEGIN IMMEDIATE")
        if found == 0 { try makeTables(database) }
        try database.run(
            """
            CREATE TABLE waiting(revision INTEGER PRIMARY KEY, body BLOB, digest BLOB);
            PRAGMA user_version=\(schema);
            """
        )
        try database.run("COMMIT")
    }

    private static func makeTables(_ database: Database) throws(DatabaseError) {
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
            """
        )
        try write(Meta(instance: InstanceName.drawn()), to: database)
    }

    private func readWaiting() throws(StoreError) {
        let path = path
        let text = "SELECT revision, body, digest FROM waiting ORDER BY revision"
        try database.rows(text, failure: { Self.opening($0, path) }) { row throws(StoreError) in
            let (revision, body) = (row.int(0), row.bytes(1))
            guard WaitingChanges.digest(revision: revision, body) == row.digest(2),
                let found = WaitingChanges.row(in: body), found.before == meta.revision,
                found.before + found.changes.count == revision
            else { throw .corrupt(path: path, reason: "a row of its table 'waiting' does not match its digest") }
            (meta.revision, meta.counters) = (revision, found.counters)
            waiting.append(found.changes, byteCount: body.count)
        }
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

    // MARK: Changes

    /// Writes changes as one row, and no more of them for the time being.
    ///
    /// - Throws: `TransactionFailure`, which says whether it may have happened all the same.
    func append(_ changes: [StoreChange], _ counters: StoreCounters) throws(TransactionFailure) {
        let revision = meta.revision + changes.count
        let row = WaitingChanges.Row(before: meta.revision, counters: counters, changes: changes)
        let body = WaitingChanges.body(row)
        let digest = WaitingChanges.digest(revision: revision, body)
        try committing { () throws(DatabaseError) in
            try database.run(
                "INSERT INTO waiting VALUES(?, ?, ?)",
                .int(revision),
                .bytes(body),
                .bytes(digest.bytes)
            )
        }
        (meta.revision, meta.counters) = (revision, counters)
        waiting.append(changes, byteCount: body.count)
    }

    /// Whether a change is small enough to wait: it brings parts of records that are there, and nothing of them is a file, whose room
    /// somebody may want as soon as it is free.
    func canWait(_ change: StoreChange) throws(DatabaseError) -> Bool {
        guard change.byteCount <= Self.maxWaitingBytes else { return false }
        var names: Set<String> = []
        for step in change.steps {
            switch step {
            case .put(let name, _, _, let parts, let replacesAll):
                guard !replacesAll, parts.values.allSatisfy({ $0?.isFile == false }) else { return false }
                names.insert(name)
            case .setHeader: break
            case .drop(let name, _): guard names.contains(name) else { return false }
            }
            guard try !hasFiles(step.name) else { return false }
        }
        return !names.isEmpty
    }

    private static let maxWaitingBytes = 16 << 10

    private func hasFiles(_ name: String) throws(DatabaseError) -> Bool {
        if let known = hasFiles[name] { return known }
        let text = "SELECT count(*) FROM (SELECT 1 FROM part WHERE name = ? AND bytes IS NULL LIMIT 1)"
        let found = try database.number(text, .text(name)) > 0
        if hasFiles.count >= 4_096 { hasFiles = [:] }
        hasFiles[name] = found
        return found
    }

    /// Runs `body` as one transaction, with what it makes of `meta`, after all changes that wait.
    ///
    /// - Parameter keepsLoose: Whether somebody still reads what no version has any more.
    /// - Returns: What is left over, the names only if they are not looked through here.
    /// - Throws: `TransactionFailure`, which says whether it may have happened all the same.
    @discardableResult
    func transaction(
        keepsLoose: Bool,
        _ body: (inout Meta, inout Leftovers) throws(DatabaseError) -> Void = { _, _ in }
    ) throws(TransactionFailure) -> Leftovers {
        var next = meta
        var rest = Leftovers()
        try committing { () throws(DatabaseError) in
            try settle(into: &next, &rest, keepsLoose: keepsLoose)
            try body(&next, &rest)
            if !keepsLoose {
                for name in rest.names { rest.files.merge(try dropLoose(of: name)) { size, _ in size } }
                rest.names = []
            }
            try Self.write(next, to: database)
        }
        (meta, written, waiting) = (next, next, WaitingChanges())
        hasFiles = [:]
        return rest
    }

    /// Puts the changes that wait into the tables, within a transaction.
    private func settle(
        into next: inout Meta,
        _ rest: inout Leftovers,
        keepsLoose: Bool
    ) throws(DatabaseError) {
        guard !waiting.isEmpty else { return }
        (next.recordCount, next.recordSum) = (written.recordCount, written.recordSum)
        for change in waiting.merged {
            rest.merge(try apply(change, [:], keepsLoose: keepsLoose, to: &next))
        }
        try database.run("DELETE FROM waiting")
    }

    /// Runs `body` as if all changes that wait were in the tables, of which nothing is written.
    func rehearsing<Result>(_ body: @Sendable (Index) throws(StoreError) -> Result) throws(StoreError) -> Result {
        let known = meta
        defer {
            try? rollBack()
            meta = known
        }
        do throws(DatabaseError) {
            try database.begin()
            var (next, rest) = (meta, Leftovers())
            try settle(into: &next, &rest, keepsLoose: true)
            meta = next
        } catch { throw failure(error) }
        return try body(self)
    }

    private func committing(_ body: () throws(DatabaseError) -> Void) throws(TransactionFailure) {
        do throws(DatabaseError) {
            try database.begin()
            try body()
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
    }

    private func rollBack() throws(DatabaseError) {
        if !database.isIdle { try database.run("ROLLBACK") }
    }

    /// Whether the changes that wait should go into the tables now.
    var isTimeToSettle: Bool {
        !waiting.isEmpty
            && (waiting.changes.count >= settleCount || waiting.byteCount >= settleBytes
                || database.logPageCount >= checkpointPages)
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
        try transaction(keepsLoose: false) { (meta, _) throws(DatabaseError) in meta.instance = InstanceName.drawn() }
    }
}

/// A transaction that did not succeed.
struct TransactionFailure: Error {
    let error: DatabaseError
    /// Whether it failed in its last step, after which nobody knows whether it happened.
    let wasCommitting: Bool
}
