import Glibc

/// Why the system did not do what was asked: `No such file or directory`, for example.
package struct SystemReason: Sendable, Hashable {
    private let code: Int32

    package init(_ code: Int32) {
        self.code = code
    }

    /// The reason of the last call that failed on this thread.
    package static var last: SystemReason { SystemReason(errno) }

    /// Returns why the file at `path` cannot be read; `nil` if it can.
    package static func reading(_ path: String) -> SystemReason? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .last }
        defer { close(descriptor) }
        return RegularFile.isFolder(path) ? SystemReason(EISDIR) : nil
    }

    /// The system's words.
    package var text: String { String(cString: strerror(code)) }
}

/// Reads files that people put into a folder, which need not be files.
package enum RegularFile {
    /// Returns the bytes of the file at `path`, at most `limit`; links are followed.
    ///
    /// A pipe or a device, which might never end, is refused before anything is read of it.
    package static func bytes(at path: String, limit: Int) throws(ModelFileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: .last) }
        defer { close(descriptor) }
        let size = try size(of: descriptor, path: path)
        guard size <= limit else { throw .tooLarge(path: path, limit: limit, byteCount: size) }
        guard let bytes = bytes(of: descriptor, count: size) else { throw .unreadable(path: path, reason: .last) }
        return bytes
    }

    /// Returns the names in a folder, in order.
    static func names(in path: String) throws(ModelFileError) -> [String] {
        guard let folder = opendir(path) else { throw .unreadable(path: path, reason: .last) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Returns whether a folder lies at `path`; links are followed.
    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Returns whether anything lies at `path`; links are followed.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }

    private static func size(of descriptor: Int32, path: String) throws(ModelFileError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, reason: .last) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        return Int(status.st_size)
    }

    /// Reads `count` bytes, fewer if the file has become shorter; `nil` on an error.
    private static func bytes(of descriptor: Int32, count: Int) -> [UInt8]? {
        var hasFailed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let step = read(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled)
                if step < 0, errno == EINTR { continue }
                hasFailed = step < 0
                guard step > 0 else { return }
                filled += step
            }
        }
        return hasFailed ? nil : bytes
    }
}
