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
        let users = damagedUsers(of: Set(whole.map(\.moduleVersion.name)))
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
