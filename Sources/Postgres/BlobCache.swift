import CLinux
import Glibc
import Store
import Synchronization

/// Copies of the large parts that lie in the database: in a folder, with what was seen last beside them, or in memory for as
/// long as they are read.
///
/// A copy is checked against its name whenever it is read, but for the first time, when it has just come and was hashed on the
/// way: so nothing here has to survive a power cut.
final class BlobCache: BlobKeeper {
    /// Writes a blob's bytes to the function that it is given, piece by piece.
    typealias Source =
        @Sendable (
            Digest, ((UnsafeRawBufferPointer) throws(StoreError) -> Void)
        ) throws(StoreError) -> Void

    private let disk = SystemDisk()
    private let folder: BlobFolder?
    private let path: String
    private let maxBytes: Int
    private let source: Source
    /// Copies in memory of those that are about to be read.
    private let held = Mutex<[Digest: DiskFile]>([:])
    private let pins = Mutex<[Digest: Int]>([:])
    /// What was seen last, if there is a folder for it.
    let index: Mutex<LookCache?>
    /// The lock on the folder: it goes last, so that whoever gets it finds all that was kept, and nobody at it.
    private let lockFile: DiskFile?

    /// Creates a cache in the folder `path`, which is made if it is missing; in memory if it is empty.
    init(path: String, maxBytes: Int, address: String, source: @escaping Source) throws(StoreError) {
        self.path = path
        self.maxBytes = maxBytes
        self.source = source
        guard !path.isEmpty else {
            (folder, lockFile) = (nil, nil)
            index = Mutex(nil)
            return
        }
        let disk = SystemDisk()
        let folder = BlobFolder(disk: disk, path: "\(path)/blobs")
        do throws(DiskError) {
            try disk.makeFolder(path)
            if try disk.names(in: path).contains("registry.sqlite") {
                throw DiskError("open", path, EEXIST)
            }
            let file = try disk.openOrCreate("\(path)/lock")
            guard try disk.lock(file) else { throw DiskError("flock", path, EWOULDBLOCK) }
            try disk.overwrite(file, with: Array("\(getpid())\n".utf8))
            try folder.prepare()
            (self.folder, lockFile) = (folder, file)
        } catch {
            switch error.number {
            case EEXIST where error.operation == "open": throw .foreign(path: path, what: "a registry of its own")
            case EWOULDBLOCK: throw .inUse(path: path, pid: "unknown")
            default: throw .notUsable(error)
            }
        }
        index = Mutex(try LookCache(path: "\(path)/seen.sqlite", address: address))
    }

    // MARK: Keeping

    func pin(_ blob: Digest) {
        pins.withLock { $0[blob, default: 0] += 1 }
        folder?.pin(blob)
    }

    func unpin(_ blob: Digest) {
        folder?.unpin(blob)
        let isFree = pins.withLock { pins in
            let count = (pins[blob] ?? 0) - 1
            pins[blob] = count > 0 ? count : nil
            return count <= 0
        }
        if isFree { _ = held.withLock { $0.removeValue(forKey: blob) } }
    }

    func markDamaged(_ blob: Digest) -> Bool {
        _ = held.withLock { $0.removeValue(forKey: blob) }
        guard let folder, (try? folder.size(of: blob)) != nil else { return false }
        try? disk.remove(folder.path(of: blob))
        return true
    }

    // MARK: Reading

    func reader(of blob: Digest, byteCount: Int) throws(StoreError) -> BlobReader {
        let name = BlobFolder.name(of: blob)
        let (file, isNew) = try file(blob)
        return BlobReader(
            disk: disk,
            file: file,
            blob: blob,
            name: name,
            byteCount: byteCount,
            isChecked: isNew
        )
    }

    /// Fetches a blob that is going to be read soon, unless it is here.
    func fetch(_ blob: Digest) throws(StoreError) {
        let (file, _) = try file(blob)
        guard folder == nil else { return }
        held.withLock { $0[blob] = file }
    }

    /// Returns a copy, and whether it has just come.
    private func file(_ blob: Digest) throws(StoreError) -> (file: DiskFile, isNew: Bool) {
        if let known = held.withLock({ $0[blob] }) { return (known, false) }
        if let folder, let file = try? disk.open(folder.path(of: blob)) { return (file, false) }
        let file = try newFile()
        try source(blob) { (piece) throws(StoreError) in
            do throws(DiskError) { try disk.append(piece, to: file) } catch { throw Self.refusal(error) }
        }
        // Without room it is read as it is, and gone afterwards.
        try? link(file, as: blob)
        return (file, true)
    }

    private func newFile() throws(StoreError) -> DiskFile {
        if folder != nil {
            do throws(DiskError) {
                return try disk.createUnnamed(in: "\(path)/blobs/new")
            } catch { throw Self.refusal(error) }
        }
        let descriptor = clinux_memory_file()
        guard descriptor >= 0 else { throw .shortage(DiskError("memfd_create", "", errno)) }
        return DiskFile(descriptor: descriptor, path: "")
    }

    private static func refusal(_ error: DiskError) -> StoreError {
        error.number == ENOSPC || error.number == EDQUOT ? .full : .shortage(error)
    }

    // MARK: Writing

    /// Keeps a copy of what this process has just sent to the database, if there is a folder for it.
    func keep(_ blob: Digest, _ part: any PartSource) {
        guard let folder, (try? folder.size(of: blob)) == nil,
            let file = try? disk.createUnnamed(in: "\(path)/blobs/new")
        else { return }
        do throws(DiskError) {
            try part.forEachPiece { (piece) throws(DiskError) in try disk.append(piece, to: file) }
            try link(file, as: blob)
        } catch {
            // It can be fetched when it is needed.
        }
    }

    /// Gives a copy its name, if the folder has room for it.
    private func link(_ file: DiskFile, as blob: Digest) throws(DiskError) {
        guard let folder else { return }
        if maxBytes > 0 {
            let others = try folder.contents().blobs.map { (blob) throws(DiskError) in try folder.size(of: blob) ?? 0 }
            var status = stat()
            guard fstat(file.descriptor, &status) == 0, others.reduce(0, +) + Int(status.st_size) <= maxBytes else {
                return
            }
        }
        _ = try disk.link(file, as: folder.path(of: blob))
    }

    /// Removes copies of what nothing names any more.
    func removeAll(but named: Set<Digest>) {
        guard let folder, let (blobs, _) = try? folder.contents() else { return }
        for blob in blobs where !named.contains(blob) {
            guard let size = try? folder.size(of: blob) else { continue }
            try? folder.remove(blob, byteCount: size)
        }
    }

    /// Whether a blob can be read without the database.
    func hasCopy(_ blob: Digest) -> Bool { folder.flatMap { try? $0.size(of: blob) } != nil }

    /// Whether copies outlive their readers.
    var isOnDisk: Bool { folder != nil }
}
