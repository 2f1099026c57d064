import CLinux
import Dispatch
import Glibc
package import HTTP
import Logging
import Synchronization

/// An HTTP/1.1 and HTTP/2 server on Dispatch and epoll: listens, reads requests, and sends what its handler answers.
package final class HTTPServer: Sendable {
    private enum Stage {
        case idle, running, draining, ended
    }

    package typealias Configuration = ServerConfiguration

    /// Where a server listens.
    package struct Addresses: Sendable {
        /// All with one port.
        package var main: [SocketAddress] = []
        /// All with the second port.
        package var second: [SocketAddress] = []
        package var operations: [SocketAddress] = []
    }

    /// How the server was set up.
    package let configuration: Configuration
    private let loops: [EventLoop]
    private let shared: SharedState
    private let stage = Mutex(Stage.idle)
    private let isCut = Atomic<Bool>(false)

    /// Creates a server that answers through `handler`, and reads its certificate and key.
    /// - Throws: `TLSError` for files that do not serve, `ServerError` when the kernel gives no epoll descriptor.
    package init(configuration: Configuration, handler: @escaping Handler) throws {
        let tls = try configuration.tls.map { tls in
            var tls = tls
            tls.offersHTTP2 = configuration.speaksHTTP2
            return try TLSIdentity(tls, logger: configuration.logger)
        }
        let loopCount = max(1, configuration.loopCount)
        let metrics = ServerMetrics(in: configuration.metrics, loopCount: loopCount)
        let descriptorCount = DescriptorLimit.raise(for: configuration.limits)
        let room = ConnectionRoom(for: configuration.limits, within: descriptorCount)
        if room.served < configuration.limits.maxConnections {
            configuration.logger.warning(
                """
                expected room for \(configuration.limits.maxConnections) connections, got \(descriptorCount) open files \
                with room for \(room.served): raise the hard limit of open files (ulimit -Hn)
                """
            )
        }
        let shared = SharedState(events: configuration.events, metrics: metrics, tls: tls, room: room)
        shared.addGauges(to: configuration.metrics)
        self.configuration = configuration
        self.shared = shared
        loops = try (0..<loopCount).map {
            try EventLoop(index: $0, configuration: configuration, shared: shared, handler: handler)
        }
    }

    /// Listens, and returns the addresses with the ports that the kernel chose.
    package func start() async throws -> Addresses {
        try advance(from: .idle, to: .running)
        prepareProcess()
        let (listeners, addresses) = try listen()
        for loop in loops { await loop.start() }
        await loops[0].listen(listeners, sharingWith: loops)
        return addresses
    }

    private func listen() throws(ServerError) -> sending (listeners: [Listener], addresses: Addresses) {
        let backlog = configuration.backlog
        let main = try Listener.listen(
            at: configuration.hosts,
            port: configuration.port,
            backlog: backlog,
            entrance: Entrance(isEncrypted: configuration.tls != nil)
        )
        var second: [Listener] = []
        if let port = configuration.secondPort {
            let entrance = Entrance(isEncrypted: configuration.tls != nil)
            do throws(ServerError) {
                second = try Listener.listen(at: configuration.hosts, port: port, backlog: backlog, entrance: entrance)
            } catch { throw .secondPort(error) }
        }
        var operations: [Listener] = []
        if let port = configuration.operations {
            let entrance = Entrance(isForOperations: true)
            do throws(ServerError) {
                operations = try Listener.listen(at: port.hosts, port: port.port, backlog: backlog, entrance: entrance)
            } catch { throw .operationsPort(error) }
        }
        var unix: [Listener] = []
        if let socket = configuration.unixSocket {
            unix = [try Listener.listen(at: socket, backlog: backlog, entrance: Entrance(isUnix: true))]
        }
        let addresses = Addresses(
            main: main.compactMap(\.address),
            second: second.compactMap(\.address),
            operations: operations.compactMap(\.address)
        )
        return (main + second + operations + unix, addresses)
    }

    /// Sets what belongs to the whole process and a server depends on.
    private func prepareProcess() {
        // OpenSSL writes with write(2), which cannot be told not to signal.
        signal(SIGPIPE, SIG_IGN)
        // What a flood of large requests needed is given back behind it.
        clinux_return_blocks_of(1 << 20)
    }

    private func advance(from old: Stage, to new: Stage) throws(ServerError) {
        let moved = stage.withLock { stage in
            guard stage == old else { return false }
            stage = new
            return true
        }
        guard moved else { throw .alreadyStarted }
    }

    /// Connections open now, on all loops.
    package var openConnections: Int { shared.openConnections }

    /// Reads certificate and key again, for connections that come from now on; clients whose certificate no authority
    /// signs any more are cut off.
    /// - Throws: `TLSError`; the old certificate and key stay in use then.
    package func reloadTLS() throws {
        try shared.tls?.reload()
        closeDistrusted()
    }

    /// Does the same if one of the files has changed, and returns whether it did.
    ///
    /// What does not serve is looked at once more before it is an error, since two files do not change in one step.
    package func reloadTLSIfChanged() throws -> Bool {
        guard try shared.tls?.reloadIfChanged() == true else { return false }
        closeDistrusted()
        return true
    }

    private func closeDistrusted() {
        guard configuration.tls?.clientAuthentication != .off, let context = shared.tls?.context else { return }
        for loop in loops { Task { await loop.closeDistrusted(by: context) } }
    }

    /// Stops accepting, finishes the requests that have come, and ends the connections.
    ///
    /// Each answer from now on says `Connection: close`; a connection that stays idle for a moment is closed.
    /// - Returns: How many requests were not finished within `grace`, and so were cut off.
    @discardableResult
    package func shutdown(grace: Duration) async -> Int {
        guard (try? advance(from: .running, to: .draining)) != nil else { return shared.cutOffRequests }
        for loop in loops { await loop.drain() }
        if !isCut.load(ordering: .relaxed) { await waitUntilEmpty(atMost: grace) }
        await stop()
        return shared.cutOffRequests
    }

    /// Cuts everything off; a `shutdown(grace:)` that waits returns, and one that comes does not wait.
    package func shutdownNow() {
        isCut.store(true, ordering: .relaxed)
        for loop in loops { Task { await loop.closeAll() } }
    }

    private func stop() async {
        for loop in loops { await loop.stop() }
        stage.withLock { $0 = .ended }
    }

    private func waitUntilEmpty(atMost grace: Duration) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
        shared.onEmpty { continuation.yield() }
        let timer = Task {
            try await Task.sleep(for: grace)
            continuation.yield()
        }
        defer {
            timer.cancel()
            shared.onEmpty(nil)
        }
        var iterator = stream.makeAsyncIterator()
        await iterator.next()
    }
}
