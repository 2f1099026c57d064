extension Index {
    /// What a change leaves over within a transaction.
    struct Leftovers {
        /// The names of which parts may be held no longer.
        var names: Set<String> = []
        /// Files that a part named before, with their sizes.
        var files: [Digest: Int] = [:]

        mutating func merge(_ other: Leftovers) {
            names.formUnion(other.names)
            files.merge(other.files) { size, _ in size }
        }
    }

    /// Writes the steps of a change, within a transaction.
    ///
    /// - Parameters:
    ///   - files: The hashes of the parts that were written as files, by record, version and key.
    ///   - keepsLoose: Whether somebody still reads what no version has any more.
    func apply(
        _ change: StoreChange,
        _ files: [PartPlace: Digest],
        keepsLoose: Bool,
        to meta: inout Meta
    ) throws(DatabaseError) -> Leftovers {
        var rest = Leftovers()
        var dropped = change.dropped
        for step in change.steps {
            switch step {
            case .put(let name, let version, let header, let parts, let replacesAll):
                if !replacesAll, !keepsLoose, let last = dropped[name],
                    let old = try fewVersions(of: name, from: last)
                {
                    try replace(old, by: version, header, parts, files, &rest.files, &meta)
                    dropped[name] = nil
                    continue
                }
                var content = replacesAll ? Digest.zero : try newest(name)?.content ?? .zero
                if replacesAll { try closeAll(name, at: version) }
                for (key, part) in parts {
                    if !replacesAll { try close(name, key, at: version, &content) }
                    guard let part else { continue }
                    let file = files[PartPlace(name: name, version: version, key: key)]
                    try insert(part, key, of: name, since: version, file: file, &content)
                }
                try insert(name, version, header, content, &meta)
            case .setHeader(let name, let version, let header):
                guard let content = try take(name, version, &meta) else { continue }
                try insert(name, version, header, content, &meta)
            case .drop(let name, let version):
                guard dropped[name] != nil else { continue }
                _ = try take(name, version, &meta)
                rest.names.insert(name)
            }
        }
        return rest
    }

    // MARK: A version in the place of one that goes

    /// Returns the versions of `name`, ascending, if they are two at most and the first of them is `oldest`.
    private func fewVersions(of name: String, from oldest: Int) throws(DatabaseError) -> [StoreRecord]? {
        var found: [StoreRecord] = []
        let text =
            "SELECT name, version, header, content, digest FROM record WHERE name = ? ORDER BY version LIMIT 3"
        try database.rows(text, .text(name)) { row in found.append(Self.record(row)) }
        let isWhole = found.allSatisfy { $0.damage == nil }
        return found.count < 3 && found.first?.version == oldest && isWhole ? found : nil
    }

    /// Writes a version over the oldest one, which goes with it, and its parts over those that nobody has then: half the
    /// work of new rows.
    private func replace(
        _ old: [StoreRecord],
        by version: Int,
        _ header: [UInt8],
        _ parts: [String: StorePart?],
        _ files: [PartPlace: Digest],
        _ spare: inout [Digest: Int],
        _ meta: inout Meta
    ) throws(DatabaseError) {
        guard let oldest = old.first, let newest = old.last else { return }
        let name = oldest.name
        let isHeld = old.count > 1
        var content = newest.content
        // Rows that no version has any more.
        var free = isHeld ? try self.parts(of: name, endedBy: newest.version) : []
        for key in parts.keys {
            for (row, isWhole) in try open(name, key) {
                content.toggle(row.identity)
                if isHeld { try close(row, at: version) } else if isWhole { free.append(row) }
            }
        }
        for row in free where row.bytes == nil { spare[row.hash] = row.byteCount }
        for (key, part) in parts {
            guard let part else { continue }
            let file = files[PartPlace(name: name, version: version, key: key)]
            let row = Self.row(part, key, of: name, since: version, file: file)
            content.toggle(row.identity)
            guard let place = free.popLast() else {
                try insert(row)
                continue
            }
            try database.run(
                """
                UPDATE part SET key = ?, since = ?, until = NULL, size = ?, hash = ?, bytes = ?, digest = ? WHERE id = ?
                """,
                .text(key),
                .int(version),
                .int(row.byteCount),
                .bytes(row.hash.bytes),
                row.bytes.map { .bytes($0) } ?? .null,
                .bytes(row.digest.bytes),
                .int(place.id)
            )
        }
        for row in free { try database.run("DELETE FROM part WHERE id = ?", .int(row.id)) }
        let digest = StoreRecord.digest(name: name, version: version, header: header, content: content)
        try database.run(
            "UPDATE record SET version = ?, header = ?, content = ?, digest = ? WHERE name = ? AND version = ?",
            .int(version),
            .bytes(header),
            .bytes(content.bytes),
            .bytes(digest.bytes),
            .text(name),
            .int(oldest.version)
        )
        meta.recordSum.toggle(oldest.digest)
        meta.recordSum.toggle(digest)
    }

    /// Returns the parts of `name` that only versions before `version` had.
    private func parts(of name: String, endedBy version: Int) throws(DatabaseError) -> [PartRow] {
        var found: [PartRow] = []
        let text = Self.partColumns + " WHERE name = ? AND until IS NOT NULL AND until <= ?"
        try database.rows(text, .text(name), .int(version)) { row in
            // An index of SQLite's own has no digests: after a flipped bit it may lead to somebody else's row.
            let part = Self.part(row)
            if part.digest == row.digest(8) { found.append(part) }
        }
        return found
    }

    // MARK: Versions

    private func newest(_ name: String) throws(DatabaseError) -> StoreRecord? {
        var found: StoreRecord?
        let text =
            "SELECT name, version, header, content, digest FROM record WHERE name = ? ORDER BY version DESC LIMIT 1"
        try database.rows(text, .text(name)) { row in found = Self.record(row) }
        return found
    }

    private func insert(
        _ name: String,
        _ version: Int,
        _ header: [UInt8],
        _ content: Digest,
        _ meta: inout Meta
    ) throws(DatabaseError) {
        let digest = StoreRecord.digest(name: name, version: version, header: header, content: content)
        try database.run(
            "INSERT INTO record(name, version, header, content, digest) VALUES(?, ?, ?, ?, ?)",
            .text(name),
            .int(version),
            .bytes(header),
            .bytes(content.bytes),
            .bytes(digest.bytes)
        )
        meta.recordCount += 1
        meta.recordSum.toggle(digest)
    }

    /// Takes a version's row away, and returns what its parts come to.
    private func take(_ name: String, _ version: Int, _ meta: inout Meta) throws(DatabaseError) -> Digest? {
        var taken: (content: Digest, digest: Digest)?
        let text = "SELECT content, digest FROM record WHERE name = ? AND version = ?"
        try database.rows(text, .text(name), .int(version)) { row in
            taken = (row.digest(0) ?? .zero, row.digest(1) ?? .zero)
        }
        guard let taken else { return nil }
        try database.run("DELETE FROM record WHERE name = ? AND version = ?", .text(name), .int(version))
        meta.recordCount -= 1
        meta.recordSum.toggle(taken.digest)
        return taken.content
    }

    // MARK: Parts

    private func insert(
        _ part: StorePart,
        _ key: String,
        of name: String,
        since version: Int,
        file: Digest?,
        _ content: inout Digest
    ) throws(DatabaseError) {
        let row = Self.row(part, key, of: name, since: version, file: file)
        content.toggle(row.identity)
        try insert(row)
    }

    private func insert(_ row: PartRow) throws(DatabaseError) {
        try database.run(
            "INSERT INTO part(name, key, since, size, hash, bytes, digest) VALUES(?, ?, ?, ?, ?, ?, ?)",
            .text(row.name),
            .text(row.key),
            .int(row.since),
            .int(row.byteCount),
            .bytes(row.hash.bytes),
            row.bytes.map { .bytes($0) } ?? .null,
            .bytes(row.digest.bytes)
        )
    }

    private static func row(
        _ part: StorePart,
        _ key: String,
        of name: String,
        since version: Int,
        file: Digest?
    ) -> PartRow {
        let bytes = file == nil ? part.bytes : nil
        return PartRow(
            name: name,
            key: key,
            since: version,
            byteCount: part.source.byteCount,
            hash: file ?? Digest(of: bytes ?? []),
            bytes: bytes
        )
    }

    /// Returns the parts of `name` under `key` that the newest version has, one at most, and whether they match their digests.
    private func open(_ name: String, _ key: String) throws(DatabaseError) -> [(part: PartRow, isWhole: Bool)] {
        var open: [(part: PartRow, isWhole: Bool)] = []
        let text = Self.partColumns + " WHERE name = ? AND key = ? AND until IS NULL"
        try database.rows(text, .text(name), .text(key)) { row in
            let part = Self.part(row)
            open.append((part, part.digest == row.digest(8)))
        }
        return open
    }

    private func close(
        _ name: String,
        _ key: String,
        at version: Int,
        _ content: inout Digest
    ) throws(DatabaseError) {
        for (part, _) in try open(name, key) {
            content.toggle(part.identity)
            try close(part, at: version)
        }
    }

    private func closeAll(_ name: String, at version: Int) throws(DatabaseError) {
        var open: [PartRow] = []
        try database.rows(Self.partColumns + " WHERE name = ? AND until IS NULL", .text(name)) { row in
            open.append(Self.part(row))
        }
        for part in open { try close(part, at: version) }
    }

    private func close(_ part: PartRow, at version: Int) throws(DatabaseError) {
        var closed = part
        closed.until = version
        try database.run(
            "UPDATE part SET until = ?, digest = ? WHERE id = ?",
            .int(version),
            .bytes(closed.digest.bytes),
            .int(part.id)
        )
    }

    // MARK: What nobody holds any more

    /// Takes away the parts of `name` that belong to no version, within a transaction.
    ///
    /// - Returns: The files that they named.
    func dropLoose(of name: String) throws(DatabaseError) -> [Digest: Int] {
        let newest = try newest(name)?.version
        // Most often only what ended can be loose.
        let candidates = newest == nil ? "name = ?1" : "name = ?1 AND until IS NOT NULL"
        let loose = """
            \(candidates) AND NOT EXISTS (SELECT 1 FROM record WHERE record.name = part.name
            AND version >= since AND (until IS NULL OR version < until))
            """
        var files: [Digest: Int] = [:]
        try database.rows("SELECT hash, size FROM part WHERE bytes IS NULL AND " + loose, .text(name)) { row in
            if let hash = row.digest(0) { files[hash] = row.int(1) }
        }
        try database.run("DELETE FROM part WHERE " + loose, .text(name))
        return files
    }

    /// Whether a part names the file.
    func names(_ file: Digest) throws(DatabaseError) -> Bool {
        let text = "SELECT count(*) FROM (SELECT 1 FROM part WHERE hash = ? AND bytes IS NULL LIMIT 1)"
        return try database.number(text, .bytes(file.bytes)) > 0
    }

    /// Returns the names of records that have parts which no version has, as a stop in the middle of a backup leaves them,
    /// and the files that parts name.
    ///
    /// It reads the tables alone: an index of SQLite's own has no digests, and a flipped bit in it hides a row.
    /// - Throws: `StoreError` if a row is damaged.
    func looseParts() throws(StoreError) -> (names: Set<String>, files: Set<Digest>) {
        var versions: [String: [Int]] = [:]
        for record in try records() {
            if let damage = record.damage { throw .damaged(reason: damage) }
            versions[record.name, default: []].append(record.version)
        }
        var (names, files) = (Set<String>(), Set<Digest>())
        let text = """
            SELECT id, name, key, since, until, size, hash, NULL, digest FROM part NOT INDEXED WHERE bytes IS NULL
            """
        try database.rows(text, failure: failure) { row throws(StoreError) in
            let part = Self.part(row)
            guard part.digest == row.digest(8) else { throw .damaged(reason: "a row does not match its digest") }
            files.insert(part.hash)
        }
        let spans = "SELECT name, since, until FROM part NOT INDEXED"
        try database.rows(spans, failure: failure) { row throws(StoreError) in
            let (name, since) = (row.text(0), row.int(1))
            let until = row.isNull(2) ? Int.max : row.int(2)
            let isHeld = versions[name]?.contains { $0 >= since && $0 < until } ?? false
            if !isHeld { names.insert(name) }
        }
        return (names, files)
    }
}

/// Where a part stands that is written as a file.
package struct PartPlace: Hashable, Sendable {
    let name: String
    let version: Int
    let key: String

    package init(name: String, version: Int, key: String) {
        (self.name, self.version, self.key) = (name, version, key)
    }
}
