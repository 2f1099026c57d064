import Glibc

/// Reads files that people put into a folder, which need not be files.
enum RegularFile {
    /// Returns the bytes of the file at `path`, at most `limit`; links are followed.
    ///
    /// A pipe or a device, which might never end, is refused before anything is read of it.
    static func bytes(at path: String, limit: Int) throws(ModelFileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(path: path) }
        defer { close(descriptor) }
        let size = try size(of: descriptor, path: path)
        guard size <= limit else { throw .tooLarge(path: path, limit: limit, byteCount: size) }
        guard let bytes = bytes(of: descriptor, count: size) else { throw .unreadable(path: path) }
        return bytes
    }

    private static func size(of descriptor: Int32, path: String) throws(ModelFileError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path: path) }
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
