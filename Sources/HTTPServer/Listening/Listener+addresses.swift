import Glibc

// Ports.
extension Listener {
    /// The most ports to try when one has to be free at several addresses.
    private static let maxTries = 64

    /// Listens at an address of each of `hosts`, on the same port; with port 0 on the first that all can take.
    static func listen(
        at hosts: [String],
        port: Int,
        backlog: Int,
        entrance: Entrance
    ) throws(ServerError) -> [Listener] {
        for _ in 1..<maxTries where port == 0 && hosts.count > 1 {
            do throws(ServerError) {
                return try listenOnce(at: hosts, port: port, backlog: backlog, entrance: entrance)
            } catch {
                guard case .cannotListen(_, _, EADDRINUSE) = error else { throw error }
            }
        }
        return try listenOnce(at: hosts, port: port, backlog: backlog, entrance: entrance)
    }

    private static func listenOnce(
        at hosts: [String],
        port: Int,
        backlog: Int,
        entrance: Entrance
    ) throws(ServerError) -> [Listener] {
        var listeners: [Listener] = []
        // Else the address that means any of IPv6 would take the port of IPv4 too.
        let isIPv6Only = hosts.contains { !$0.contains(":") }
        for host in hosts {
            let taken = listeners.compactMap(\.address)
            let port = taken.first?.port ?? port
            let number = try bound(to: host, port: port, backlog: backlog, isIPv6Only: isIPv6Only, besides: taken)
            guard let number else { continue }
            listeners.append(Listener(adopting: Descriptor(adopting: number), entrance: entrance))
        }
        return listeners
    }

    /// Returns a socket that listens at the first address of `host` that can be had; nil if one of them is `taken`.
    private static func bound(
        to host: String,
        port: Int,
        backlog: Int,
        isIPv6Only: Bool,
        besides taken: [SocketAddress]
    ) throws(ServerError) -> Int32? {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0, let list else { throw .unknownHost(host, reason: String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(list) }
        var failure = EADDRNOTAVAIL
        for item in sequence(first: list, next: { $0.pointee.ai_next }) {
            if let address = SocketAddress(item.pointee), taken.contains(address) { return nil }
            let number = listen(at: item.pointee, backlog: backlog, isIPv6Only: isIPv6Only)
            guard number < 0 else { return number }
            failure = -number
        }
        throw .cannotListen(host: host, port: port, errno: failure)
    }

    /// Returns a listening socket, or the negative of `errno`.
    private static func listen(at address: addrinfo, backlog: Int, isIPv6Only: Bool) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let number = socket(address.ai_family, type, 0)
        guard number >= 0 else { return -errno }
        set(SO_REUSEADDR, of: number, at: SOL_SOCKET)
        // Accepted sockets inherit it: an answer is one write and must not wait for an acknowledgement.
        set(TCP_NODELAY, of: number, at: Int32(IPPROTO_TCP))
        // An IPv4 address within IPv6 needs both.
        if isIPv6Only, SocketAddress(address)?.host.contains(":") == true {
            set(IPV6_V6ONLY, of: number, at: Int32(IPPROTO_IPV6))
        }
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
}
