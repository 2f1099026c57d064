/// Reads a file once and hashes what it reads: nothing of it counts before `finish()`.
package struct BlobReader: ~Copyable {
    private let disk: any Disk
    private let file: DiskFile
    private let blob: Digest
    private let name: String
    /// The count of bytes that the index says it has.
    package let byteCount: Int
    private let isChecked: Bool
    private var hash = SHA256Hash()
    private var offset = 0

    /// - Parameter isChecked: Whether this process has hashed the bytes while it wrote them, a moment ago.
    package init(
        disk: any Disk,
        file: DiskFile,
        blob: Digest,
        name: String,
        byteCount: Int,
        isChecked: Bool = false
    ) {
        self.disk = disk
        self.file = file
        self.blob = blob
        self.name = name
        self.byteCount = byteCount
        self.isChecked = isChecked
    }

    /// Fills `buffer` with the next bytes.
    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) {
        var rest = buffer
        while !rest.isEmpty {
            // A piece that is hashed while the processor still has it at hand.
            let piece = UnsafeMutableRawBufferPointer(rebasing: rest[..<min(rest.count, 1 << 20)])
            let count: Int
            do throws(DiskError) {
                count = try disk.read(file, at: offset, into: piece)
            } catch {
                throw BlobFolder.reading(error, name)
            }
            guard count == piece.count else { throw .damaged(reason: "\(name) is cut short") }
            if !isChecked { hash.update(UnsafeRawBufferPointer(piece)) }
            offset += count
            rest = UnsafeMutableRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Reads up to the end and keeps nothing.
    mutating func skipAll() throws(StoreError) {
        var piece = [UInt8](repeating: 0, count: min(1 << 20, byteCount))
        while offset < byteCount {
            if byteCount - offset < piece.count { piece.removeLast(piece.count - (byteCount - offset)) }
            try read(into: &piece)
        }
    }

    /// Fills `bytes` with the next ones.
    package mutating func read(into bytes: inout [UInt8]) throws(StoreError) {
        var failure: StoreError?
        bytes.withUnsafeMutableBytes { buffer in
            do throws(StoreError) { try read(into: buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Returns if the file held what its name says, and nothing more.
    package consuming func finish() throws(StoreError) {
        var more: UInt8 = 0
        let rest: Int
        do throws(DiskError) {
            rest = try withUnsafeMutableBytes(of: &more) { (one) throws(DiskError) in
                try disk.read(file, at: offset, into: one)
            }
        } catch {
            throw BlobFolder.reading(error, name)
        }
        let isRight = isChecked ? true : hash.finish() == blob
        guard rest == 0, offset == byteCount, isRight else {
            throw .damaged(reason: "\(name) does not match its name")
        }
    }
}
