import CPostgres
package import Store
import Synchronization

extension PostgresStore {
    /// Where a look begins, and whether it brings everything.
    private struct Header {
        let moment: StoreMoment
        let isFull: Bool
        let instance: String
        let floor: Int
        let durability: String
    }

    package func look(mayBeFull: Bool) throws(StoreError) -> StoreLook? {
        try looks.withLock { (open) throws(StoreError) in
            let deadline = Deadline(after: options.timeout)
            do throws(PostgresError) {
                if let known = open, !known.isClosed {
                    do throws(PostgresError) {
                        return try look(on: known, mayBeFull, until: deadline)
                    } catch {
                        open = nil
                        guard error.isBroken else { throw error }
                    }
                }
                let connection = try connect(until: deadline)
                let look = try look(on: connection, mayBeFull, until: deadline)
                open = connection
                return look
            } catch {
                open = nil
                noteLoss(error.message)
                throw Self.refusal(error, .unchanged)
            }
        }
    }

    /// The kinds of rows that `callpath.look` gives.
    private enum Kind: Int {
        case moment, name, record, part
    }

    private func look(
        on connection: Connection,
        _ mayBeFull: Bool,
        until deadline: Deadline
    ) throws(PostgresError) -> StoreLook? {
        let (order, known) = state.withLock { state in
            state.lastLookOrder += 1
            let known = state.looksAtAll ? nil : state.moment
            return (state.lastLookOrder, known.map { ($0, state.instance) })
        }
        var header: Header?
        var names: [StoreLook.Name] = []
        var records: [StoreRecord] = []
        var parts: [RecordID: [PartRow]] = [:]
        try connection.run(
            "SELECT * FROM callpath.look($1, $2, $3, $4)",
            [
                known.map { .int($0.0.first) } ?? .null, known.map { .text($0.0.origin) } ?? .null,
                known.map { .text($0.1) } ?? .null, .bool(mayBeFull),
            ],
            until: deadline
        ).forEach { (row) throws(PostgresError) in
            switch Kind(rawValue: row.int(0)) {
            case .moment: header = Self.header(row)
            case .name:
                let name = (row.text(1), row.int(2), row.bool(3), row.int(4))
                names.append(
                    StoreLook.Name(name: name.0, version: name.1, isDeleted: name.2, revision: name.3)
                )
            case .record: records.append(Self.lookedRecord(row))
            case .part:
                let part = Self.lookedPart(row)
                parts[RecordID(part.name, row.int(2)), default: []].append(part)
            case nil: break
            }
        }
        guard let header else { throw PostgresError(.refused(.undefinedTable), "the table callpath.meta is empty") }
        state.withLock { $0.durability = header.durability }
        guard mayBeFull || !header.isFull else { return nil }
        let cursor = header.isFull ? 0 : known?.0.first ?? 0
        let new = records.filter { ($0.revision ?? 0) >= cursor }
        return StoreLook(
            moment: header.moment,
            isFull: header.isFull,
            names: names,
            records: records,
            parts: try checked(parts, of: new),
            revision: max(header.isFull ? 0 : revision, names.map(\.revision).max() ?? 0),
            floor: header.floor,
            instance: header.instance,
            order: order
        )
    }

    private static func header(_ row: Row) -> Header {
        Header(
            moment: StoreMoment(
                first: row.int(6),
                end: row.int(7),
                running: Set(row.text(5).split(separator: ",").compactMap { Int($0) }),
                origin: row.text(11)
            ),
            isFull: row.bool(3),
            instance: row.text(1),
            floor: row.int(2),
            durability: row.text(12)
        )
    }

    private static func lookedRecord(_ row: Row) -> StoreRecord {
        record(
            row.text(1),
            row.int(2),
            header: row.bytes(8),
            digest: Digest(row.bytes(9)),
            content: row.bytes(10),
            revision: row.int(4)
        )
    }

