import CPostgres
package import Store
import Synchronization

/// Large parts: rows of 1 MiB, by binary COPY.
extension PostgresStore {
    /// The bytes of a row.
    private static let rowByteCount = 1 << 20
    /// What stands before the rows of a binary COPY.
    private static let copyHeader: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0]

    package func write(_ source: any PartSource) throws(StoreError) -> StoredFile {
        var hash = SHA256Hash()
        source.forEachPiece { hash.update($0) }
        let blob = hash.finish()
        let cache = try cache
        cache.pin(blob)
        do throws(StoreError) {
            try upload(source, as: blob)
        } catch {
            cache.unpin(blob)
            throw error
        }
        cache.keep(blob, source)
        return StoredFile(digest: blob, blobs: cache)
    }

    /// Writes a blob unless it is there; others may do the same at the same time.
    func upload(_ source: any PartSource, as blob: Digest) throws(StoreError) {
        do throws(StoreError) {
            try ask { (connection, deadline) throws(PostgresError) in
                let isThere =
                    try connection.run(
                        "SELECT 1 FROM callpath.blob_done WHERE sha = $1",
                        [.bytes(blob.bytes)],
                        until: deadline
                    ).count > 0
                guard !isThere else { return }
                try connection.run("BEGIN", until: deadline)
                try copy(source, as: blob, on: connection)
                let last = Deadline(after: options.timeout)
                try connection.run(
                    "INSERT INTO callpath.blob_done(sha, size) VALUES($1, $2)",
                    [.bytes(blob.bytes), .int(source.byteCount)],
                    until: last
                )
                try connection.run("COMMIT", until: last)
            }
        } catch {
            guard case .conflict = error else { throw error }
            // Somebody else was faster with the same bytes.
            let isThere = try ask { (connection, deadline) throws(PostgresError) in
                try connection.run(
                    "SELECT 1 FROM callpath.blob_done WHERE sha = $1",
                    [.bytes(blob.bytes)],
                    until: deadline
                ).count > 0
            }
            guard isThere else { throw error }
        }
    }

    private func copy(
        _ source: any PartSource,
        as blob: Digest,
        on connection: Connection
    ) throws(PostgresError) {
        try connection.copyIn(
            "COPY callpath.blob(sha, n, bytes) FROM STDIN (FORMAT binary)",
            patience: options.timeout
        ) { (write) throws(PostgresError) in
            var row = Self.copyHeader
            var number: Int32 = 0
            var rest = source.byteCount
            /// Begins the next row with all but its bytes.
            func begin() {
                row += [0, 3]
                row.append(bigEndian: 32)
                row += blob.bytes
                row.append(bigEndian: 4)
                row.append(bigEndian: number)
                row.append(bigEndian: Int32(min(rest, Self.rowByteCount)))
                number += 1
            }
            begin()
            var room = min(rest, Self.rowByteCount)
            try source.forEachPiece { (piece) throws(PostgresError) in
                var left = piece
                while !left.isEmpty {
                    let count = min(left.count, room)
                    row.append(contentsOf: left[..<(left.startIndex + count)])
                    left = UnsafeRawBufferPointer(rebasing: left[(left.startIndex + count)...])
                    (room, rest) = (room - count, rest - count)
                    guard room == 0, rest > 0 else { continue }
                    try Self.hand(&row, to: write)
                    begin()
                    room = min(rest, Self.rowByteCount)
                }
            }
            row += [0xFF, 0xFF]
            try Self.hand(&row, to: write)
        }
    }

    private static func hand(
        _ row: inout [UInt8],
        to write: (UnsafeRawBufferPointer) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        var failure: PostgresError?
        row.withUnsafeBytes { bytes in
            do throws(PostgresError) { try write(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
        row.removeAll(keepingCapacity: true)
    }

    /// Hands the bytes of a blob to `write`.
    func download(
        _ blob: Digest,
        _ write: (UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) {
        var refusal: StoreError?
        var found = SHA256Hash()
        var isFirst = true
        var count = 0
        try ask { (connection, _) throws(PostgresError) in
            try connection.copyOut(
                "COPY (SELECT bytes FROM callpath.blob WHERE sha = '\\x\(blob.hexadecimal)' ORDER BY n) TO STDOUT (FORMAT binary)",
                patience: options.timeout
            ) { (message) throws(PostgresError) in
                var rest = message[...]
                if isFirst { rest = rest.dropFirst(Self.copyHeader.count) }
                isFirst = false
                // A row of one column: its count, its length, its bytes. The last message has a count below zero.
                guard rest.count > 6, refusal == nil else { return }
                let bytes = UnsafeRawBufferPointer(rebasing: rest.dropFirst(6))
                count += bytes.count
                found.update(bytes)
                do throws(StoreError) { try write(bytes) } catch { refusal = error }
            }
        }
        if let refusal { throw refusal }
        guard count > 0 else { throw .damaged(reason: "\(BlobFolder.name(of: blob)) is missing in the database") }
        guard found.finish() == blob else {
            throw .damaged(reason: "\(BlobFolder.name(of: blob)) does not match its name in the database")
        }
    }
}
