import Dispatch
import Glibc
import HashTreeCollections
import Metrics
import NN
package import Store
import Synchronization

/// A registry that several processes share: changes that find others faster are made anew, and what others change is followed.
extension Registry {
    /// How often a change is made anew before its client is asked to come back.
    private static let attempts = 5

    /// Makes changes in their order, all in one commit of the shared store.
    func performWaiting(_ proposals: [Proposal], in store: any SharedStore) {
        var failure = StoreError.conflict
        let end = ContinuousClock.now + store.contact.timeout
        for _ in 0..<Self.attempts where .now < end {
            do throws(StoreError) {
                let results = try attempt(proposals, in: store)
                for (proposal, result) in zip(proposals, results) { proposal.continuation.resume(with: result) }
                return store.announce()
            } catch { failure = error }
            guard case .conflict = failure else { break }
            do throws(StoreError) {
                try look(at: store)
            } catch {
                failure = error
                break
            }
        }
        if case .unreachable(let reason, _) = failure, store.contact.lostAt == nil {
            options.storeNews(.refused(reason: reason))
        }
        let refusal = ServingError(failure)
        for proposal in proposals { proposal.continuation.resume(throwing: refusal) }
    }

    private func attempt(
        _ proposals: [Proposal],
        in store: any SharedStore
    ) throws(StoreError) -> [Result<ChangeOutcome, any Error>] {
        var rules = rules
        rules.revision = try store.begin()
        let base = state.withLock { $0 }
        var draft = base
        var prepared: [PreparedChange] = []
        var journals: [RegistryState.Journal] = []
        let results = proposals.map { proposal in
            Result {
                // All that a shared registry holds is in memory.
                var next = draft
                let outcome = try next.apply(proposal.change, when: proposal.precondition, rules)
                prepared.append(try store.prepared(outcome.journal, proposal.written))
                journals.append(outcome.journal)
                draft = next
                return outcome
            }
        }
        guard !prepared.isEmpty else {
            store.abandon()
            return results
        }
        let start = ContinuousClock.now
        let terms = SharedTerms(from: base, to: draft, journals)
        try store.commit(prepared, terms)
        let time = start.duration(to: .now)
        // Those who came meanwhile go with those who are answered now.
        let others = waiting.withLock(\.count)
        lastCommit.withLock { $0 = (prepared.count + others, time) }
        metrics.commitTime?.observe(time)
        metrics.storedChanges?.increment(by: prepared.count)
        let revision = draft.revision
        let repaired = Set(journals.flatMap(\.made).map(\.moduleVersion.name))
        publish(draft)
        store.didApply(revision: revision, of: terms.changedNames)
        tell(results.compactMap { try? $0.get() }.flatMap(\.changes))
        arrivals.notify()
        revive(usersOf: repaired, in: store)
        return results
    }

    /// Follows what others have changed, for as long as the registry lives.
    static func follow(_ store: any SharedStore, for registry: @escaping @Sendable () -> Registry?) {
        var isLost = false
        var last: ContinuousClock.Instant?
        var pace = Duration.zero
        if store.contact.lostAt != nil { registry()?.showKept(of: store) }
        while true {
            let notice = store.awaitNotice()
            guard notice != .end, let registry = registry() else { return }
            var refusal: String?
            if notice == .look {
                if let last, last + pace * 2 > .now { registry.pause(until: last + pace, telling: store) }
                let start = ContinuousClock.now
                do throws(StoreError) { try registry.catchUp(with: store) } catch { refusal = error.message }
                // Whoever looks for a database that is away has a pace of its own.
                (last, pace) = (start, refusal == nil ? Self.pace(afterLookOf: start.duration(to: .now)) : .zero)
            } else {
                registry.showKept(of: store)
                refusal = store.failure
            }
            guard isLost != (refusal != nil) else { continue }
            isLost = refusal != nil
            registry.options.storeNews(refusal.map { .lost(reason: $0) } ?? .found)
        }
    }

