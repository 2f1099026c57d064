import Glibc

/// A file that an option names.
enum NamedFile {
    /// Why it cannot be used, in the system's words.
    struct Failure: Error, CustomStringConvertible {
        let number: Int32
        var description: String { String(cString: strerror(number)) }
    }

    /// Returns what a file holds; one that is larger than `limit` is returned in part, so that its size shows.
    static func bytes(of path: String, limit: Int = .max - 65_536) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(number: errno) }
        defer { close(descriptor) }
        return try bytes(from: descriptor, limit: limit)
    }

    /// Returns what can be read from a descriptor until its end.
    static func bytes(from descriptor: Int32, limit: Int = .max - 65_536) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limit {
            let count = read(descriptor, &part, part.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Failure(number: errno) }
            guard count > 0 else { break }
            bytes += part.prefix(count)
        }
        return bytes
    }

    /// Puts `bytes` in place of a file as a whole: nobody sees half of it.
    ///
    /// Where a link leads is replaced and not the link, and a file keeps its mode. What is no file, such as a pipe or a device, is
    /// written to as it stands there.
    static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        var known = stat()
        guard stat(path, &known) == 0 else { return try replace(path, with: bytes, mode: nil) }
        guard known.st_mode & S_IFMT == S_IFREG else { return try write(bytes, into: path) }
        guard let target = realpath(path, nil) else { throw Failure(number: errno) }
        defer { free(target) }
        try replace(String(cString: target), with: bytes, mode: known.st_mode & 0o7777)
    }

    private static func write(_ bytes: [UInt8], into path: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(number: errno) }
        defer { close(descriptor) }
        try write(bytes, to: descriptor)
    }

    /// Writes a draft beside a file, which nobody else has made, and gives it the file's name.
    private static func replace(_ path: String, with bytes: [UInt8], mode: mode_t?) throws(Failure) {
        let draft = "\(path).\(getpid())"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure(number: errno) }
        if let mode { fchmod(descriptor, mode) }
        do {
            try write(bytes, to: descriptor)
        } catch {
            close(descriptor)
            unlink(draft)
            throw error
        }
        close(descriptor)
        guard rename(draft, path) == 0 else {
            let failure = Failure(number: errno)
            unlink(draft)
            throw failure
        }
    }

    /// Appends `bytes` to a file, which only its owner may read if it is new.
    static func append(_ bytes: [UInt8], to path: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(number: errno) }
        defer { close(descriptor) }
        try write(bytes, to: descriptor)
    }

    /// Writes all of `bytes`.
    static func write(_ bytes: [UInt8], to descriptor: Int32) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Failure(number: errno) }
            rest = rest.dropFirst(count)
        }
    }
}
