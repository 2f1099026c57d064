import CLinux
import Glibc
import HTTP

/// A listening socket, and the patience it needs when the process runs out of descriptors.
final class Listener {
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

    /// What the connections that come in here are like.
    let entrance: Entrance
    private let descriptor: Descriptor
    /// The file of a Unix socket.
    private let file: SocketFile?
    private var delay = shortestDelay

    var number: Int32 { descriptor.number }

    init(adopting descriptor: consuming Descriptor, entrance: Entrance, file: SocketFile? = nil) {
        self.descriptor = descriptor
        self.entrance = entrance
        self.file = file
    }

    /// The address that the kernel has bound; nil for a Unix socket.
    var address: SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
        }
        return code == 0 ? SocketAddress(storage) : nil
    }

    /// Accepts one connection, if one waits.
    func accept() -> Accepted {
        var storage = sockaddr_storage()
        while true {
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let accepted = withUnsafeMutablePointer(to: &storage) {
                clinux_accept(number, $0, &length)
            }
            if accepted >= 0 {
                delay = Self.shortestDelay
                let peer = entrance.isUnix ? TrustedProxies.unixPeer : SocketAddress(storage)?.host
                return .socket(accepted, peer: peer ?? "")
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

/// What all connections that come in by one listener have in common.
struct Entrance: Sendable {
    var isEncrypted = false
    /// Whether it is the port of those who watch the server.
    var isForOperations = false
    var isUnix = false
}
