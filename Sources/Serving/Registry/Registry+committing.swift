import Dispatch
import HashTreeCollections
import Metrics
import Store
import Synchronization

/// Changes of a kept registry that are made, and that nobody sees yet, as they are not durable.
struct MadeChanges: Sendable {
    struct Entry: Sendable {
        let proposal: Proposal
        let result: Result<ChangeOutcome, any Error>
        /// What is written of it; nothing of one that was refused.
        let prepared: PreparedChange?
    }

    /// Those that no commit has taken yet, in their order.
    var entries: [Entry] = []
    /// What everybody sees once they are durable, and those of the commit that is under way; `nil` if there are none.
    var draft: RegistryState?
    /// How many commits have failed: what was made on top of one has to be made anew.
    var failures = 0
    /// How many changes the last commit had.
    var lastCount = 0
}

/// A registry that is kept: while one commit waits for the disk the next changes are made, on top of it.
extension Registry {
    /// Makes changes in their order, and has them committed.
    func make(_ proposals: [Proposal], in store: any RegistryStore) {
        while true {
            let (known, failures) = made.withLock { ($0.draft, $0.failures) }
            var draft = known ?? state.withLock { $0 }
            var entries: [MadeChanges.Entry] = []
            var cold: [(proposal: Proposal, versions: [ColdVersion])] = []
            for proposal in proposals {
                let needed = draft.cold(neededBy: proposal.change, when: proposal.precondition)
                if needed.isEmpty {
                    entries.append(make(proposal, in: store, &draft))
                } else {
                    cold.append((proposal, needed))
                }
            }
            let hasDamage = !draft.damaged.isEmpty
            guard let isFirst = enter(entries, draft, unlessFailedSince: failures) else { continue }
            for (proposal, versions) in cold { propose(proposal, afterLoading: versions) }
            guard isFirst, !entries.isEmpty else { return }
            // Somebody who is alone, or was, is spared a change of threads; what a change repairs others may be made of.
            let isAlone = entries.count == 1 && made.withLock(\.lastCount) <= 1
            if isAlone || hasDamage {
                commits.sync { commit(in: store) }
            } else {
                commits.async { self.commit(in: store) }
            }
            return
        }
    }

    private func make(
        _ proposal: Proposal,
        in store: any RegistryStore,
        _ draft: inout RegistryState
    ) -> MadeChanges.Entry {
        var prepared: PreparedChange?
        let result = Result {
            var next = draft
            let outcome = try next.apply(proposal.change, when: proposal.precondition, rules)
            prepared = try store.prepared(outcome.journal, proposal.written)
            draft = next
            return outcome
        }
        return MadeChanges.Entry(proposal: proposal, result: result, prepared: prepared)
    }

    /// Enters changes behind those that wait for a commit.
    ///
    /// - Returns: Whether none did; `nil` if what they were made of is no longer going to be.
    private func enter(
        _ entries: [MadeChanges.Entry],
        _ draft: RegistryState,
        unlessFailedSince failures: Int
    ) -> Bool? {
        var old: RegistryState? = draft
        // What goes is let go after the lock.
        return made.withLock { made in
            guard made.failures == failures else { return nil }
            let isFirst = made.entries.isEmpty
            made.entries += entries
            if made.draft != nil || !entries.isEmpty { swap(&made.draft, &old) }
            return isFirst
        }
    }

    /// Commits all that is made: one commit, one swap, and then their answers; on the queue of commits.
    private func commit(in store: any RegistryStore) {
        let (entries, draft) = made.withLock { made in
            defer { made.entries = [] }
            return (made.entries, made.draft)
        }
        guard !entries.isEmpty, var draft else { return }
        let results = entries.map(\.result)
        let prepared = entries.compactMap(\.prepared)
        var replaced: RegistryState?
        if !prepared.isEmpty {
            do throws(StoreError) {
                let start = ContinuousClock.now
                _ = try store.commit(prepared, counters: draft.counters)
                metrics.commitTime?.observe(start.duration(to: .now))
                metrics.storedChanges?.increment(by: prepared.count)
            } catch {
                return refuse(entries, because: error)
            }
            draft.revive(results, store)
            replaced = publish(draft)
            tell(results.compactMap { try? $0.get() }.flatMap(\.changes))
        }
        var old: RegistryState?
        made.withLock { made in
            made.lastCount = entries.count
            if made.entries.isEmpty { swap(&made.draft, &old) }
        }
        for entry in entries { entry.proposal.continuation.resume(with: entry.result) }
        // Nobody need wait for the end of versions that go.
        withExtendedLifetime(replaced) {}
        store.tidy()
    }

    /// Refuses changes whose commit failed, and makes those anew that were made on top of them.
    private func refuse(_ entries: [MadeChanges.Entry], because error: StoreError) {
        let others = made.withLock { made in
            defer { (made.entries, made.draft) = ([], nil) }
            made.failures += 1
            return made.entries
        }
        var mayHaveSeen = false
        for entry in entries {
            if case .success = entry.result {
                mayHaveSeen = true
                entry.proposal.continuation.resume(throwing: ServingError(error))
            } else if mayHaveSeen {
                entry.proposal.continuation.resume(throwing: ServingError(error).unchanged)
            } else {
                // It failed before it saw anything of the others.
                entry.proposal.continuation.resume(with: entry.result)
            }
        }
        for entry in others { propose(entry.proposal) }
        store?.tidy()
    }

    /// Returns once nothing that is made waits for a commit; on the queue of changes.
    func settleCommits() {
        if store != nil, shared == nil { commits.sync {} }
    }
}