    private static func lookedPart(_ row: Row) -> PartRow {
        PartRow(
            name: row.text(1),
            key: row.text(5),
            since: row.int(6),
            byteCount: row.int(7),
            hash: Digest(row.bytes(9)) ?? .zero,
            bytes: row.isNull(8) ? nil : row.bytes(8)
        )
    }

    package func records() throws(StoreError) -> [StoreRecord] {
        try ask { (connection, deadline) throws(PostgresError) in
            try connection.run(Self.recordColumns + " ORDER BY name, version", until: deadline).map(Self.record)
        }
    }

    private static let recordColumns = "SELECT name, version, header, digest, content, xid FROM callpath.record"

    private static func record(_ row: Row) -> StoreRecord {
        record(
            row.text(0),
            row.int(1),
            header: row.bytes(2),
            digest: Digest(row.bytes(3)),
            content: row.bytes(4),
            revision: row.int(5)
        )
    }

    /// - Parameter content: What the parts come to, as PostgreSQL has bits: behind their count.
    private static func record(
        _ name: String,
        _ version: Int,
        header: [UInt8],
        digest: Digest?,
        content: [UInt8],
        revision: Int
    ) -> StoreRecord {
        let isWhole = StepTable.digest(name, version, header) == digest
        var record = StoreRecord(
            name: name,
            version: version,
            header: header,
            damage: isWhole ? nil : "its row in the database does not match its digest",
            content: Digest(Array(content.dropFirst(4))) ?? .zero
        )
        record.revision = revision
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
        return try checked(rows, of: records)
    }

    /// Returns the parts of versions; all of each, and none that is damaged.
    private func checked(
        _ rows: [RecordID: [PartRow]],
        of records: [StoreRecord]
    ) throws(PostgresError) -> [RecordID: Result<StoredParts, StoreError>] {
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
            state.shownLookOrder = max(state.shownLookOrder, look.order)
            state.own = state.own.filter { !look.moment.contains($0) }
            // What a full look does not have is lost.
            state.recent.removeAll { look.isFull || look.moment.contains($0.revision) }
            state.revision = look.isFull ? look.revision : max(state.revision, look.revision)
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

    /// The least time from writing to writing: a start without the database may be as much behind.
    private static let keepTime = Duration.seconds(1)

    package func keep(_ look: StoreLook) {
        unkept.withLock { unkept in
            unkept.look = unkept.look?.followed(by: look) ?? look
            // Looks go on whether there are changes or not: the next one writes what this one does not.
            let isLast = state.withLock(\.isStopped)
            if let last = unkept.writtenAt, !look.isFull, !isLast, last + Self.keepTime > .now { return }
            write(&unkept.look)
            unkept.writtenAt = .now
        }
    }

    /// Writes what waits to be kept.
    private func write(_ look: inout StoreLook?) {
        defer { look = nil }
        // Changes to something that is not there come to nothing whole.
        guard let look, let cache = try? cache, look.isFull || state.withLock(\.isKept) else { return }
        let isKept = cache.index.withLock { $0?.keep(look) ?? false }
        state.withLock { $0.isKept = isKept }
    }

    /// Writes all that waits to be kept.
    func keepAll() { unkept.withLock { write(&$0.look) } }

    package func lookAtAllNext() { state.withLock { $0.looksAtAll = true } }

    package func didApply(revision: Int, of names: Set<String>) {
        state.withLock { state in
            state.own.insert(revision)
            state.recent.append(
                OwnChange(revision: revision, names: names, lookOrder: state.lastLookOrder)
            )
            state.revision = max(state.revision, revision)
        }
    }

    package func namesAhead(of look: StoreLook) -> Set<String>? {
        state.withLock { state in
            guard look.order > state.shownLookOrder || look.age != nil else { return nil }
            // A commit that was over before the look began is in it, or the database has lost it.
            guard !look.isFull else { return [] }
            return state.recent.reduce(into: []) { names, change in
                guard change.lookOrder >= look.order, !look.moment.contains(change.revision) else { return }
                names.formUnion(change.names)
            }
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
