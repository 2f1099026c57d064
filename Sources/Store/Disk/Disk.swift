import Glibc

/// All that the store asks of a disk, so that a test can stand in between: it records, fails, or cuts the power.
package protocol Disk: Sendable {
    /// The file system of SQLite that goes the same way; `nil` for SQLite's own.
    var databaseSystem: String? { get }

    /// Makes a folder for this user alone; nothing happens if it is there.
    func makeFolder(_ path: String) throws(DiskError)
    /// Returns what stands in a folder, in any order.
    func names(in folder: String) throws(DiskError) -> [String]
    /// Returns the size of a file; `nil` if there is none.
    func size(of path: String) throws(DiskError) -> Int?
    /// Opens a file for reading.
    func open(_ path: String) throws(DiskError) -> DiskFile
    /// Opens a file for reading and writing, and makes it if it is missing.
    func openOrCreate(_ path: String) throws(DiskError) -> DiskFile
    /// Makes a file in `folder` that has no name where the disk can do that, and a random one where it cannot.
    func createUnnamed(in folder: String) throws(DiskError) -> DiskFile
    /// Appends `bytes`.
    func append(_ bytes: UnsafeRawBufferPointer, to file: DiskFile) throws(DiskError)
    /// Reads into `buffer` from `offset` on; returns the count, fewer only at the file's end.
    func read(_ file: DiskFile, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int
    /// Returns when the disk has the file.
    func sync(_ file: DiskFile) throws(DiskError)
    /// Returns when the disk has the entries of a folder.
    func syncFolder(_ path: String) throws(DiskError)
    /// Gives a file a name, read-only from now on.
    ///
    /// - Returns: Whether the name was free.
    func link(_ file: DiskFile, as path: String) throws(DiskError) -> Bool
    /// Gives a file a name in place of whatever has it.
    func replace(_ path: String, with file: DiskFile, beside folder: String) throws(DiskError)
    /// Renames a file or folder.
    func rename(_ path: String, to target: String) throws(DiskError)
    /// Removes a file; nothing happens if there is none.
    func remove(_ path: String) throws(DiskError)
    /// Locks a file for the life of `file`, or returns false if another process has it.
    func lock(_ file: DiskFile) throws(DiskError) -> Bool
    /// Makes `bytes` all that a small file holds.
    func overwrite(_ file: DiskFile, with bytes: [UInt8]) throws(DiskError)
}

/// A file operation that the system refused.
package struct DiskError: Error, Equatable, CustomStringConvertible {
    /// The system call.
    package let operation: String
    package let path: String
    /// The system's number of the reason.
    package let number: Int32

    package init(_ operation: String, _ path: String, _ number: Int32) {
        self.operation = operation
        self.path = path
        self.number = number
    }

    /// What happened, in words.
    package var description: String { "\(operation) '\(path)': \(reason)" }

    /// Why, in the system's words.
    package var reason: String { String(cString: strerror(number)) }

    /// Whether the disk has no room.
    var isFull: Bool { number == ENOSPC || number == EDQUOT }

    /// Whether there is nothing of that name.
    var isMissing: Bool { number == ENOENT }

    /// Whether the process is short of something, and the disk is well.
    var isShortage: Bool { number == EMFILE || number == ENFILE || number == ENOMEM }
}

/// An open file; it is closed with its last user.
package final class DiskFile: Sendable {
    package let descriptor: Int32
    /// The path, or where an unnamed file was made.
    package let path: String
    /// The name that a file has until it gets its own; `nil` if it has none.
    let temporaryPath: String?

    package init(descriptor: Int32, path: String, temporaryPath: String? = nil) {
        self.descriptor = descriptor
        self.path = path
        self.temporaryPath = temporaryPath
    }

    deinit {
        close(descriptor)
        if let temporaryPath { unlink(temporaryPath) }
    }
}
