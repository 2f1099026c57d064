import JSON

/// All of a registry at one moment, as a tar file.
package struct Backup: Sendable {
    static let format = 1
    static let manifestName = "callpath-backup.json"
    static let endName = "end.json"
    /// Bytes of records in one entry, unless a single record has more.
    private static let recordsByteCount = 4 << 20
    /// Bytes that are handed over at once.
    private static let pieceByteCount = 1 << 20

    /// A version of a record with the hashes of its large parts.
    private struct Record: Sendable {
        let name: String
        let version: Int
        let header: [UInt8]
        let parts: Parts
    }

    /// Where the parts of a record are.
    private enum Parts: Sendable {
        case given([(key: String, part: StorePart, file: Digest?)])
        case stored(StoreRecord)
    }

    /// Where the bytes of a file are.
    private enum File: Sendable {
        case given(any PartSource)
        case stored(byteCount: Int)
    }

    package let revision: Int
    private let instance: String
    private let counters: StoreCounters
    /// What could not be read and is not in it.
    private let damaged: [String]
    private let records: [Record]
    /// The files that are known beforehand.
    private let files: [Digest: File]
    /// What a store had at that moment, if it is the backup of one.
    private let moment: StoredMoment?

    /// Takes the records that `steps` put, and hashes their large parts, which takes its time.
    package init(instance: String, revision: Int, counters: StoreCounters, damaged: [String], steps: [StoreStep]) {
        (self.instance, self.revision, self.counters, self.damaged) = (instance, revision, counters, damaged)
        moment = nil
        var files: [Digest: File] = [:]
        let records = steps.compactMap { step -> Record? in
            guard case .put(let name, let version, let header, let parts, _) = step else { return nil }
            let kept = parts.sorted { $0.key < $1.key }.compactMap { key, part in part.map { (key, $0) } }
            return Record(
                name: name,
                version: version,
                header: header,
                parts: .given(
                    kept.map { key, part in
                        guard part.isFile else { return (key, part, nil) }
                        let digest = part.source.digest
                        files[digest] = .given(part.source)
                        return (key, part, digest)
                    }
                )
            )
        }
        self.records = records.sorted { ($0.name, $0.version) < ($1.name, $1.version) }
        self.files = files
    }

    /// Takes what a store had at one moment, but for versions that `isLeftOut` names; parts are read when they are written.
    package init(of moment: StoredMoment, damaged: [String], leavingOut isLeftOut: (String, Int) -> Bool) {
        (instance, revision, counters) = (moment.instance, moment.revision, moment.counters)
        self.damaged = damaged
        self.moment = moment
        files = [:]
        records = moment.records.filter { !isLeftOut($0.name, $0.version) }
            .map { Record(name: $0.name, version: $0.version, header: $0.header, parts: .stored($0)) }
    }

    /// Hands the file to `write`, piece by piece.
    package func write(_ write: ([UInt8]) async throws -> Void) async throws {
        try await entry(Self.manifestName, manifest, write)
        var (text, index, hash) = ([] as [UInt8], 0, RecordsHash())
        var files = files
        hash.add(manifest)
        for record in records {
            let line = try line(record, &files)
            if !text.isEmpty, text.count + line.count > Self.recordsByteCount {
                try await entry(Self.recordsName(index), text, write)
                hash.add(text)
                (text, index) = ([], index + 1)
            }
            text += line
        }
        if !text.isEmpty {
            try await entry(Self.recordsName(index), text, write)
            hash.add(text)
        }
        for (digest, file) in files.sorted(by: { $0.key < $1.key }) {
            switch file {
            case .given(let source): try await blob(digest, source, write)
            case .stored(let byteCount): try await blob(digest, byteCount: byteCount, write)
            }
        }
        try await entry(Self.endName, end(hash.digest, fileCount: files.count), write)
        try await write(Tar.end)
    }

    private func entry(_ name: String, _ content: [UInt8], _ write: ([UInt8]) async throws -> Void) async throws {
        try await write(
            Tar.header(name, byteCount: content.count) + content + Tar.padding(after: content.count)
        )
    }

    private func blob(
        _ digest: Digest,
        _ source: any PartSource,
        _ write: ([UInt8]) async throws -> Void
    ) async throws {
        let byteCount = source.byteCount
        try await write(Tar.header(BlobFolder.name(of: digest), byteCount: byteCount))
        for start in stride(from: 0, to: byteCount, by: Self.pieceByteCount) {
            try await write(source.bytes(start..<min(byteCount, start + Self.pieceByteCount)))
        }
        try await write(Tar.padding(after: byteCount))
    }

    private func blob(
        _ digest: Digest,
        byteCount: Int,
        _ write: ([UInt8]) async throws -> Void
    ) async throws {
        guard let moment else { return }
        try await write(Tar.header(BlobFolder.name(of: digest), byteCount: byteCount))
        var reader = try moment.blobs.reader(of: digest, byteCount: byteCount)
        for start in stride(from: 0, to: byteCount, by: Self.pieceByteCount) {
            var piece = [UInt8](repeating: 0, count: min(Self.pieceByteCount, byteCount - start))
            try reader.read(into: &piece)
            try await write(piece)
        }
        try reader.finish()
        try await write(Tar.padding(after: byteCount))
    }

    static func recordsName(_ index: Int) -> String {
        let digits = String(index)
        return "records/\(String(repeating: "0", count: max(0, 6 - digits.utf8.count)))\(digits).jsonl"
    }

    // MARK: Texts

    private var manifest: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("format", Self.format)
        writer.member("instance", instance)
        writer.member("revision", revision)
        writer.member("floor", counters.floor)
        writer.member("highest_version", counters.highestVersion)
        writer.member("next_hook", counters.nextHook)
        writer.member("modules", Set(records.map(\.name)).subtracting([""]).count)
        if !damaged.isEmpty { writer.member("damaged", .array(damaged.map { .string($0) })) }
        writer.endObject()
        return writer.finish() + [0x0A]
    }

    private func end(_ digest: Digest, fileCount: Int) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("records", records.count)
        writer.member("blobs", fileCount)
        writer.member("sha256", digest.hexadecimal)
        writer.endObject()
        return writer.finish() + [0x0A]
    }

    /// Returns the line of a record, and notes the files that it names.
    private func line(_ record: Record, _ files: inout [Digest: File]) throws(StoreError) -> [UInt8] {
        switch record.parts {
        case .given(let parts):
            return Self.line(record, parts.map { ($0.key, $0.file == nil ? $0.part.bytes : nil, $0.file ?? .zero) })
        case .stored(let stored):
            let rows = try moment?.parts(of: stored).sorted { $0.key < $1.key } ?? []
            for row in rows where row.bytes == nil { files[row.hash] = .stored(byteCount: row.byteCount) }
            return Self.line(record, rows.map { ($0.key, $0.bytes, $0.hash) })
        }
    }

    /// Returns the line of a record whose parts have bytes or, if those are in a file, its hash.
    private static func line(_ record: Record, _ parts: [(key: String, bytes: [UInt8]?, file: Digest)]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("name", record.name)
        writer.member("version", record.version)
        writer.member("header", Base64.text(record.header))
        writer.key("parts")
        writer.beginObject()
        for (key, bytes, file) in parts {
            writer.key(key)
            writer.beginObject()
            if let bytes {
                writer.member("data", Base64.text(bytes))
            } else {
                writer.member("sha256", file.hexadecimal)
            }
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
        return writer.finish() + [0x0A]
    }
}

/// The hash over the manifest and all record files: over those of each, in their order.
struct RecordsHash {
    private var digests: [UInt8] = []

    mutating func add(_ text: [UInt8]) { digests += Digest(of: text).bytes }

    var digest: Digest { Digest(of: digests) }
}

extension PartSource {
    /// The SHA-256 of all bytes.
    package var digest: Digest {
        var hash = SHA256Hash()
        forEachPiece { hash.update($0) }
        return hash.finish()
    }

    /// Returns some of the bytes.
    fileprivate func bytes(_ range: Range<Int>) -> [UInt8] {
        var (bytes, start) = ([] as [UInt8], 0)
        bytes.reserveCapacity(range.count)
        forEachPiece { piece in
            let overlap = range.clamped(to: start..<start + piece.count)
            if !overlap.isEmpty { bytes += piece[(overlap.lowerBound - start)..<(overlap.upperBound - start)] }
            start += piece.count
        }
        return bytes
    }
}
