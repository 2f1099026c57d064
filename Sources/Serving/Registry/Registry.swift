import Dispatch
import HashTreeCollections
import Models
import Synchronization

/// The modules of a server, by name.
///
/// Readers take the current version under a lock that is held for a look-up; nobody waits for a change. Changes copy
/// what they touch, one after another on a queue of their own; all that wait are published in one swap.
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
    private let waiting = Mutex<[Proposal]>([])
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
        return entry.publications
    }

    /// Returns at most `limit` modules, sorted by name, and the last of them when more follow.
    package func list(
        prefix: String = "",
        after: String? = nil,
        limit: Int = .max
    ) -> (publications: [Publication], next: String?) {
        let state = state.withLock { $0 }
        let count = max(0, limit)
        var names = state.names.names(prefix: prefix, after: after, limit: count < .max ? count + 1 : count)
        let isWhole = names.count <= count
        if !isWhole { names.removeLast() }
        return (names.compactMap { state.entries[$0]?.current }, isWhole ? nil : names.last)
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

    /// Makes a change after those that came before it.
    /// - Returns: What it led to, once everybody sees it.
    func perform(_ change: RegistryChange, when precondition: Precondition = .always) async throws -> ChangeOutcome {
        try await withCheckedThrowingContinuation { continuation in
            let proposal = Proposal(change: change, precondition: precondition, continuation: continuation)
            let isFirst = waiting.withLock { waiting in
                waiting.append(proposal)
                return waiting.count == 1
            }
            if isFirst { changes.async { self.performWaiting() } }
        }
    }

    /// Makes the changes that wait, in their order, in one swap.
    private func performWaiting() {
        let proposals = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        var draft = state.withLock { $0 }
        let results = proposals.map { proposal in
            Result {
                var next = draft
                let outcome = try next.apply(proposal.change, when: proposal.precondition, rules)
                draft = next
                return outcome
            }
        }
        publish(draft)
        for (proposal, result) in zip(proposals, results) { proposal.continuation.resume(with: result) }
    }

    /// Shows everybody what a change has made.
    private func publish(_ draft: consuming RegistryState) {
        var draft = draft
        // What goes is let go after the lock.
        state.withLock { state in
            draft.reserved = state.reserved
            swap(&state, &draft)
        }
    }

    private var rules: ChangeRules { ChangeRules(limits: limits, hookBudget: hookBudget) }

    /// Runs `body` while no change is made, and brings its result or its error.
    func betweenChanges<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
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
}

/// A change that waits for its turn.
private struct Proposal: Sendable {
    let change: RegistryChange
    let precondition: Precondition
    let continuation: CheckedContinuation<ChangeOutcome, any Error>
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
