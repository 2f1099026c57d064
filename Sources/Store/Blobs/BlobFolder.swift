import Dispatch
import Synchronization

/// Files named by the SHA-256 of what they hold; none of them ever changes.
package final class BlobFolder: Sendable {
    /// Bytes that are written at once.
    private static let pieceByteCount = 4 << 20

    private let disk: any Disk
    let path: String
    private let pins = Mutex(Pins())
    /// Files that were found not to hold what their name says.
    private let damaged = Mutex<Set<Digest>>([])
    private let storedBytes = Mutex((byteCount: 0, isWhole: false))

    private struct Pins {
        /// What nobody may remove, with the count of those who say so.
        var counts: [Digest: Int] = [:]
        /// Files that were written for changes under way, with their sizes.
        var written: [Digest: Int] = [:]
        /// Those of them whose changes are over, whether they were made or refused.
        var released: [Digest: Int] = [:]
    }

    package init(disk: any Disk, path: String) {
        self.disk = disk
        self.path = path
    }

    /// Makes the folders, and empties the one for files that never got their name.
    package func prepare() throws(DiskError) {
        try disk.makeFolder(path)
        let present = try Set(disk.names(in: path))
        for name in Self.folderNames + ["new"] where !present.contains(name) { try disk.makeFolder("\(path)/\(name)") }
        if present.count <= Self.folderNames.count { try disk.syncFolder(path) }
        for name in try disk.names(in: "\(path)/new") { try disk.remove("\(path)/new/\(name)") }
    }

    /// "00" to "ff".
    static let folderNames = (0..<256).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }

    func folder(of blob: Digest) -> String { "\(path)/\(blob.hexadecimal.prefix(2))" }

    package func path(of blob: Digest) -> String { "\(folder(of: blob))/\(blob.hexadecimal)" }

    /// The bytes of all files that `count` or a change has counted.
    var byteCount: Int { storedBytes.withLock(\.byteCount) }

    /// Counts what stood here before, once: a start need not.
    func count<Failure: Error>(_ stored: () throws(Failure) -> Int) throws(Failure) {
        guard !storedBytes.withLock(\.isWhole) else { return }
        let byteCount = try stored()
        storedBytes.withLock { bytes in
            guard !bytes.isWhole else { return }
            bytes = (byteCount, isWhole: true)
        }
    }

    // MARK: Pins

    /// Keeps a file from being removed, whether it is there or not.
    package func pin(_ blob: Digest) {
        pins.withLock { $0.counts[blob, default: 0] += 1 }
    }

    package func unpin(_ blob: Digest) {
        pins.withLock { pins in
            guard let count = pins.counts[blob] else { return }
            pins.counts[blob] = count > 1 ? count - 1 : nil
            guard count <= 1, let byteCount = pins.written.removeValue(forKey: blob) else { return }
            pins.released[blob] = byteCount
        }
    }

    /// Returns the files with their sizes that changes wrote which are over since: those that were refused left theirs behind.
    func takeReleased() -> [Digest: Int] {
        pins.withLock { pins in
            defer { pins.released = [:] }
            return pins.released
        }
    }

    // MARK: Writing

    /// Writes a part as a file, and returns when the disk has it under its name; the caller has to unpin it.
    func write(_ source: any PartSource) throws(DiskError) -> Digest {
        let file = try disk.createUnnamed(in: "\(path)/new")
        let blob = try write(source, to: file)
        pins.withLock { pins in
            pins.counts[blob, default: 0] += 1
            pins.written[blob] = source.byteCount
        }
        do throws(DiskError) {
            try publish(file, as: blob, byteCount: source.byteCount)
        } catch {
            unpin(blob)
            throw error
        }
        return blob
    }

    /// Writes and syncs a file, and returns its hash, which a second processor works out meanwhile if there is enough to do.
    private func write(_ source: any PartSource, to file: DiskFile) throws(DiskError) -> Digest {
        guard source.byteCount > 2 * Self.pieceByteCount else {
            let blob = try append(source, to: file)
            try disk.sync(file)
            return blob
        }
        let results = Mutex((blob: Digest.zero, failure: DiskError?.none))
        DispatchQueue.concurrentPerform(iterations: 2) { half in
            if half == 0 {
                var hash = SHA256Hash()
                source.forEachPiece { hash.update($0) }
                let blob = hash.finish()
                results.withLock { $0.blob = blob }
            } else {
                do throws(DiskError) {
                    try source.forEachPiece { (piece) throws(DiskError) in
                        try forEachPart(of: piece) { (part) throws(DiskError) in
                            try disk.append(part, to: file)
                        }
                    }
                    try disk.sync(file)
                } catch { results.withLock { $0.failure = error } }
            }
        }
        let (blob, failure) = results.withLock { $0 }
        if let failure { throw failure }
        return blob
    }

    private func append(_ source: any PartSource, to file: DiskFile) throws(DiskError) -> Digest {
        var hash = SHA256Hash()
        try source.forEachPiece { (piece) throws(DiskError) in
            try disk.append(piece, to: file)
            hash.update(piece)
        }
        return hash.finish()
    }

    /// Hands the parts of a long piece to `body`, short enough that the disk begins while the next one is copied.
    private func forEachPart(
        of piece: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws(DiskError) -> Void
    ) throws(DiskError) {
        var rest = piece
        while !rest.isEmpty {
            let count = min(rest.count, Self.pieceByteCount)
            try body(UnsafeRawBufferPointer(rebasing: rest[..<count]))
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    private func publish(_ file: DiskFile, as blob: Digest, byteCount: Int) throws(DiskError) {
        if damaged.withLock({ $0.contains(blob) }) {
            try disk.replace(path(of: blob), with: file, beside: "\(path)/new")
            _ = damaged.withLock { $0.remove(blob) }
        } else if try disk.link(file, as: path(of: blob)) {
            storedBytes.withLock { $0.byteCount += byteCount }
        }
        // Whoever linked an equal file first may not have come this far.
        try disk.syncFolder(folder(of: blob))
    }

    // MARK: Removing

    /// Removes a file that no row names, unless somebody holds it.
    package func remove(_ blob: Digest, byteCount: Int) throws(DiskError) {
        try pins.withLock { pins throws(DiskError) in
            guard pins.counts[blob] == nil else { return }
            try disk.remove(path(of: blob))
            storedBytes.withLock { $0.byteCount -= byteCount }
        }
    }

    /// Returns the size of a file; `nil` if it is not there.
    package func size(of blob: Digest) throws(DiskError) -> Int? {
        try disk.size(of: path(of: blob))
    }

    /// Returns the files that are there, in the order of their names, and what else stands among them.
    package func contents() throws(DiskError) -> (blobs: [Digest], strays: [String]) {
        var blobs: [Digest] = []
        var strays: [String] = []
        for folder in Self.folderNames {
            for name in try disk.names(in: "\(path)/\(folder)") {
                if let blob = Digest(hexadecimal: name), name.hasPrefix(folder) {
                    blobs.append(blob)
                } else {
                    strays.append("\(path)/\(folder)/\(name)")
                }
            }
        }
        return (blobs.sorted(), strays.sorted())
    }

    /// Whether there is any file, in a folder that need not be whole.
    func hasFiles() throws(DiskError) -> Bool {
        guard try disk.size(of: path) != nil else { return false }
        for name in try disk.names(in: path) where name != "new" {
            if try !disk.names(in: "\(path)/\(name)").isEmpty { return true }
        }
        return false
    }

    // MARK: Reading

    /// Opens a file to be read from its beginning to its end.
    package func reader(of blob: Digest, byteCount: Int) throws(StoreError) -> BlobReader {
        let name = Self.name(of: blob)
        let file: DiskFile
        do throws(DiskError) {
            file = try disk.open(path(of: blob))
        } catch {
            throw error.isMissing ? .damaged(reason: "\(name) is missing") : Self.reading(error, name)
        }
        return BlobReader(disk: disk, file: file, blob: blob, name: name, byteCount: byteCount)
    }

    /// The path of a file from the registry's folder.
    package static func name(of blob: Digest) -> String { "blobs/\(blob.hexadecimal.prefix(2))/\(blob.hexadecimal)" }

    static func reading(_ error: DiskError, _ name: String) -> StoreError {
        error.isShortage ? .shortage(error) : .damaged(reason: "\(name) cannot be read: \(error.reason)")
    }

    /// Remembers that a file has to be replaced when its bytes come again.
    package func markDamaged(_ blob: Digest) -> Bool {
        _ = damaged.withLock { $0.insert(blob) }
        return false
    }
}
