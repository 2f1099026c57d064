import CPostgres
package import Store
import Synchronization

extension PostgresStore {
    /// Where a look begins.
    private struct Header {
        let moment: StoreMoment
        let instance: String
        let floor: Int
        let swept: Int
        let durability: String
    }

    package func look() throws(StoreError) -> StoreLook {
        try changes.withLock { (open) throws(StoreError) in
            let deadline = Deadline(after: options.timeout)
            do throws(PostgresError) {
                if let known = open, !known.isClosed {
                    do throws(PostgresError) {
                        return try look(on: known, until: deadline)
                    } catch {
                        open = nil
                        guard error.fault == .disconnected || error.state?.isGoing == true else { throw error }
                    }
                }
                let connection = try connect(until: deadline)
                let look = try look(on: connection, until: deadline)
                open = connection
                return look
            } catch {
                open = nil
                noteLoss(error.message)
                throw Self.refusal(error, .unchanged)
            }
        }
    }

    private func look(on connection: Connection, until deadline: Deadline) throws(PostgresError) -> StoreLook {
        try connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", until: deadline)
        let header = try header(on: connection, until: deadline)
        let known = state.withLock { ($0.moment, $0.instance, $0.looksAtAll) }
        let isFull =
            known.2 || known.0.map { $0.origin != header.moment.origin || $0.first < header.swept } ?? true
            || known.1 != header.instance
        let cursor = isFull ? 0 : known.0?.first ?? 0
        let names = try connection.run(
            "SELECT name, version, deleted, xid FROM callpath.module WHERE xid >= $1::text::xid8",
            [.text("\(cursor)")],
            until: deadline
        ).map { row in
            StoreLook.Name(name: row.text(0), version: row.int(1), isDeleted: row.bool(2), revision: row.int(3))
        }
        let live = names.filter { !$0.isDeleted }.map(\.name)
        let records = live.isEmpty ? [] : try records(of: live, on: connection, until: deadline)
        let new = records.filter { isFull || ($0.revision ?? 0) >= cursor }
        let parts = new.isEmpty ? [:] : try parts(of: new, on: connection, until: deadline)
        try connection.run("COMMIT", until: deadline)
        state.withLock { $0.durability = header.durability }
        return StoreLook(
            moment: header.moment,
            isFull: isFull,
            names: names,
            records: records,
            parts: parts,
            revision: max(isFull ? 0 : revision, names.map(\.revision).max() ?? 0),
            floor: header.floor,
            instance: header.instance
        )
    }

    private func header(on connection: Connection, until deadline: Deadline) throws(PostgresError) -> Header {
        let header = try connection.run(
            """
            SELECT pg_snapshot_xmin(s), pg_snapshot_xmax(s), array_to_string(ARRAY(SELECT pg_snapshot_xip(s)), ','),
                m.instance, m.floor, m.swept,
                (SELECT system_identifier FROM pg_control_system())::text || ' '
                    || CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
                CASE WHEN current_setting('fsync') = 'off' THEN 'none'
                    WHEN current_setting('synchronous_standby_names') <> ''
                        AND current_setting('synchronous_commit') IN ('on', 'remote_apply') THEN 'replicated'
                    ELSE 'local' END
            FROM pg_current_snapshot() s, callpath.meta m
            """,
            until: deadline
        ).first { row in
            Header(
                moment: StoreMoment(
                    first: row.int(0),
                    end: row.int(1),
                    running: Set(row.text(2).split(separator: ",").compactMap { Int($0) }),
                    origin: row.text(6)
                ),
                instance: row.text(3),
                floor: row.int(4),
                swept: row.int(5),
                durability: row.text(7)
            )
        }
        guard let header else { throw PostgresError(.refused(.undefinedTable), "the table callpath.meta is empty") }
        return header
    }

    package func records() throws(StoreError) -> [StoreRecord] {
        try ask { (connection, deadline) throws(PostgresError) in
            try connection.run(Self.recordColumns + " ORDER BY name, version", until: deadline).map(Self.record)
        }
    }

    private static let recordColumns = "SELECT name, version, header, digest, content, xid FROM callpath.record"

    private func records(
        of names: [String],
        on connection: Connection,
        until deadline: Deadline
    ) throws(PostgresError) -> [StoreRecord] {
        try connection.run(
            Self.recordColumns + " WHERE name = ANY ($1) ORDER BY name, version",
            [.texts(names)],
            until: deadline
        ).map(Self.record)
    }

    private static func record(_ row: Row) -> StoreRecord {
        let (name, version, header) = (row.text(0), row.int(1), row.bytes(2))
        let isWhole = StepTable.digest(name, version, header) == Digest(row.bytes(3))
        var record = StoreRecord(
            name: name,
            version: version,
            header: header,
            damage: isWhole ? nil : "its row in the database does not match its digest",
            content: Digest(Array(row.bytes(4).dropFirst(4))) ?? .zero
        )
        record.revision = row.int(5)
        return record
    }

