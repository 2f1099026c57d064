import Glibc
import HTTP

/// A host's address in numbers, and a port.
package struct SocketAddress: Sendable, Equatable, CustomStringConvertible {
    /// The address as `inet_ntop` writes it; an IPv4 address within IPv6 is that IPv4 address.
    package let host: String
    /// The port, in host order.
    package let port: Int

    /// `127.0.0.1:8080` or `[::1]:8080`, as in a URL.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Reads what the kernel wrote; nil for a family other than IPv4 and IPv6.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        let read = withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Self.read($0) }
        }
        guard let (host, port) = read else { return nil }
        (self.host, self.port) = (host.description, port)
    }

    /// Reads what a name was resolved to.
    init?(_ item: addrinfo) {
        guard let pointer = item.ai_addr, let (host, port) = Self.read(pointer) else { return nil }
        (self.host, self.port) = (host.description, port)
    }

    private static func read(_ pointer: UnsafePointer<sockaddr>) -> (IPAddress, port: Int)? {
        let raw = UnsafeRawPointer(pointer)
        switch Int32(pointer.pointee.sa_family) {
        case AF_INET:
            let address = raw.loadUnaligned(as: sockaddr_in.self)
            return (IPAddress(address.sin_addr), Int(UInt16(bigEndian: address.sin_port)))
        case AF_INET6:
            let address = raw.loadUnaligned(as: sockaddr_in6.self)
            return (IPAddress(address.sin6_addr), Int(UInt16(bigEndian: address.sin6_port)))
        default: return nil
        }
    }
}
