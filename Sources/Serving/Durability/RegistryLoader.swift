import HashTreeCollections
import Models
import NN
import OrderedCollections
import Store
import Tensors

/// Finds the modules that a store holds: from its index alone, without looking at a file.
struct RegistryLoader {
    private struct Stored {
        let record: ModuleRecord?
        let damage: String?
    }

    private let store: any RegistryStore
    private let hookBudget: HookBudget
    private var stored: [String: OrderedDictionary<Int, Stored>] = [:]
    /// What is wrong with versions, of those that were looked at because others refer to them.
    private var damages: [VersionID: String?] = [:]
    private var state: RegistryState

    private init(_ store: any RegistryStore, _ hookBudget: HookBudget, _ state: RegistryState) {
        self.store = store
        self.hookBudget = hookBudget
        self.state = state
    }

    /// Returns what `store` holds; modules whose records cannot be read are listed as damaged.
    /// - Throws: What makes it impossible to tell what the store holds.
    static func state(in store: any RegistryStore, _ hookBudget: HookBudget) throws(StoreError) -> RegistryState {
        let empty = RegistryState(revision: store.revision, counters: store.counters)
        var loader = RegistryLoader(store, hookBudget, empty)
        try loader.load()
        HookHandle.keepIDs(below: store.counters.nextHook)
        return loader.state
    }

    /// Looks at damaged modules again, since what they refer to was repaired.
    static func revive(
        _ names: Set<String>,
        in state: inout RegistryState,
        _ store: any RegistryStore
    ) throws(StoreError) {
        var loader = RegistryLoader(store, HookBudget(limit: 0), state)
        for record in try store.records() where record.name != ChangeWriter.globalHooksName { loader.note(record) }
        for name in names.sorted() {
            guard let version = loader.stored[name]?.keys.last else { continue }
            loader.state.forgetStray(VersionID(name, version))
            loader.restore(current: VersionID(name, version))
        }
        state = loader.state
    }

    private mutating func load() throws(StoreError) {
        for record in try store.records() {
            guard record.name != ChangeWriter.globalHooksName else {
                try loadGlobalHooks(record)
                continue
            }
            note(record)
        }
        for (name, versions) in stored { restore(name, versions) }
    }

    private mutating func note(_ record: StoreRecord) {
        let parsed = record.damage == nil ? try? ModuleRecord(parsing: record.header) : nil
        let damage = record.damage ?? (parsed == nil ? "its record cannot be read" : nil)
        stored[record.name, default: [:]][record.version] = Stored(record: parsed, damage: damage)
    }

    private mutating func restore(_ name: String, _ versions: OrderedDictionary<Int, Stored>) {
        let current = versions.keys.last.flatMap { versions[$0]?.record?.isListed == false ? nil : $0 }
        let activity = CallActivity()
        if let current { restore(current: VersionID(name, current), activity) }
        for (version, stored) in versions where version != current {
            let id = VersionID(name, version)
            guard let record = stored.record, damage(of: id) == nil else {
                restore(stray: id)
                continue
            }
            let cold = cold(id, record, activity)
            if !record.isListed {
                state.restore(unlisted: cold)
            } else if state.damaged[name] == nil {
                state.restore(cold, isCurrent: false)
            } else {
                // A damaged module has no versions that can be called.
                restore(stray: id)
            }
        }
    }

    private mutating func restore(current id: VersionID, _ activity: CallActivity = CallActivity()) {
        let record = stored[id.name]?[id.version]?.record
        guard let reason = damage(of: id) else {
            if let record { state.restore(cold(id, record, activity), isCurrent: true) }
            return
        }
        restore(stray: id)
        state.restore(
            RegistryState.DamagedModule(
                name: id.name,
                type: record?.type ?? "",
                version: id.version,
                reason: reason,
                references: record?.references.keys.sorted() ?? []
            )
        )
    }

    private mutating func restore(stray id: VersionID) {
        let references = stored[id.name]?[id.version]?.record?.references ?? [:]
        state.restore(stray: id, references: references.map { VersionID($0.key, $0.value) })
    }

    private func cold(_ id: VersionID, _ record: ModuleRecord, _ activity: CallActivity) -> ColdVersion {
        var references = record.references
        for (name, version) in references { references[name] = target(name, version, of: id).version }
        return ColdVersion(id, typeName: record.type, references: references, activity: activity)
    }

    /// Returns why a version cannot be made, as far as the index tells; `nil` for most.
    private mutating func damage(of id: VersionID) -> String? {
        if let known = damages[id] { return known }
        guard let stored = stored[id.name]?[id.version], let record = stored.record else {
            return stored[id.name]?[id.version]?.damage ?? "version \(id.version) is missing"
        }
        guard !record.references.isEmpty else { return nil }
        damages[id] = "it refers to itself"
        var found: String?
        for (name, version) in record.references.sorted(by: { $0.key < $1.key }) where found == nil {
            found = damage(of: target(name, version, of: id)).map { RegistryState.damage(of: name, $0) }
        }
        damages[id] = .some(found)
        return found
    }

    /// Returns what a reference of `user` leads to: where what was meant had to be repaired, the current version.
    private func target(_ name: String, _ version: Int, of user: VersionID) -> VersionID {
        let isThere = stored[name]?[version] != nil
        guard !isThere, stored[user.name]?.keys.last == user.version else { return VersionID(name, version) }
        return VersionID(name, state.entries[name]?.current.version ?? stored[name]?.keys.last ?? version)
    }

    // MARK: Global hooks

    /// Global hooks run in every call: they are never cold.
    private mutating func loadGlobalHooks(_ record: StoreRecord) throws(StoreError) {
        if let damage = record.damage { throw .corrupt(path: store.path, reason: "the global hooks: \(damage)") }
        let parts = try store.parts(of: record.name, version: record.version)
        do {
            let hooks = try HookRecordCodec.hooks(in: record.header).map { hook in
                let installation = try hook.installation(parts, hookBudget)
                guard let record = installation.record else { throw ServingError.unknownHook(hook.id) }
                return GlobalHook(record: record, installation: installation)
            }
            state.restore(hooks, version: record.version)
        } catch let error as StoreError {
            throw error
        } catch { throw .corrupt(path: store.path, reason: "the global hooks: \(error)") }
    }
}
