import Synchronization

extension Store {
    /// Looks at all rows and files of the registry in the folder `path`, which no process may have open.
    ///
    /// - Parameter report: Told of each thing that is wrong: a version of a record, or a file.
    /// - Returns: How many things are wrong.
    /// - Throws: Why nothing can be said.
    package static func verify(
        path: String,
        disk: any Disk = SystemDisk(),
        report: (_ subject: String, _ reason: String) -> Void
    ) throws(StoreError) -> Int {
        let store: Store
        do throws(StoreError) {
            store = try Store(path: path, disk: disk, maxBytes: 0, mayCreate: false)
        } catch .corrupt(_, let reason) {
            report(indexName, reason)
            return 1
        }
        var verification = Verification(store: store)
        try verification.run(report)
        return verification.count
    }
}

/// A look at everything that a store holds.
private struct Verification {
    let store: Store
    /// How many things are wrong.
    private(set) var count = 0
    /// Why a file is damaged, or nil if it is not, of those that were looked at.
    private var files: [Digest: String?] = [:]

    init(store: Store) {
        self.store = store
    }

    mutating func run(_ report: (String, String) -> Void) throws(StoreError) {
        let records: [StoreRecord]
        do throws(StoreError) {
            try store.index.withLock { (index) throws(StoreError) in try index.checkIntegrity() }
            records = try store.records()
        } catch .corrupt(_, let reason) {
            return note(Store.indexName, reason, report)
        } catch .damaged(let reason) {
            return note(Store.indexName, reason, report)
        }
        for record in records { try check(record, report) }
        for stray in try strays() { note(stray, "is not callpath's", report) }
    }

    private mutating func note(_ subject: String, _ reason: String, _ report: (String, String) -> Void) {
        count += 1
        report(subject, reason)
    }

    private mutating func check(_ record: StoreRecord, _ report: (String, String) -> Void) throws(StoreError) {
        let subject = "\(record.name.isEmpty ? "(global hooks)" : record.name) \(record.version)"
        do throws(StoreError) {
            let parts = try store.parts(of: record.name, version: record.version)
            for key in parts.keys where parts.bytes(of: key) == nil {
                guard let file = parts.hash(of: key), let reason = try damage(of: file, key, parts, report) else {
                    continue
                }
                note(subject, "'\(key)': \(reason)", report)
            }
        } catch .damaged(let reason) { note(subject, reason, report) }
    }

    /// Returns what is wrong with a file, which is read once.
    private mutating func damage(
        of file: Digest,
        _ key: String,
        _ parts: StoredParts,
        _ report: (String, String) -> Void
    ) throws(StoreError) -> String? {
        if let known = files[file] { return known }
        var found: String?
        do throws(StoreError) {
            try parts.read(key) { (reader) throws(StoreError) in try reader.skipAll() }
        } catch .damaged(let reason) {
            found = reason
            let name = BlobFolder.name(of: file)
            note(name, reason.dropping(name + " "), report)
        }
        files[file] = .some(found)
        return found
    }

    private func strays() throws(StoreError) -> [String] {
        do throws(DiskError) {
            return try store.blobs.contents().strays.map { $0.dropping(store.path + "/") }
        } catch { throw .notUsable(error) }
    }
}

extension Index {
    /// Lets SQLite look through its pages.
    fileprivate func checkIntegrity() throws(StoreError) {
        var problem: String?
        try database.rows("PRAGMA integrity_check(1)", failure: failure) { row throws(StoreError) in
            let text = row.text(0)
            if text != "ok" { problem = problem ?? text }
        }
        if let problem { throw .corrupt(path: path, reason: problem) }
    }
}

extension String {
    /// The text without a beginning that was said before.
    fileprivate func dropping(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}
