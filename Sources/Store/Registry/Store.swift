import Glibc
import Synchronization

/// A registry on disk: records of bytes with their versions, which are there once a commit has returned.
///
/// It knows bytes and not modules. One process at a time has the folder. Commits come one after another; files are written
/// and parts are read beside them.
package final class Store: Sendable {
    package let path: String
    let disk: any Disk
    let blobs: BlobFolder
    /// The bytes that the folder may have; 0 for what its disk has.
    let maxBytes: Int
    let didFail: @Sendable (String) -> Void
    let index: Mutex<Index>
    let state: Mutex<State>
    /// Held for the life of the process, and with it the lock on the folder; it goes last.
    private let lockFile: DiskFile

    /// What is known without waiting for the disk.
    struct State {
        var meta: Meta
        /// How long the disk took for the last commit.
        var syncTime = Duration.zero
        /// Why there are no changes any more.
        var failure: String?
        /// Bytes that changes under way are going to write.
        var reservedBytes = 0
        /// Files that nothing needs since the last commit, with their sizes.
        var spareFiles: [Digest: Int] = [:]
        /// Backups under way, for which parts stay that no version has any more.
        var backups = 0
        /// Names whose parts have to be looked through once no backup needs them.
        var looseNames: Set<String> = []
    }

    /// Opens the registry in the folder `path`, and makes it where there is none; the folder around it must be there.
    ///
    /// - Parameter didFail: Told once, when the disk fails and there are no changes any more.
    package convenience init(
        path: String,
        disk: any Disk = SystemDisk(),
        maxBytes: Int = 0,
        didFail: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(StoreError) {
        try self.init(path: path, disk: disk, maxBytes: maxBytes, mayCreate: true, didFail: didFail)
    }

    init(
        path: String,
        disk: any Disk,
        maxBytes: Int,
        mayCreate: Bool,
        didFail: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(StoreError) {
        self.path = path
        self.didFail = didFail
        self.disk = disk
        self.maxBytes = maxBytes
        let blobs = BlobFolder(disk: disk, path: "\(path)/blobs")
        self.blobs = blobs
        let indexPath = "\(path)/\(Self.indexName)"
        do throws(DiskError) {
            let (index, files) = (try disk.size(of: indexPath), try disk.size(of: blobs.path))
            guard mayCreate || index ?? 0 > 0 || files != nil else { throw Missing.index }
            try disk.makeFolder(path)
            lockFile = try disk.openOrCreate("\(path)/lock")
        } catch {
            throw error == Missing.index ? .missing(path: path) : .notUsable(error)
        }
        try Self.take(lockFile, disk, path)
        if try Self.isWithoutIndex(blobs, disk, path), !mayCreate { throw StoreError.missing(path: path) }
        try Self.prepare(blobs, disk, path)
        let opened = try Index(path: indexPath, system: disk.databaseSystem)
        let waits = !opened.waiting.isEmpty
        state = Mutex(State(meta: opened.meta))
        index = Mutex(opened)
        if waits { index.withLock { _ = settle($0) } }
        if maxBytes > 0 { _ = try byteCount() }
    }

    private enum Missing {
        static let index = DiskError("open", "", ENOENT)
    }

    static let indexName = "registry.sqlite"
    private static let ownNames: Set<String> = [
        "lock", "blobs", hintName, indexName, indexName + "-wal", indexName + "-journal", indexName + "-shm",
        "lost+found",
    ]

    private static func take(_ file: DiskFile, _ disk: any Disk, _ path: String) throws(StoreError) {
        do throws(DiskError) {
            guard try disk.lock(file) else { throw DiskError("flock", path, EWOULDBLOCK) }
        } catch {
            guard error.number == EWOULDBLOCK else { throw .notUsable(error) }
            throw .inUse(path: path, pid: holder(of: file, disk))
        }
        do throws(DiskError) {
            try disk.overwrite(file, with: Array("\(getpid())\n".utf8))
        } catch {
            // A full disk can be read; that the lock does not say whose it is harms nobody.
            guard error.isFull else { throw .notUsable(error) }
        }
    }

    private static func holder(of file: DiskFile, _ disk: any Disk) -> String {
        var text = [UInt8](repeating: 0, count: 32)
        let count = try? text.withUnsafeMutableBytes { try disk.read(file, at: 0, into: $0) }
        let digits = String(decoding: text.prefix(count ?? 0), as: UTF8.self).filter(\.isNumber)
        return digits.isEmpty ? "unknown" : digits
    }

    private static func prepare(_ blobs: BlobFolder, _ disk: any Disk, _ path: String) throws(StoreError) {
        let names: [String]
        do throws(DiskError) { names = try disk.names(in: path) } catch { throw .notUsable(error) }
        if let stray = names.sorted().first(where: { !ownNames.contains($0) }) {
            throw .foreign(path: path, what: "'\(stray)'")
        }
        do throws(DiskError) {
            try blobs.prepare()
            if !names.contains(indexName) {
                _ = try disk.openOrCreate("\(path)/\(indexName)")
                try disk.syncFolder(path)
                try disk.syncFolder(parent(of: path))
            }
        } catch {
            throw .notUsable(error)
        }
    }

    /// Returns whether there is no index yet, and refuses a folder whose index has gone and left its log or files behind:
    /// an empty registry would sweep them away.
    private static func isWithoutIndex(
        _ blobs: BlobFolder,
        _ disk: any Disk,
        _ path: String
    ) throws(StoreError) -> Bool {
        do throws(DiskError) {
            if try disk.size(of: "\(path)/\(indexName)") ?? 0 > 0 { return false }
            let log = try disk.size(of: "\(path)/\(indexName)-wal") ?? 0
            let hasFiles = try blobs.hasFiles()
            guard log > 0 || hasFiles else { return true }
        } catch { throw .notUsable(error) }
        throw .corrupt(path: path, reason: "\(indexName) is missing or empty, and what it spoke of is there")
    }

    static func parent(of path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
        let parent = parts.joined(separator: "/")
        if path.hasPrefix("/") { return "/" + parent }
        return parent.isEmpty ? "." : parent
    }

    // MARK: Facts

    /// 32 random hexadecimal digits, drawn when the folder was made.
    package var instance: String { state.withLock { $0.meta.instance } }

    /// The count of changes so far.
    package var revision: Int { state.withLock { $0.meta.revision } }

    /// The numbers that must never go back, as of the last commit.
    package var counters: StoreCounters { state.withLock { $0.meta.counters } }

    /// How long the disk took for the last commit, whatever was in it.
    package var syncTime: Duration? { state.withLock { $0.syncTime } }

    /// Why there are no changes any more; `nil` while there are.
    package var failure: String? { state.withLock { $0.failure } }

    /// The bytes of the folder's files.
    package func byteCount() throws(StoreError) -> Int {
        try blobs.count { () throws(StoreError) in
            try index.withLock { (index) throws(StoreError) in try index.files().values.reduce(0, +) }
        }
        var sum = blobs.byteCount
        for suffix in ["", "-wal"] {
            do throws(DiskError) {
                sum += try disk.size(of: "\(path)/\(Self.indexName)\(suffix)") ?? 0
            } catch {
                throw .shortage(error)
            }
        }
        return sum
    }
}