    package func parts(of name: String, version: Int) throws(StoreError) -> StoredParts {
        let found = try ask { (connection, deadline) throws(PostgresError) in
            let text = Self.recordColumns + " WHERE name = $1 AND version = $2"
            let records = try connection.run(text, [.text(name), .int(version)], until: deadline).map(Self.record)
            return try self.parts(of: records, on: connection, until: deadline)[RecordID(name, version)]
        }
        guard let found else { throw .damaged(reason: "version \(version) is not in the database") }
        return try found.get()
    }

    /// Returns the parts of versions; all of each, and none that is damaged.
    private func parts(
        of records: [StoreRecord],
        on connection: Connection,
        until deadline: Deadline
    ) throws(PostgresError) -> [RecordID: Result<StoredParts, StoreError>] {
        var rows: [RecordID: [PartRow]] = [:]
        try connection.run(
            """
            SELECT p.name, r.version, p.key, p.since, p.size, p.hash, p.bytes
            FROM unnest($1::text[], $2::bigint[]) AS r(name, version) JOIN callpath.part p
            ON p.name = r.name AND p.since <= r.version AND (p.until IS NULL OR p.until > r.version)
            """,
            [.texts(records.map(\.name)), .ints(records.map(\.version))],
            until: deadline
        ).forEach { (row) throws(PostgresError) in
            let part = PartRow(
                name: row.text(0),
                key: row.text(2),
                since: row.int(3),
                byteCount: row.int(4),
                hash: Digest(row.bytes(5)) ?? .zero,
                bytes: row.isNull(6) ? nil : row.bytes(6)
            )
            rows[RecordID(part.name, row.int(1)), default: []].append(part)
        }
        var parts: [RecordID: Result<StoredParts, StoreError>] = [:]
        for record in records {
            let id = RecordID(record.name, record.version)
            parts[id] = Result { () throws(StoreError) in
                try StoredParts(checking: rows[id] ?? [], of: record, try cache)
            }
        }
        return parts
    }

    // MARK: What was applied

    package func didApply(_ look: StoreLook) {
        state.withLock { state in
            state.moment = look.moment
            state.own = state.own.filter { !look.moment.contains($0) }
            state.revision = look.revision
            state.floor = look.floor
            state.instance = look.instance
            state.lastLook = .now - (look.age ?? .zero)
            guard look.age == nil else {
                // What happened since then, the cursor of an earlier process does not tell.
                state.looksAtAll = true
                return
            }
            state.lostAt = nil
            guard look.isFull else { return }
            state.fullLooks += 1
            state.looksAtAll = false
        }
        if look.age == nil { sweepIfTime() }
    }

    // MARK: What was kept

    package func keptLook() -> StoreLook? {
        guard let cache = try? cache else { return nil }
        return cache.index.withLock { $0?.kept(cache, has: cache.hasCopy) }
    }

    package func keep(_ look: StoreLook) {
        // Changes to something that is not there come to nothing whole.
        guard let cache = try? cache, look.isFull || state.withLock(\.isKept) else { return }
        let isKept = cache.index.withLock { $0?.keep(look) ?? false }
        state.withLock { $0.isKept = isKept }
    }

    package func lookAtAllNext() { state.withLock { $0.looksAtAll = true } }

    package func didApply(revision: Int) {
        state.withLock { state in
            state.own.insert(revision)
            state.revision = max(state.revision, revision)
        }
    }

    package func hasApplied(_ revision: Int) -> Bool {
        state.withLock { $0.own.contains(revision) || $0.moment?.contains(revision) == true }
    }

    package func renew(_ instance: String) throws(StoreError) {
        state.withLock { $0.losses += 1 }
        try ask { (connection, deadline) throws(PostgresError) in
            try connection.run(
                """
                UPDATE callpath.meta SET instance = replace(gen_random_uuid()::text, '-', '') WHERE instance = $1
                """,
                [.text(instance)],
                until: deadline
            )
        }
    }

    /// Lets the database forget what nobody asks for any more, a few times an hour, and the cache with it.
    private func sweepIfTime() {
        let isTime = state.withLock { state in
            guard state.nextSweep < .now else { return false }
            state.nextSweep = .now + .seconds(600)
            return true
        }
        guard isTime, let cache = try? cache else { return }
        let named = try? ask { (connection, deadline) throws(PostgresError) in
            try connection.run("SELECT callpath.sweep()", until: deadline)
            guard cache.isOnDisk else { return [] as [Digest] }
            return try connection.run(
                "SELECT DISTINCT blob FROM callpath.part WHERE blob IS NOT NULL",
                until: deadline
            ).map { Digest($0.bytes(0)) ?? .zero }
        }
        let byteCount = try? byteCount()
        state.withLock { $0.byteCount = byteCount }
        if cache.isOnDisk, let named { cache.removeAll(but: Set(named)) }
    }
}
