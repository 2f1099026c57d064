import Glibc
import JSON

extension Store {
    /// Makes the folder `path` from a backup, as a registry of its own: the original may live on.
    ///
    /// - Parameter read: Returns so many bytes of the backup, fewer only at its end.
    /// - Throws: `StoreError`; then the folder is as it was.
    package static func restore(
        path: String,
        disk: any Disk = SystemDisk(),
        read: @escaping (Int) throws(StoreError) -> [UInt8]
    ) throws(StoreError) {
        if let names = try? disk.names(in: path), !names.isEmpty { throw .notEmpty(path: path) }
        let draft = "\(path).restoring-\(getpid())"
        do throws(StoreError) {
            try fill(draft, disk, read)
            do throws(DiskError) {
                try disk.rename(draft, to: path)
                try disk.syncFolder(parent(of: path))
            } catch { throw .notUsable(error) }
        } catch {
            remove(draft, disk)
            throw error
        }
    }

    private static func fill(
        _ path: String,
        _ disk: any Disk,
        _ read: @escaping (Int) throws(StoreError) -> [UInt8]
    ) throws(StoreError) {
        let store = try Store(path: path, disk: disk)
        var restoration = Restoration(store: store, reader: TarReader(read: read))
        let steps = try restoration.steps()
        _ = try store.commit([store.prepare(StoreChange(steps))], counters: restoration.counters)
    }

    /// Removes a folder with all that is in it, as far as that goes.
    private static func remove(_ path: String, _ disk: any Disk) {
        for name in (try? disk.names(in: path)) ?? [] {
            let inner = "\(path)/\(name)"
            if unlink(inner) != 0 { remove(inner, disk) }
        }
        rmdir(path)
    }
}

extension SharedStore {
    /// Fills the store, which has to be empty, with a backup, all or none of it.
    ///
    /// - Parameter describe: What the header of a module's version says: the names that it refers to, and whether it can be
    ///   called by its version; `nil` for one that cannot be read.
    package func restore(
        read: @escaping (Int) throws(StoreError) -> [UInt8],
        describe: ([UInt8]) -> (references: [String], isListed: Bool)?
    ) throws(StoreError) {
        var restoration = Restoration(store: self, reader: TarReader(read: read))
        let steps = try restoration.steps()
        var names: [String: [(version: Int, header: [UInt8], step: StoreStep)]] = [:]
        for step in steps {
            guard case .put(let name, let version, let header, _, _) = step else { continue }
            names[name, default: []].append((version, header, step))
        }
        var counters = restoration.counters
        var changes: [(StoreChange, SharedTerms)] = []
        for (name, versions) in names.sorted(by: { $0.key < $1.key }) {
            let versions = versions.sorted { $0.version < $1.version }
            guard let last = versions.last else { continue }
            let said = name.isEmpty ? ([], true) : describe(last.header)
            guard let said, said.isListed else {
                // It was removed, and stands in old versions of others alone.
                counters.floor = max(counters.floor, last.version)
                continue
            }
            var terms = SharedTerms()
            terms.held = [SharedTerms.Held(name, version: nil, next: last.version)]
            terms.touched = [SharedTerms.Touched(name, version: last.version, references: said.references)]
            changes.append((StoreChange(versions.map(\.step)), terms))
        }
        try fill(changes, counters: counters)
    }
}

/// A backup on its way into an empty store.
private struct Restoration {
    private struct Record {
        let name: String
        let version: Int
        let header: [UInt8]
        var parts: [String: StorePart?] = [:]
        var files: [String: Digest] = [:]
    }

    let store: any RegistryStore
    let reader: TarReader
    private(set) var counters = StoreCounters()
    private var records: [Record] = []
    private var hash = RecordsHash()
    private var files: [Digest: (file: StoredFile, byteCount: Int)] = [:]

    init(store: any RegistryStore, reader: TarReader) {
        self.store = store
        self.reader = reader
    }

    /// Reads all of it, and returns what makes the same of an empty store.
    mutating func steps() throws(StoreError) -> [StoreStep] {
        guard let first = try reader.next(), first.name == Backup.manifestName else {
            throw .badBackup(reason: "it does not begin with \(Backup.manifestName)")
        }
        try read(manifest: first.content)
        hash.add(first.content)
        var recordFiles = 0
        while let entry = try reader.next() {
            switch entry.name {
            case Backup.recordsName(recordFiles):
                recordFiles += 1
                hash.add(entry.content)
                for line in entry.content.split(separator: 0x0A) { try read(record: Array(line)) }
            case Backup.endName: return try finish(entry.content)
            default: try read(blob: entry.name, entry.content)
            }
        }
        throw .badBackup(reason: "it has no \(Backup.endName)")
    }

    private static func json(_ bytes: [UInt8]) throws(StoreError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: bytes)
        } catch { throw .badBackup(reason: "it holds what is not JSON") }
    }

    private mutating func read(manifest: [UInt8]) throws(StoreError) {
        let value = try Self.json(manifest)
        guard value["format"]?.asInt == Backup.format else {
            throw .badBackup(reason: "its format is not \(Backup.format)")
        }
        guard let floor = value["floor"]?.asInt, let highest = value["highest_version"]?.asInt,
            let nextHook = value["next_hook"]?.asInt
        else { throw .badBackup(reason: "\(Backup.manifestName) lacks a number") }
        counters = StoreCounters(floor: floor, highestVersion: highest, nextHook: nextHook)
    }

    private mutating func read(record line: [UInt8]) throws(StoreError) {
        let value = try Self.json(line)
        guard let name = value["name"]?.asString, let version = value["version"]?.asInt,
            let header = value["header"]?.asString.flatMap(Base64.bytes), let parts = value["parts"]?.asObject
        else { throw .badBackup(reason: "a record lacks a field") }
        var record = Record(name: name, version: version, header: header)
        for (key, part) in parts {
            if let data = part["data"]?.asString.flatMap(Base64.bytes) {
                record.parts[key] = .some(StorePart(data))
            } else if let digest = part["sha256"]?.asString.flatMap({ Digest(hexadecimal: $0) }) {
                record.files[key] = digest
            } else {
                throw .badBackup(reason: "a part of '\(name)' lacks its bytes")
            }
        }
        records.append(record)
    }

    private mutating func read(blob name: String, _ content: [UInt8]) throws(StoreError) {
        let file = try store.write(BytesSource(bytes: content))
        guard name == BlobFolder.name(of: file.digest) else {
            throw .badBackup(reason: "\(name) does not match its name")
        }
        files[file.digest] = (file, content.count)
    }

    private func finish(_ end: [UInt8]) throws(StoreError) -> [StoreStep] {
        let value = try Self.json(end)
        guard value["records"]?.asInt == records.count, value["blobs"]?.asInt == files.count,
            value["sha256"]?.asString == hash.digest.hexadecimal
        else { throw .badBackup(reason: "its records are not those that were written") }
        var steps: [StoreStep] = []
        for record in records {
            var parts = record.parts
            for (key, digest) in record.files {
                guard let (file, byteCount) = files[digest] else {
                    throw .badBackup(reason: "\(BlobFolder.name(of: digest)) is missing")
                }
                parts[key] = .some(StorePart(StoredSource(byteCount: byteCount), isFile: true, stored: file))
            }
            steps.append(
                .put(
                    name: record.name,
                    version: record.version,
                    header: record.header,
                    parts: parts,
                    replacesAll: true
                )
            )
        }
        return steps
    }
}

/// Bytes that stand on the disk already.
private struct StoredSource: PartSource {
    let byteCount: Int

    func forEachPiece<Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {}
}
