import CLinux
import Glibc

/// The disk itself.
package struct SystemDisk: Disk {
    package let databaseSystem: String? = nil

    package init() {}

    package func makeFolder(_ path: String) throws(DiskError) {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        throw DiskError("mkdir", path, errno)
    }

    package func names(in folder: String) throws(DiskError) -> [String] {
        guard let stream = opendir(folder) else { throw DiskError("opendir", folder, errno) }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw DiskError("readdir", folder, errno) }
        return names
    }

    package func size(of path: String) throws(DiskError) -> Int? {
        var status = stat()
        if stat(path, &status) == 0 { return Int(status.st_size) }
        guard errno == ENOENT else { throw DiskError("stat", path, errno) }
        return nil
    }

    package func open(_ path: String) throws(DiskError) -> DiskFile {
        try open(path, O_RDONLY)
    }

    package func openOrCreate(_ path: String) throws(DiskError) -> DiskFile {
        try open(path, O_RDWR | O_CREAT)
    }

    private func open(_ path: String, _ flags: Int32) throws(DiskError) -> DiskFile {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw DiskError("open", path, errno) }
        return DiskFile(descriptor: descriptor, path: path)
    }

    package func createUnnamed(in folder: String) throws(DiskError) -> DiskFile {
        let descriptor = clinux_open_unnamed(folder, 0o400)
        if descriptor >= 0 { return DiskFile(descriptor: descriptor, path: folder) }
        guard errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL else {
            throw DiskError("open", folder, errno)
        }
        let path = "\(folder)/\(UInt64.random(in: 0 ... .max))"
        let named = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o400)
        guard named >= 0 else { throw DiskError("open", path, errno) }
        return DiskFile(descriptor: named, path: folder, temporaryPath: path)
    }

    package func append(_ bytes: UnsafeRawBufferPointer, to file: DiskFile) throws(DiskError) {
        var rest = bytes
        while !rest.isEmpty {
            let step = write(file.descriptor, rest.baseAddress, rest.count)
            if step < 0, errno == EINTR { continue }
            guard step > 0 else { throw DiskError("write", file.path, step < 0 ? errno : EIO) }
            rest = UnsafeRawBufferPointer(rebasing: rest[step...])
        }
        // The disk begins while the rest is hashed and written.
        clinux_start_writing(file.descriptor)
    }

    package func read(
        _ file: DiskFile,
        at offset: Int,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(DiskError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let start = buffer.baseAddress.map { $0 + filled }
            let step = pread(file.descriptor, start, buffer.count - filled, offset + filled)
            if step < 0, errno == EINTR { continue }
            guard step >= 0 else { throw DiskError("read", file.path, errno) }
            if step == 0 { break }
            filled += step
        }
        return filled
    }

    package func sync(_ file: DiskFile) throws(DiskError) {
        guard fsync(file.descriptor) == 0 else { throw DiskError("fsync", file.path, errno) }
    }

    package func syncFolder(_ path: String) throws(DiskError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DiskError("open", path, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw DiskError("fsync", path, errno) }
    }

    package func link(_ file: DiskFile, as path: String) throws(DiskError) -> Bool {
        let source = file.temporaryPath ?? "/proc/self/fd/\(file.descriptor)"
        if linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 { return true }
        guard errno == EEXIST else { throw DiskError("link", path, errno) }
        return false
    }

    package func replace(_ path: String, with file: DiskFile, beside folder: String) throws(DiskError) {
        let between = "\(folder)/\(UInt64.random(in: 0 ... .max))"
        guard try link(file, as: between) else { throw DiskError("link", between, EEXIST) }
        try rename(between, to: path)
    }

    package func rename(_ path: String, to target: String) throws(DiskError) {
        guard Glibc.rename(path, target) == 0 else { throw DiskError("rename", target, errno) }
    }

    package func remove(_ path: String) throws(DiskError) {
        guard unlink(path) != 0, errno != ENOENT else { return }
        throw DiskError("unlink", path, errno)
    }

    package func lock(_ file: DiskFile) throws(DiskError) -> Bool {
        while flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw DiskError("flock", file.path, errno) }
        }
        return true
    }

    package func overwrite(_ file: DiskFile, with bytes: [UInt8]) throws(DiskError) {
        guard ftruncate(file.descriptor, 0) == 0 else { throw DiskError("truncate", file.path, errno) }
        lseek(file.descriptor, 0, SEEK_SET)
        let written = bytes.withUnsafeBytes { write(file.descriptor, $0.baseAddress, $0.count) }
        guard written == bytes.count else { throw DiskError("write", file.path, written < 0 ? errno : ENOSPC) }
    }
}
