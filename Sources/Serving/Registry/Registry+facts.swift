import HashTreeCollections
import Store
import Synchronization

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
