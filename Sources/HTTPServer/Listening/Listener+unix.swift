package import Glibc

/// A socket in the file system.
package struct UnixSocket: Sendable, Equatable {
    package var path: String
    /// Who may connect: those who may write the file.
    package var mode: mode_t = 0o660

    package init(path: String) {
        self.path = path
    }
}

/// The file of a Unix socket; it goes with its owner, unless another has taken its place.
final class SocketFile {
    private let path: String
    private let identity: (device: dev_t, inode: ino_t)

    init?(path: String) {
        guard let status = Self.status(of: path) else { return nil }
        self.path = path
        identity = (status.st_dev, status.st_ino)
    }

    deinit {
        guard let status = Self.status(of: path), (status.st_dev, status.st_ino) == identity else { return }
        unlink(path)
    }

    static func status(of path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }
}

// Unix sockets.
extension Listener {
    /// Listens at the path of `unixSocket`, in place of a socket file that nobody serves.
    static func listen(at unixSocket: UnixSocket, backlog: Int, entrance: Entrance) throws(ServerError) -> Listener {
        let path = unixSocket.path
        guard var address = sockaddr_un(path: path) else {
            throw .pathTooLong(path, limit: sockaddr_un.maxPathByteCount)
        }
        try clear(path, &address)
        let descriptor = try unixDescriptor(path)
        // Nobody connects before the mode is what it should be.
        fchmod(descriptor.number, 0o600)
        guard address.withPointer({ bind(descriptor.number, $0, $1) }) == 0, let file = SocketFile(path: path),
            chmod(path, unixSocket.mode) == 0, Glibc.listen(descriptor.number, Int32(backlog)) == 0
        else { throw .cannotListenAtPath(path, errno: errno) }
        return Listener(adopting: descriptor, entrance: entrance, file: file)
    }

    private static func unixDescriptor(_ path: String) throws(ServerError) -> Descriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let number = socket(AF_UNIX, type, 0)
        guard number >= 0 else { throw .cannotListenAtPath(path, errno: errno) }
        return Descriptor(adopting: number)
    }

    /// Removes a socket file that nobody serves; anything else stays, and is an error.
    private static func clear(_ path: String, _ address: inout sockaddr_un) throws(ServerError) {
        guard let status = SocketFile.status(of: path) else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path) }
        let descriptor = try unixDescriptor(path)
        guard address.withPointer({ connect(descriptor.number, $0, $1) }) != 0 else { throw .socketInUse(path) }
        switch errno {
        case ECONNREFUSED: unlink(path)
        case ENOENT: break
        case EAGAIN: throw .socketInUse(path)
        default: throw .cannotListenAtPath(path, errno: errno)
        }
    }
}

extension sockaddr_un {
    /// The most octets of a path: one less than there is room for.
    static let maxPathByteCount = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// Creates the address of `path`; nil if that is too long.
    init?(path: String) {
        self.init()
        guard !path.isEmpty, path.utf8.count <= Self.maxPathByteCount else { return nil }
        sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &sun_path) { $0.copyBytes(from: path.utf8) }
    }

    mutating func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: &self) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
