import Dispatch
import OrderedCollections
import Synchronization

/// The modules of a server, by name.
///
/// Readers take the current version under a lock that is held for a look-up; nobody waits for a change. Changes copy
/// what they touch, one after another on a queue of their own, and publish the copies in one swap.
package final class Registry: Sendable {
    /// What tells the versions of this registry from those of another, or of a run before: eight hexadecimal digits.
    package let tag: String
    package let options: ServingOptions
    /// The events of all modules.
    package let events: EventHub
    /// Parameters and buffers at a glance.
    package let overviews: OverviewCache
    let metrics: ServingMetrics
    let hookBudget: HookBudget
    let computeQueue: ComputeQueue
    let state = Mutex(RegistryState())
    private let changes = DispatchQueue(label: "callpath.registry.changes")
    private let builds = DispatchQueue(label: "callpath.registry.builds", attributes: .concurrent)

    package init(
        options: ServingOptions = ServingOptions(),
        metrics: ServingMetrics = ServingMetrics(),
        tag: String = Registry.makeTag()
    ) {
        self.tag = tag
        self.options = options
        self.metrics = metrics
        events = EventHub(limits: options.limits)
        overviews = OverviewCache(limit: options.limits.maxSummaryBytes)
        hookBudget = HookBudget(limit: options.limits.maxHookBytes)
        computeQueue = ComputeQueue(options: options, metrics: metrics)
    }

    /// What the registry may hold.
    package var limits: ServingLimits { options.limits }

    /// Returns the current version of `name`.
    package func publication(_ name: String) throws(ServingError) -> Publication {
        guard let publication = state.withLock({ $0.entries[name]?.current }) else { throw .unknownModule(name) }
        return publication
    }

    /// Returns a version of `name` that is still callable.
    package func publication(_ name: String, version: Int) throws(ServingError) -> Publication {
        let all = try publications(of: name)
        guard let publication = all.first(where: { $0.version == version }) else {
            throw .unknownVersion(module: name, version: version, callable: all.map(\.version))
        }
        return publication
    }

    /// Returns the versions of `name` that are callable, ascending.
    package func versions(of name: String) throws(ServingError) -> [Int] {
        try publications(of: name).map(\.version)
    }

    /// Returns the callable versions of `name` themselves, ascending.
    package func publications(of name: String) throws(ServingError) -> [Publication] {
        guard let entry = state.withLock({ $0.entries[name] }) else { throw .unknownModule(name) }
        return entry.previous + [entry.current]
    }

    /// Returns at most `limit` modules, sorted by name, and the last of them when more follow.
    package func list(
        prefix: String = "",
        after: String? = nil,
        limit: Int = .max
    ) -> (publications: [Publication], next: String?) {
        let all = state.withLock { $0.entries.values.map(\.current) }
        let found = all.filter { $0.name.hasPrefix(prefix) && (after == nil || $0.name > after ?? "") }
            .sorted { $0.name < $1.name }
        let page = Array(found.prefix(max(0, limit)))
        return (page, found.count > page.count ? page.last?.name : nil)
    }

    /// What the registry holds at the moment.
    package var facts: RegistryFacts {
        let queue = computeQueue.level
        return state.withLock { state in
            RegistryFacts(
                modules: state.entries.count,
                byteCount: state.byteCount,
                keptVersionBytes: state.keptVersionBytes,
                queuedCalls: queue.calls,
                queuedBytes: queue.byteCount
            )
        }
    }

    /// Returns a tag that hardly any other registry has.
    package static func makeTag() -> String {
        let digits = String(UInt32.random(in: 0 ... .max), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    // MARK: Changes

    /// Runs `body` as the only change of the moment, and brings its result or its error.
    func change<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await Self.run(on: changes, body)
    }

    /// Runs `body`, which may take its time, beside others.
    func build<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await Self.run(on: builds, body)
    }

    private static func run<Result: Sendable>(
        on queue: DispatchQueue,
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    /// Returns all current versions by name; within a change they are the ones that it replaces.
    func currentPublications() -> [String: Publication] {
        state.withLock { $0.entries.mapValues(\.current) }
    }

    /// Publishes `revision` in one swap.
    /// - Returns: The new version of `name`.
    func publish(_ revision: Revision, _ name: String) throws -> Publication {
        let versions = state.withLock { state in
            revision.drafts.keys.map { ($0, state.nextVersion(of: $0)) }
        }
        let byName = Dictionary(uniqueKeysWithValues: versions)
        let publications = revision.publications { byName[$0] ?? 1 }
        // What goes is let go after the lock.
        let gone = try state.withLock { state throws(ServingError) in
            try state.publish(publications, limits: limits)
        }
        withExtendedLifetime(gone) {}
        guard let publication = publications.first(where: { $0.name == name }) else {
            throw ServingError.unknownModule(name)
        }
        return publication
    }
}

/// What a registry holds at one moment.
package struct RegistryFacts: Sendable {
    package var modules: Int
    /// The bytes of current modules: their objects, parameters and buffers, shared ones once.
    package var byteCount: Int
    /// The bytes that only versions before the current ones hold.
    package var keptVersionBytes: Int
    package var queuedCalls: Int
    package var queuedBytes: Int
}
