import Glibc

/// A file that the operator names, read without ever waiting long: a pipe that nobody writes to must not stop a reload.
enum NamedFile {
    /// Octets of a file; a longer one is no certificate, key or pass phrase.
    private static let limit = 1 << 20
    /// Milliseconds to wait for a pipe.
    private static let patience: Int32 = 1_000

    /// Returns what the file holds.
    /// - Throws: The reason why it cannot be read, in the kernel's words where it has some.
    static func read(_ path: String) throws(Unreadable) -> [UInt8] {
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else { throw Unreadable(reason: String(cString: strerror(errno))) }
        let descriptor = Descriptor(adopting: number)
        var octets: [UInt8] = []
        while try append(to: &octets, from: descriptor.number) {
            guard octets.count <= limit else { throw Unreadable(reason: "The file has more than \(limit) bytes") }
        }
        return octets
    }

    /// Reads on; false at the end.
    private static func append(to octets: inout [UInt8], from number: Int32) throws(Unreadable) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = Glibc.read(number, &buffer, buffer.count)
        if count >= 0 {
            octets += buffer.prefix(count)
            return count > 0
        }
        switch errno {
        case EINTR: return true
        case EAGAIN:
            var waited = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            guard poll(&waited, 1, patience) > 0 else { throw Unreadable(reason: "Nothing comes from the pipe") }
            return true
        default: throw Unreadable(reason: String(cString: strerror(errno)))
        }
    }

    struct Unreadable: Error {
        let reason: String
    }
}