    /// The least time from look to look where changes come one upon the other, unless somebody waits for one.
    ///
    /// Most of what a look takes it takes once, and of names that change again and again all versions but the last are passed over.
    /// Where looks take longer there are fewer, so that they leave the processors to changes and calls.
    private static func pace(afterLookOf time: Duration) -> Duration {
        min(max(time * 5, .milliseconds(10)), .milliseconds(100))
    }

    private func pause(until end: ContinuousClock.Instant, telling store: any SharedStore) {
        while .now < end, !arrivals.isAwaited {
            store.tellOthers()
            usleep(1_000)
        }
    }

    /// Looks beside changes, and shows everybody what others have changed between two of them.
    private func catchUp(with store: any SharedStore) throws(StoreError) {
        // After a loss nothing must be between the look and what it is compared with.
        let look = try store.look(mayBeFull: false)
        let result = changes.sync {
            Result { () throws(StoreError) in
                if let look { try show(look, of: store) } else { try self.look(at: store) }
            }
        }
        // Whoever keeps slower than others change looks at more at once.
        keeping.sync {}
        try result.get()
    }

    /// Shows everybody what others have changed; on the queue of changes.
    func look(at store: any SharedStore) throws(StoreError) {
        guard let look = try store.look(mayBeFull: true) else { return }
        try show(look, of: store)
    }

    /// Shows what an earlier process of this replica saw, where the store was out of reach since the start.
    private func showKept(of store: any SharedStore) {
        changes.sync {
            guard !store.contact.isLoaded, let look = store.keptLook() else { return }
            // What cannot be shown is found as soon as the store can be reached.
            try? show(look, of: store)
        }
    }

    func show(_ look: StoreLook, of store: any SharedStore) throws(StoreError) {
        guard let ahead = store.namesAhead(of: look) else { return }
        guard look.isFull || !look.names.isEmpty else {
            store.didApply(look)
            return keeping.async { store.keep(look) }
        }
        let base = state.withLock { $0 }
        let wasLoaded = store.contact.isLoaded
        // Numbers alone tell versions apart but for those of a store that may have lost some; a copy is dear.
        let digests = look.isFull ? digests.withLock { $0 } : [:]
        let followed = try RegistryFollower.follow(
            look,
            from: base,
            in: store,
            hookBudget,
            digests: digests,
            ahead: ahead
        )
        if !look.isFull, !followed.state.damagedUsers(of: Set(followed.changed.map(\.name))).isEmpty {
            // What was damaged because of them may be well again.
            store.lookAtAllNext()
            return try self.look(at: store)
        }
        if !ahead.isEmpty, followed.state.damaged.keys.contains(where: { base.damaged[$0] == nil }) {
            // It may lack no more than what a change took away meanwhile.
            store.lookAtAllNext()
            return try self.look(at: store)
        }
        let isLoss = followed.losses > 0 && wasLoaded && look.instance == store.instance
        self.digests.withLock { known in
            if look.isFull { known = [:] }
            known.merge(followed.digests) { _, new in new }
        }
        for module in followed.state.damaged.values where base.damaged[module.name] == nil {
            options.storeNews(.damaged(name: module.name, reason: module.reason))
        }
        publish(followed.state)
        store.didApply(look)
        tell(followed.changed)
        arrivals.notify()
        if look.age == nil { keeping.async { store.keep(look) } }
        guard isLoss else { return }
        options.storeNews(.changesLost(followed.losses))
        // No tag may mean two things: whatever the lost versions were called is of another registry from now on.
        try store.renew(look.instance)
        try self.look(at: store)
    }

    /// Looks again at damaged modules that refer to one of `names`.
    private func revive(usersOf names: Set<String>, in store: any SharedStore) {
        let state = state.withLock { $0 }
        guard !state.damaged.isEmpty, !state.damagedUsers(of: names).isEmpty else { return }
        store.lookAtAllNext()
        // Those that cannot be read again now can be at the next look.
        try? look(at: store)
    }

