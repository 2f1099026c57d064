import Synchronization

/// Who is on the other side of a connection.
package final class Client: Sendable {
    /// Somebody who wants to hear that the client has gone.
    package struct Watch: Sendable {
        fileprivate let number: Int
    }

    private struct Watches {
        var isGone = false
        var count = 0
        var bodies: [Int: @Sendable () -> Void] = [:]
    }

    /// The address, as text; `unix` for the peer of a Unix socket.
    package let address: String
    /// The address of the proxy that named the client's; `nil` for the peer of the connection itself.
    package let proxy: String?
    /// Whether the connection is encrypted.
    package let isSecure: Bool
    /// The name in the certificate that the client proved to own, if it proved one.
    package let name: String?
    /// Whether it came by the port of those who watch the server.
    package let isOnOperationsPort: Bool
    /// The peer of the connection, for a client behind it.
    private let peer: Client?
    private let watches = Mutex(Watches())

    package init(address: String, isSecure: Bool = false, name: String? = nil, isOnOperationsPort: Bool = false) {
        self.address = address
        self.isSecure = isSecure
        self.name = name
        self.isOnOperationsPort = isOnOperationsPort
        proxy = nil
        peer = nil
    }

    /// Creates the sender of one request among others at once on the connection of `client`: it may go while that stays.
    package init(streamOf client: Client) {
        address = client.address
        proxy = client.proxy
        isSecure = client.isSecure
        name = client.name
        isOnOperationsPort = client.isOnOperationsPort
        peer = nil
    }

    /// Creates the client at `address` for which `proxy` speaks.
    package init(address: String, behind proxy: Client) {
        self.address = address
        self.proxy = proxy.address
        isSecure = proxy.isSecure
        name = proxy.name
        isOnOperationsPort = proxy.isOnOperationsPort
        peer = proxy
    }

    /// Has `body` run when the client ends its direction of the connection; now if it has.
    ///
    /// It is then most likely gone, and its requests are worth less than those of others; a few read on and want answers.
    package func whenGone(_ body: @escaping @Sendable () -> Void) -> Watch {
        if let peer { return peer.whenGone(body) }
        let (watch, isGone) = watches.withLock { watches in
            watches.count += 1
            if !watches.isGone { watches.bodies[watches.count] = body }
            return (Watch(number: watches.count), watches.isGone)
        }
        if isGone { body() }
        return watch
    }

    /// Whether the client has ended its direction of the connection.
    package var isGone: Bool { watches.withLock { $0.isGone } }

    /// Ends a watch.
    package func forget(_ watch: Watch) {
        if let peer { return peer.forget(watch) }
        watches.withLock { _ = $0.bodies.removeValue(forKey: watch.number) }
    }

    /// Tells all who watch that the client has ended its direction.
    package func hasGone() {
        let bodies = watches.withLock { watches in
            watches.isGone = true
            defer { watches.bodies = [:] }
            return watches.bodies.values.map(\.self)
        }
        for body in bodies { body() }
    }
}
