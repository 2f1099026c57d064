import CLinux
import Glibc

/// A listening socket, and the patience it needs when the process runs out of descriptors.
struct Listener: ~Copyable {
    /// What an attempt to accept brought.
    enum Accepted {
        /// A connected socket, non-blocking, that the caller now owns, and the address of its peer.
        case socket(Int32, peer: String)
        case nothing
        /// No descriptors or memory: accepting again at once would spin.
        case exhausted(retryAfter: Duration)
    }

    private static let shortestDelay = Duration.milliseconds(5)
    private static let longestDelay = Duration.seconds(1)

    private let descriptor: Descriptor
    private var delay = shortestDelay

    var number: Int32 { descriptor.number }

    /// Listens at the first address of `host` that can be had.
    init(host: String, port: Int, backlog: Int) throws(ServerError) {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0, let list else { throw .unknownHost(host, reason: String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(list) }
        var failure = EADDRNOTAVAIL
        for address in sequence(first: list, next: { $0.pointee.ai_next }) {
            let number = Self.listen(at: address.pointee, backlog: backlog)
            guard number < 0 else {
                descriptor = Descriptor(adopting: number)
                return
            }
            failure = -number
        }
        throw .cannotListen(host: host, port: port, errno: failure)
    }

    /// Returns a listening socket, or the negative of `errno`.
    private static func listen(at address: addrinfo, backlog: Int) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let number = socket(address.ai_family, type, 0)
        guard number >= 0 else { return -errno }
        set(SO_REUSEADDR, of: number, at: SOL_SOCKET)
        // Accepted sockets inherit it: an answer is one write and must not wait for an acknowledgement.
        set(TCP_NODELAY, of: number, at: Int32(IPPROTO_TCP))
        guard bind(number, address.ai_addr, address.ai_addrlen) == 0, Glibc.listen(number, Int32(backlog)) == 0 else {
            let failure = errno
            close(number)
            return -failure
        }
        return number
    }

    private static func set(_ option: Int32, of number: Int32, at level: Int32) {
        var on: Int32 = 1
        setsockopt(number, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// The address that the kernel has bound.
    var address: SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
        }
        return code == 0 ? SocketAddress(storage) : nil
    }

    /// Accepts one connection, if one waits.
    mutating func accept() -> Accepted {
        var storage = sockaddr_storage()
        while true {
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let accepted = withUnsafeMutablePointer(to: &storage) {
                clinux_accept(number, $0, &length)
            }
            if accepted >= 0 {
                delay = Self.shortestDelay
                return .socket(accepted, peer: SocketAddress(storage)?.host ?? "")
            }
            switch errno {
            case EAGAIN, EWOULDBLOCK: return .nothing
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                defer { delay = min(delay * 2, Self.longestDelay) }
                return .exhausted(retryAfter: delay)
            // The peer has gone again, or a filter does not like it: not our trouble (accept(2)).
            default: continue
            }
        }
    }
}
