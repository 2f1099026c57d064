import Synchronization

extension Store {
    /// Returns the headers of all versions of all records, by name and then by version.
    package func records() throws(StoreError) -> [StoreRecord] {
        try reading(nil) { (index) throws(StoreError) in try index.records() }
    }

    /// Runs `body` with an index whose tables have all changes, or all of `name`.
    func reading<Result: Sendable>(
        _ name: String?,
        _ body: @Sendable (Index) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try index.withLock { (index) throws(StoreError) in
            let isThere = index.waiting.isEmpty || name.map { !index.waiting.names.contains($0) } ?? false
            guard !isThere, !settle(index) else { return try body(index) }
            return try index.rehearsing(body)
        }
    }

    /// Returns the parts of a version; what it names stays on the disk as long as they are held.
    package func parts(of name: String, version: Int) throws(StoreError) -> StoredParts {
        try reading(name) { (index) throws(StoreError) in
            let (record, rows) = try index.parts(of: name, version)
            return StoredParts(record.header, rows, blobs)
        }
    }
}

/// The parts of one version.
package final class StoredParts: Sendable {
    /// What the writer said of the version.
    package let header: [UInt8]
    private let rows: [String: PartRow]
    private let blobs: any BlobKeeper

    package init(_ header: [UInt8], _ rows: [PartRow], _ blobs: any BlobKeeper) {
        self.header = header
        self.rows = Dictionary(rows.map { ($0.key, $0) }) { first, _ in first }
        self.blobs = blobs
        for row in rows where row.bytes == nil { blobs.pin(row.hash) }
    }

    deinit {
        for row in rows.values where row.bytes == nil { blobs.unpin(row.hash) }
    }

    /// The keys, in order.
    package var keys: [String] { rows.keys.sorted() }

    /// The parts, in no order.
    var all: [PartRow] { Array(rows.values) }

    /// Returns the hash of a part's bytes.
    package func hash(of key: String) -> Digest? { rows[key]?.hash }

    /// Returns the version from which on a part holds.
    package func since(of key: String) -> Int? { rows[key]?.since }

    /// Returns the count of a part's bytes.
    package func byteCount(of key: String) -> Int? { rows[key]?.byteCount }

    /// Returns the bytes of a part that stands in the index; `nil` for one that is a file.
    package func bytes(of key: String) -> [UInt8]? { rows[key]?.bytes }

    /// Hands a part that is a file to `body`, and then checks that it held what its name says.
    package func read<Result>(
        _ key: String,
        _ body: (inout BlobReader) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        guard let row = rows[key], row.bytes == nil else { throw .damaged(reason: "'\(key)' is missing in the index") }
        do throws(StoreError) {
            return try read(row, body)
        } catch {
            guard case .damaged = error else { throw error }
            // Where the file is a copy of what lies elsewhere, the next look for it fetches another one.
            guard blobs.markDamaged(row.hash) else { throw error }
            return try read(row, body)
        }
    }

    private func read<Result>(
        _ row: PartRow,
        _ body: (inout BlobReader) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        var reader = try blobs.reader(of: row.hash, byteCount: row.byteCount)
        let result = try body(&reader)
        try reader.finish()
        return result
    }

    /// Returns all bytes of a part, wherever it stands.
    package func contents(of key: String) throws(StoreError) -> [UInt8] {
        if let bytes = bytes(of: key) { return bytes }
        return try read(key) { (reader) throws(StoreError) in
            var bytes = [UInt8](repeating: 0, count: reader.byteCount)
            try reader.read(into: &bytes)
            return bytes
        }
    }
}
