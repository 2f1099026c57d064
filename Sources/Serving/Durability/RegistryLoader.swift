import HashTreeCollections
import Models
import NN
import Store
import Tensors

/// Finds the modules that a store holds: from its index alone, without looking at a file.
struct RegistryLoader {
    private struct Stored {
        let id: VersionID
        let record: ModuleRecord?
        let damage: String?
    }

    private let store: any RegistryStore
    private let hookBudget: HookBudget
    /// All versions by name, those of a name ascending.
    private var stored: [Stored] = []
    /// What headers say: those of most modules are those of others.
    private var parsed: [[UInt8]: ModuleRecord] = [:]
    private var last: (header: [UInt8], record: ModuleRecord)?
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
            guard let last = loader.versions(of: name).last else { continue }
            loader.state.forgetStray(last.id)
            loader.restore(current: last)
        }
        state = loader.state
    }

    private mutating func load() throws(StoreError) {
        let records = try store.records()
        stored.reserveCapacity(records.count)
        for record in records {
            guard record.name != ChangeWriter.globalHooksName else {
                try loadGlobalHooks(record)
                continue
            }
            note(record)
        }
        var first = 0
        while first < stored.count {
            let name = stored[first].id.name
            var end = first + 1
            while end < stored.count, stored[end].id.name == name { end += 1 }
            restore(name, stored[first..<end])
            first = end
        }
    }

    private mutating func note(_ record: StoreRecord) {
        let id = VersionID(record.name, record.version)
        let parsed = record.damage == nil ? parse(record.header) : nil
        let damage = record.damage ?? (parsed == nil ? "its record cannot be read" : nil)
        stored.append(Stored(id: id, record: parsed, damage: damage))
    }

    private mutating func parse(_ header: [UInt8]) -> ModuleRecord? {
        if let last, last.header == header { return last.record }
        let record = parsed[header] ?? (try? ModuleRecord(parsing: header))
        parsed[header] = record
        last = record.map { (header, $0) }
        return record
    }

    private func versions(of name: String) -> ArraySlice<Stored> {
        func first(where isBefore: (Stored) -> Bool) -> Int {
            var (low, high) = (0, stored.count)
            while low < high {
                let middle = (low + high) / 2
                if isBefore(stored[middle]) { low = middle + 1 } else { high = middle }
            }
            return low
        }
        return stored[first { $0.id.name < name }..<first { $0.id.name <= name }]
    }

    private func version(_ id: VersionID) -> Stored? {
        versions(of: id.name).first { $0.id.version == id.version }
    }

    private mutating func restore(_ name: String, _ versions: ArraySlice<Stored>) {
        let activity = CallActivity()
        let current = versions.last.flatMap { $0.record?.isListed == false ? nil : $0 }
        if let current { restore(current: current, activity) }
        for stored in versions where stored.id.version != current?.id.version {
            guard let record = stored.record, damage(of: stored) == nil else {
                restore(stray: stored)
                continue
            }
            let cold = cold(stored.id, record, activity)
            if !record.isListed {
                state.restore(unlisted: cold)
            } else if state.damaged[name] == nil {
                state.restore(cold, isCurrent: false)
            } else {
                // A damaged module has no versions that can be called.
                restore(stray: stored)
            }
        }
    }

    private mutating func restore(current stored: Stored, _ activity: CallActivity = CallActivity()) {
        guard let reason = damage(of: stored) else {
            if let record = stored.record { state.restore(cold(stored.id, record, activity), isCurrent: true) }
            return
        }
        restore(stray: stored)
        state.restore(
            RegistryState.DamagedModule(
                name: stored.id.name,
                type: stored.record?.type ?? "",
                version: stored.id.version,
                reason: reason,
                references: stored.record?.references.keys.sorted() ?? []
            )
        )
    }

    private mutating func restore(stray stored: Stored) {
        let references = stored.record?.references ?? [:]
        state.restore(stray: stored.id, references: references.map { VersionID($0.key, $0.value) })
    }

    private func cold(_ id: VersionID, _ record: ModuleRecord, _ activity: CallActivity) -> ColdVersion {
        var references = record.references
        for (name, version) in references { references[name] = target(name, version, of: id).version }
        return ColdVersion(id, typeName: record.type, references: references, activity: activity)
    }

    /// Returns why a version cannot be made, as far as the index tells; `nil` for most.
    private mutating func damage(of id: VersionID) -> String? {
        version(id).map { damage(of: $0) } ?? "version \(id.version) is missing"
    }

    private mutating func damage(of stored: Stored) -> String? {
        guard let record = stored.record else { return stored.damage }
        guard !record.references.isEmpty else { return nil }
        let id = stored.id
        if let known = damages[id] { return known }
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
        let id = VersionID(name, version)
        guard self.version(id) == nil, versions(of: user.name).last?.id.version == user.version else { return id }
        return VersionID(name, state.entries[name]?.current.version ?? versions(of: name).last?.id.version ?? version)
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
