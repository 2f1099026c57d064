import Glibc

/// A host's address in numbers, and a port.
package struct SocketAddress: Sendable, Equatable, CustomStringConvertible {
    /// The address as `inet_ntop` writes it.
    package let host: String
    /// The port, in host order.
    package let port: Int

    /// `127.0.0.1:8080` or `[::1]:8080`, as in a URL.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Reads what the kernel wrote; nil for a family other than IPv4 and IPv6.
    init?(_ storage: sockaddr_storage) {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        var copy = storage
        let port: in_port_t? = withUnsafePointer(to: &copy) { pointer in
            switch Int32(storage.ss_family) {
            case AF_INET:
                pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                    var number = address.pointee.sin_addr
                    inet_ntop(AF_INET, &number, &text, socklen_t(text.count))
                    return address.pointee.sin_port
                }
            case AF_INET6:
                pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                    var number = address.pointee.sin6_addr
                    inet_ntop(AF_INET6, &number, &text, socklen_t(text.count))
                    return address.pointee.sin6_port
                }
            default: nil
            }
        }
        guard let port else { return nil }
        self.host = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        self.port = Int(UInt16(bigEndian: port))
    }
}