    /// The current version of a module, and the revision that made it where that is known.
    package func shown(_ name: String) -> (version: Int, revision: Int?)? {
        state.withLock { state in
            state.conditionalVersion(of: name).map { ($0, state.entries[name]?.current.moduleVersion?.revision) }
        }
    }

    /// The highest revision that can be seen here.
    package var revision: Int { state.withLock(\.revision) }

    /// Looks at the shared store now, if it can be reached.
    package func freshen() async {
        guard let shared else { return }
        try? await betweenChanges { [self] in
            do throws(StoreError) { try look(at: shared) } catch { throw ServingError(error) }
        }
    }

    /// Takes the number of a new hook.
    func nextHookID() async throws -> Int {
        guard let shared else { return HookHandle.nextID() }
        let id = try await ask {
            do throws(StoreError) { return try shared.nextHookID() } catch { throw ServingError(error) }
        }
        HookHandle.keepIDs(below: id + 1)
        return id
    }

    /// Whether other processes change the registry too.
    package var isShared: Bool { shared != nil }

    /// Whether all that is in the store can be seen, as far as it was ever reached.
    package var isLoaded: Bool { shared?.contact.isLoaded ?? true }

    /// Returns once all that is in the store can be seen; also where its database is out of reach, unless that is waited for.
    package func loaded(waitingForDatabase waits: Bool) async {
        while !isLoaded, !Task.isCancelled, waits || contact?.lostAt == nil {
            _ = await arrivals.wait(atMost: .milliseconds(200)) { [weak self] in self?.isLoaded ?? true }
        }
    }

    /// How it stands with the way to a shared store; `nil` without one.
    package var contact: StoreContact? { shared?.contact }

    /// Whole seconds since the last look at a shared store that succeeded; 0 below two times between looks.
    package var staleSeconds: Int {
        guard let shared else { return 0 }
        let contact = shared.contact
        guard let age = contact.age, age >= contact.interval * 2 else { return 0 }
        return age.wholeSeconds
    }

    /// Ends the following of a shared store.
    package func stopFollowing() { shared?.stop() }
}

// MARK: What clients have seen elsewhere

extension Registry {
    /// Returns when all of `revisions` can be seen here.
    ///
    /// - Throws: `ServingError.replicaBehind` if that takes longer than `time`, and `unknownRevision` where nobody but this
    ///   process could have made one.
    package func wait(forRevisions revisions: [Int], atMost time: Duration) async throws {
        guard !hasApplied(revisions) else { return }
        guard shared != nil else {
            throw ServingError.unknownRevision(revisions.max().map { "\(tag).\($0)" } ?? "")
        }
        let isThere = await arrivals.wait(atMost: time) { [weak self] in self?.hasApplied(revisions) ?? true }
        guard isThere else { throw ServingError.replicaBehind }
    }

    /// Whether all of `revisions` can be seen here.
    package func hasApplied(_ revisions: [Int]) -> Bool {
        guard let shared else {
            let current = state.withLock(\.revision)
            return revisions.allSatisfy { $0 <= current }
        }
        return revisions.allSatisfy(shared.hasApplied)
    }

    /// Returns when `name` is at one of `versions` or beyond; at once where nobody else makes versions.
    package func wait(forVersions versions: [Int], of name: String, atMost time: Duration) async throws {
        guard shared != nil, let newest = versions.max(), isBefore(newest, name) else { return }
        let isThere = await arrivals.wait(atMost: time) { [weak self] in self?.isBefore(newest, name) == false }
        guard isThere else { throw ServingError.replicaBehind }
    }

    private func isBefore(_ version: Int, _ name: String) -> Bool {
        (state.withLock { $0.conditionalVersion(of: name) } ?? 0) < version
    }
}
