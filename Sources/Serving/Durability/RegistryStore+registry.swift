import HashTreeCollections
import Store
import Synchronization

extension RegistryStore {
    /// Makes what a change has made ready to be committed.
    func prepared(
        _ journal: RegistryState.Journal,
        _ written: WrittenTensors?
    ) throws -> PreparedChange {
        let change = try ChangeWriter(written: written, store: self).change(journal)
        do throws(StoreError) {
            return try prepare(change)
        } catch { throw ServingError(error) }
    }
}

extension RegistryState {
    /// Reads the modules again that were damaged because of one that a change has repaired.
    mutating func revive(
        _ results: [Result<ChangeOutcome, any Error>],
        _ store: any RegistryStore
    ) {
        guard !damaged.isEmpty else { return }
        let whole = results.compactMap { try? $0.get() }.flatMap(\.journal.made).filter { $0.base == nil }
        let users = damagedUsers(of: Set(whole.map(\.publication.name)))
        guard !users.isEmpty else { return }
        // Those that cannot be found again now can be after a restart.
        try? RegistryLoader.revive(users, in: &self, store)
    }
}

extension ServingError {
    /// Creates the refusal that `error` is for somebody who wanted a change.
    init(_ error: StoreError) {
        self =
            switch error {
            case .full, .limit: .insufficientStorage(error.message)
            case .shortage: .overloaded(retryAfter: .seconds(1))
            case .failed(_, let outcome): .storeFailed(error.message, isUnknown: outcome == .unknown)
            case .conflict: .overloaded(retryAfter: .seconds(1))
            // PostgreSQL's own words name hosts, users and tables: they are for the log.
            case .unreachable(_, .unknown):
                .storeUnavailable("the registry's database did not say what became of the change", isUnknown: true)
            case .unreachable:
                .storeUnavailable("the registry's database takes no changes at the moment", isUnknown: false)
            case .missing, .inUse, .notUsable, .foreign, .newerSchema, .corrupt, .damaged, .badBackup, .notEmpty:
                .storeFailed(error.message, isUnknown: false)
            }
    }

    /// The same for a change that surely did not happen.
    var unchanged: ServingError {
        switch self {
        case .storeFailed(let reason, _): .storeFailed(reason, isUnknown: false)
        case .storeUnavailable(let reason, _): .storeUnavailable(reason, isUnknown: false)
        default: self
        }
    }
}

/// What a registry stands on.
package struct StoreFacts: Sendable {
    /// `memory`, `sqlite` or `postgresql`.
    package var kind: String
    /// What becomes of a change that was acknowledged: `none`, `local` or `replicated`.
    package var durability: String
    /// Whether changes are possible.
    package var isWritable: Bool
    package var instance: String
    package var revision: Int
    /// All modules, damaged ones too.
    package var modules: Int
    /// The modules whose tensors are on the disk alone.
    package var coldModules: Int
    /// The bytes of the store's files; in memory of the modules.
    package var byteCount: Int
    /// The seconds for which a shared store was not seen; `nil` for others.
    package var staleSeconds: Int?
    /// The modules that cannot be read, by name.
    package var damaged: [(name: String, reason: String)]
}

extension Registry {
    /// Whether changes are possible.
    package var isWritable: Bool { store?.failure == nil }

    /// The bytes of the store's files; of the modules in memory, and where a shared store is out of reach.
    private func byteCount(of facts: RegistryFacts) throws(StoreError) -> Int {
        guard let store else { return facts.byteCount }
        guard let shared else { return try store.byteCount() }
        guard shared.failure == nil, let count = try? shared.byteCount() else { return facts.byteCount }
        return count
    }

    /// What the registry stands on at the moment.
    package var storeFacts: StoreFacts {
        get throws(StoreError) {
            let facts = facts
            return StoreFacts(
                kind: shared != nil ? "postgresql" : store != nil ? "sqlite" : "memory",
                durability: shared?.contact.durability ?? (store != nil ? "local" : "none"),
                isWritable: isWritable,
                instance: instance,
                revision: facts.revision,
                modules: facts.modules,
                coldModules: facts.coldModules,
                byteCount: try byteCount(of: facts),
                staleSeconds: shared.map { _ in staleSeconds },
                damaged: damagedModules
            )
        }
    }

    /// The modules that cannot be read, as far as it is known, by name.
    package var damagedModules: [(name: String, reason: String)] {
        state.withLock(\.damaged).values.map { ($0.name, $0.reason) }.sorted { $0.name < $1.name }
    }
}
