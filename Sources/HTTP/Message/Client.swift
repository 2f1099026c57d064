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

    /// The address, as text.
    package let address: String
    /// Whether the connection is encrypted.
    package let isSecure: Bool
    /// The name in the certificate that the client proved to own, if it proved one.
    package let name: String?
    private let watches = Mutex(Watches())

    package init(address: String, isSecure: Bool = false, name: String? = nil) {
        self.address = address
        self.isSecure = isSecure
        self.name = name
    }

    /// Has `body` run when the client ends its direction of the connection; now if it has.
    ///
    /// It is then most likely gone, and its requests are worth less than those of others; a few read on and want answers.
    package func whenGone(_ body: @escaping @Sendable () -> Void) -> Watch {
        let (watch, isGone) = watches.withLock { watches in
            watches.count += 1
            if !watches.isGone { watches.bodies[watches.count] = body }
            return (Watch(number: watches.count), watches.isGone)
        }
        if isGone { body() }
        return watch
    }

    /// Ends a watch.
    package func forget(_ watch: Watch) {
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
