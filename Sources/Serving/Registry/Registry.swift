import Dispatch
import Glibc
import HashTreeCollections
import Metrics
import Models
package import Store
import Synchronization
import Tensors
import Threads

/// The modules of a server, by name.
///
/// Readers take the current version under a lock that is held for a look-up; nobody waits for a change. Changes copy
/// what they touch, one after another on a queue of their own; all that wait are published in one swap.
package final class Registry: Sendable {
    /// The instance where it cannot change.
    private let ownInstance: String
    /// Where changes are written down; nowhere if there is none.
    let store: (any RegistryStore)?
    /// The same where other processes write too.
    let shared: (any SharedStore)?
    package let options: ServingOptions
    /// The events of all modules.
    package let events: EventHub
    /// Parameters and buffers at a glance.
    package let overviews: OverviewCache
    let metrics: ServingMetrics
    let hookBudget: HookBudget
    let computeQueue: ComputeQueue
    let state: Mutex<RegistryState>
    let backupIsUnderWay = TakenFlag()
    let loads = ModuleLoads()
    let waiting = Mutex<[Proposal]>([])
    /// How many changes the last commit to a shared store had, or waited for the next one when it was over, and how long it took;
    /// only looked at on the queue of changes.
    let lastCommit = Mutex((changes: 0, time: Duration.zero))
    /// Those who wait for what other processes have changed.
    let arrivals = Arrivals()
    /// The digests of versions of a shared store, by name.
    let digests = Mutex<[String: [Int: Digest]]>([:])
    let changes = DispatchQueue(label: "callpath.registry.changes")
    /// Where changes of a registry that is kept become durable, while the next ones are made.
    let commits = DispatchQueue(label: "callpath.registry.commits")
    let made = Mutex(MadeChanges())
    /// Where what was seen of a shared store is kept, in its order.
    let keeping = DispatchQueue(label: "callpath.registry.keeping")
    /// Where trees are built and tensors are read, written and compared: as many at once as there are processors.
    private let builds = WorkThreads("callpath.registry.builds", width: ProcessorCount.available)
    /// The same for what is done sooner than a large one: it waits for none of those.
    private let smallBuilds = WorkThreads("callpath.registry.small-builds", width: max(2, ProcessorCount.available))
    /// Where a shared store's database is asked for a number, as long as that takes.
    private let asking = WorkThreads("callpath.registry.asking", width: 2)

    package init(
        options: ServingOptions = ServingOptions(),
        metrics: ServingMetrics = ServingMetrics(),
        instance: String = InstanceName.drawn()
    ) {
        ownInstance = instance
        store = nil
        shared = nil
        state = Mutex(RegistryState())
        self.options = options
        self.metrics = metrics
        events = EventHub(limits: options.limits)
        overviews = OverviewCache(limit: options.limits.maxSummaryBytes)
        hookBudget = HookBudget(limit: options.limits.maxHookBytes)
        computeQueue = ComputeQueue(options: options, metrics: metrics)
    }

    /// Creates a registry of what `store` holds, in which it writes down each change.
    package init(
        options: ServingOptions = ServingOptions(),
        metrics: ServingMetrics = ServingMetrics(),
        store: any RegistryStore
    ) throws(StoreError) {
        ownInstance = store.instance
        self.store = store
        shared = nil
        self.options = options
        self.metrics = metrics
        events = EventHub(limits: options.limits)
        overviews = OverviewCache(limit: options.limits.maxSummaryBytes)
        let hookBudget = HookBudget(limit: options.limits.maxHookBytes)
        self.hookBudget = hookBudget
        computeQueue = ComputeQueue(options: options, metrics: metrics)
        state = Mutex(try RegistryLoader.state(in: store, hookBudget))
        // What an earlier process left behind goes after the first calls.
        let sweeping = DispatchQueue(label: "callpath.registry.sweeping")
        sweeping.asyncAfter(deadline: .now() + 1) { [weak self] in self?.store?.sweep() }
    }

    /// Creates a registry that follows what `shared` holds, from the moment at which it can be reached.
    package init(
        options: ServingOptions = ServingOptions(),
        metrics: ServingMetrics = ServingMetrics(),
        shared: any SharedStore
    ) {
        ownInstance = InstanceName.drawn()
        store = shared
        self.shared = shared
        self.options = options
        self.metrics = metrics
        events = EventHub(limits: options.limits)
        overviews = OverviewCache(limit: options.limits.maxSummaryBytes)
        hookBudget = HookBudget(limit: options.limits.maxHookBytes)
        computeQueue = ComputeQueue(options: options, metrics: metrics)
        state = Mutex(RegistryState())
        let following = DispatchQueue(label: "callpath.registry.following")
        let registry: @Sendable () -> Registry? = { [weak self] in self }
        following.async { Self.follow(shared, for: registry) }
    }

    deinit { shared?.stop() }

    /// 32 random hexadecimal digits: of this process, or of the store.
    package var instance: String {
        guard let known = shared?.instance, !known.isEmpty else { return ownInstance }
        return known
    }

    /// What tells the versions of this registry from those of another: the first eight digits of its instance.
    package var tag: String { String(instance.prefix(8)) }

    /// What the registry may hold.
    package var limits: ServingLimits { options.limits }

    /// Returns the versions of `name` that are callable, ascending.
    package func versions(of name: String) throws(ServingError) -> [Int] {
        try entry(name).versions.map(\.version)
    }

    /// Returns at most `limit` modules, also damaged ones, sorted by name, and the last of them when more follow.
    package func entries(
        prefix: String = "",
        after: String? = nil,
        limit: Int = .max
    ) -> (entries: [RegistryEntry], next: String?) {
        let state = state.withLock { $0 }
        let count = max(0, limit)
        var entries = state.list.entries(prefix: prefix, after: after, limit: count < .max ? count + 1 : count)
        let isWhole = entries.count <= count
        if !isWhole { entries.removeLast() }
        return (entries, isWhole ? nil : entries.last?.name)
    }

    /// What the registry holds at the moment.
    package var facts: RegistryFacts {
        let queue = computeQueue.level
        return state.withLock { state in
            RegistryFacts(
                modules: state.moduleCount,
                coldModules: state.coldCount,
                revision: state.revision,
                byteCount: state.byteCount,
                keptVersionBytes: state.keptVersionBytes,
                queuedCalls: queue.calls,
                queuedBytes: queue.byteCount
            )
        }
    }

    // MARK: Changes

    /// Makes a change after those that came before it.
    ///
    /// - Parameter weights: The matrices that it brings and that calls multiply by, if they were found before.
    /// - Returns: What it led to, once it is durable and everybody sees it.
    func perform(
        _ change: RegistryChange,
        when precondition: Precondition = .always,
        weights: [Tensor]? = nil
    ) async throws -> ChangeOutcome {
        let current = { (name: String) in self.state.withLock { $0.entries[name]?.current.moduleVersion } }
        let written = try await readied(change, weights ?? change.weights(current))
        // Named, the isolation has it go on where it waited; it goes by way of the concurrent threads otherwise (Swift 6.3).
        return try await withCheckedThrowingContinuation(isolation: #isolation) { continuation in
            let proposal = Proposal(
                change: change,
                precondition: precondition,
                written: written,
                continuation: continuation
            )
            propose(proposal)
        }
    }

    func propose(_ proposal: Proposal) {
        let isFirst = waiting.withLock { waiting in
            waiting.append(proposal)
            return waiting.count == 1
        }
        if isFirst { changes.async { self.performWaiting() } }
    }

    /// Waits a moment for those whom the last commit to a shared store answered, so that they go with those who came meanwhile: else
    /// two halves of all clients take turns.
    ///
    /// Somebody who is alone, or was, never waits; others wait half as long as the disk takes at most, for a commit less.
    private func gather() {
        guard shared != nil else { return }
        let last = lastCommit.withLock { $0 }
        guard last.changes > 1 else { return }
        let end = ContinuousClock.now + min(last.time / 2, .milliseconds(4))
        while waiting.withLock({ $0.count < last.changes }), ContinuousClock.now < end { usleep(50) }
    }

    /// Does what a change needs and nobody has to wait for but those who made it: its large tensors are written as files, and its
    /// weights packed, which the first call would do otherwise.
    private func readied(_ change: RegistryChange, _ weights: [Tensor]) async throws -> WrittenTensors? {
        let byteCount = change.isReserved ? 0 : weights.reduce(0) { $0 + $1.byteCount }
        let wanted = RegistryState.Reservation(byteCount: byteCount)
        // Where there is no room for both, the first call packs as it always did.
        let hasRoom = state.withLock { state in (try? state.reserve(wanted, limits: limits)) != nil }
        defer { if hasRoom { state.withLock { $0.release(wanted) } } }
        guard hasRoom, !weights.isEmpty else { return try await writeFiles(of: change) }
        guard store != nil, weights.contains(where: TensorPart.isFile) else {
            await WeightPacking.pack(weights)
            return try await writeFiles(of: change)
        }
        async let packing: Void = WeightPacking.pack(weights)
        let written = try await writeFiles(of: change)
        await packing
        return written
    }

    /// Writes the large tensors of a change as files, beside others.
    private func writeFiles(of change: RegistryChange) async throws -> WrittenTensors? {
        guard let store else { return nil }
        let tensors = change.tensors.filter(TensorPart.isFile)
        guard !tensors.isEmpty else { return nil }
        return try await build(ofBytes: tensors.reduce(0) { saturatingSum($0, $1.byteCount) }) {
            do throws(StoreError) {
                return try WrittenTensors(tensors, to: store)
            } catch { throw ServingError(error) }
        }
    }

    /// Makes the changes that wait, in their order: one swap for all of them, and then their answers.
    private func performWaiting() {
        gather()
        let proposals = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        if let shared { return performWaiting(proposals, in: shared) }
        if let store { return make(proposals, in: store) }
        var draft = state.withLock { $0 }
        let results = proposals.map { proposal in
            Result {
                var next = draft
                let outcome = try next.apply(proposal.change, when: proposal.precondition, rules)
                draft = next
                return outcome
            }
        }
        let replaced = publish(draft)
        tell(results.compactMap { try? $0.get() }.flatMap(\.changes))
        for (proposal, result) in zip(proposals, results) { proposal.continuation.resume(with: result) }
        // Nobody need wait for the end of versions that go: a large tree takes as long to let go as to make.
        withExtendedLifetime(replaced) {}
    }

    /// Proposes a change again once `versions`, which it needs, are in memory.
    func propose(_ proposal: Proposal, afterLoading versions: [ColdVersion]) {
        Task { @concurrent in
            var proposal = proposal
            do {
                proposal.pins += try await loadPinned(versions)
                propose(proposal)
            } catch { proposal.continuation.resume(throwing: error) }
        }
    }

    /// Brings the store to rest after the last change.
    package func close() async {
        guard let store else { return }
        await withCheckedContinuation { continuation in
            changes.async {
                self.settleCommits()
                store.close()
                // Once this block holds the store no longer: somebody may want the folder next.
                self.changes.async { continuation.resume() }
            }
        }
    }

    /// Shows everybody what a change has made, and returns what it took the place of: what goes is let go after the lock.
    @discardableResult
    func publish(_ draft: consuming RegistryState) -> RegistryState {
        var draft = draft
        state.withLock { state in
            draft.reserved = state.reserved
            swap(&state, &draft)
        }
        return draft
    }

    var rules: ChangeRules { ChangeRules(limits: limits, hookBudget: hookBudget) }

    /// Runs `body` while no change is made, and brings its result or its error.
    func betweenChanges<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation(isolation: #isolation) { continuation in
            changes.async { [self] in
                settleCommits()
                continuation.resume(with: Swift.Result { try body() })
            }
        }
    }

    /// Bytes that are filled, read or written in a few milliseconds.
    private static let smallByteCount = 1 << 20

    /// Runs `body`, which makes, reads or writes so many bytes, beside others; what is large, or may be, waits for its turn.
    func build<Result: Sendable>(
        ofBytes byteCount: Int = .max,
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await (byteCount <= Self.smallByteCount ? smallBuilds : builds).run(body)
    }

    /// Asks a shared store's database.
    func ask<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await asking.run(body)
    }
}

/// A change that waits for its turn.
struct Proposal: Sendable {
    let change: RegistryChange
    let precondition: Precondition
    /// The large tensors that are written already.
    let written: WrittenTensors?
    let continuation: CheckedContinuation<ChangeOutcome, any Error>
    /// The modules that were loaded for it.
    var pins: [ActivityPin] = []
}

/// What a registry holds at one moment.
package struct RegistryFacts: Sendable {
    package var modules: Int
    /// The modules whose tensors are on the disk alone.
    package var coldModules: Int
    /// The count of changes.
    package var revision: Int
    /// The bytes of current modules in memory: their objects, parameters and buffers, shared ones once.
    package var byteCount: Int
    /// The bytes that only versions before the current ones hold.
    package var keptVersionBytes: Int
    package var queuedCalls: Int
    package var queuedBytes: Int
}

extension Registry {
    /// Tells listeners what was changed, if anyone may want to know.
    func tell(_ changes: @autoclosure () -> [ModuleChange]) {
        guard events.isHeard else { return }
        for change in changes() { events.publish(change) }
    }
}
