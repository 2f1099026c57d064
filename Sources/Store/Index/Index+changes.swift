extension Index {
    /// Writes the steps of a change, within a transaction.
    ///
    /// - Parameter files: The hashes of the parts that were written as files, by record, version and key.
    /// - Returns: The names of which parts may be held no longer.
    func apply(
        _ change: StoreChange,
        _ files: [PartPlace: Digest],
        to meta: inout Meta
    ) throws(DatabaseError) -> Set<String> {
        var names: Set<String> = []
        for step in change.steps {
            switch step {
            case .put(let name, let version, let header, let parts, let replacesAll):
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
                _ = try take(name, version, &meta)
                names.insert(name)
            }
        }
        meta.revision += 1
        return names
    }

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
        let bytes = file == nil ? part.bytes : nil
        let row = PartRow(
            id: 0,
            name: name,
            key: key,
            since: version,
            until: nil,
            byteCount: part.source.byteCount,
            hash: file ?? Digest(of: bytes ?? []),
            bytes: bytes
        )
        content.toggle(row.identity)
        try database.run(
            "INSERT INTO part(name, key, since, size, hash, bytes, digest) VALUES(?, ?, ?, ?, ?, ?, ?)",
            .text(name),
            .text(key),
            .int(version),
            .int(row.byteCount),
            .bytes(row.hash.bytes),
            bytes.map { .bytes($0) } ?? .null,
            .bytes(row.digest.bytes)
        )
    }

    private func close(
        _ name: String,
        _ key: String,
        at version: Int,
        _ content: inout Digest
    ) throws(DatabaseError) {
        var open: [PartRow] = []
        let text = Self.partColumns + " WHERE name = ? AND key = ? AND until IS NULL"
        try database.rows(text, .text(name), .text(key)) { row in open.append(Self.part(row)) }
        for part in open {
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
