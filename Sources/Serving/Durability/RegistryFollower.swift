import HashTreeCollections
import Models
import NN
import OrderedCollections
import Store

/// Brings a registry to what a look at its shared store has found.
///
/// A version that differs from one that is here in some tensors or hooks is made of a copy of that: it shares what did not
/// change, and what hooks have gathered stays.
struct RegistryFollower {
    /// What has become of the registry.
    struct Result {
        var state: RegistryState
        /// What has become of names whose current version is another one, or none any more.
        var changed: [ModuleChange] = []
        /// Versions that everybody saw here and that the store does not have.
        var losses = 0
        /// The digests of all versions of names that were looked at.
        var digests: [String: [Int: Digest]] = [:]
    }

    private struct Stored {
        let stored: StoreRecord
        let record: ModuleRecord?

        var damage: String? { stored.damage ?? (record == nil ? "its record cannot be read" : nil) }

        var digest: Digest {
            StoreRecord.digest(
                name: stored.name,
                version: stored.version,
                header: stored.header,
                content: stored.content
            )
        }
    }

    private let look: StoreLook
    private let store: any RegistryStore
    private let hookBudget: HookBudget
    private let base: RegistryState
    private let digests: [String: [Int: Digest]]
    private let ahead: Set<String>
    private var stored: [String: OrderedDictionary<Int, Stored>] = [:]
    private var made: [VersionID: Swift.Result<ModuleVersion, StoreError>] = [:]
    /// The highest id of a hook that was made.
    private var lastHook = -1

    private init(
        _ look: StoreLook,
        _ base: RegistryState,
        _ store: any RegistryStore,
        _ hookBudget: HookBudget,
        _ digests: [String: [Int: Digest]],
        _ ahead: Set<String>
    ) {
        (self.look, self.base, self.store, self.hookBudget, self.digests) = (look, base, store, hookBudget, digests)
        self.ahead = ahead
        for record in look.records where record.name != ChangeWriter.globalHooksName {
            let parsed = record.damage == nil ? try? ModuleRecord(parsing: record.header) : nil
            stored[record.name, default: [:]][record.version] = Stored(stored: record, record: parsed)
        }
    }

    /// Returns `base` with all that `look` has found.
    ///
    /// - Parameters:
    ///   - digests: Those of versions that are here, by name; versions of one number may differ after the store has lost some.
    ///   - ahead: Names of which more is here than the look has seen.
    /// - Throws: Why that cannot be now.
    static func follow(
        _ look: StoreLook,
        from base: RegistryState,
        in store: any RegistryStore,
        _ hookBudget: HookBudget,
        digests: [String: [Int: Digest]],
        ahead: Set<String>
    ) throws(StoreError) -> Result {
        var follower = RegistryFollower(look, base, store, hookBudget, digests, ahead)
        return try follower.run()
    }

    private mutating func run() throws(StoreError) -> Result {
        var result = Result(state: base)
        var floor = look.floor
        for name in look.names where name.name != ChangeWriter.globalHooksName && !ahead.contains(name.name) {
            result.digests[name.name] = stored[name.name]?.mapValues(\.digest).pairs ?? [:]
            guard !isHere(name) else { continue }
            let before = base.conditionalVersion(of: name.name)
            if look.isFull, let before, before > name.version { result.losses += 1 }
            if name.isDeleted { floor = max(floor, name.version) }
            try enter(name, into: &result.state)
            if before != (name.isDeleted ? nil : name.version) {
                result.changed.append(change(to: name, result.state))
            }
        }
        if look.isFull { forgetOthers(&result) }
        try enterGlobalHooks(into: &result.state)
        result.state.note(
            revision: look.isFull ? look.revision : max(base.revision, look.revision),
            floor: floor,
            highest: look.names.map(\.version).max() ?? 0
        )
        if lastHook >= 0 { HookHandle.keepIDs(below: lastHook + 1) }
        return result
    }

    /// Takes out what is here and nowhere else.
    private func forgetOthers(_ result: inout Result) {
        let names = Set(look.names.map(\.name))
        for name in base.list.entries().map(\.name) where !names.contains(name) {
            result.losses += 1
            let version = base.conditionalVersion(of: name) ?? 0
            result.changed.append(ModuleChange(name: name, version: version, kind: .remove))
            result.state.forget(name)
        }
    }

    /// What listeners hear of a name.
    private func change(to name: StoreLook.Name, _ state: RegistryState) -> ModuleChange {
        guard !name.isDeleted else { return ModuleChange(name: name.name, version: name.version, kind: .remove) }
        let old = base.entries[name.name]?.current.moduleVersion
        guard let new = state.entries[name.name]?.current.moduleVersion else {
            // It is damaged.
            return ModuleChange(name: name.name, version: name.version, kind: .put)
        }
        guard let old, let parts = try? look.parts[RecordID(name.name, name.version)]?.get(),
            !parts.keys.allSatisfy({ parts.since(of: $0) ?? 0 > old.version })
        else { return ModuleChange(from: nil, to: new) }
        return ModuleChange(from: old, to: new) { key, _, _ in
            parts.since(of: ChangeWriter.key(ofTensor: key)) ?? 0 > old.version
        }
    }

    /// Whether all versions of a name are here already: those of a commit of this process, most often.
    private func isHere(_ name: StoreLook.Name) -> Bool {
        let here = base.entries[name.name]?.versions.compactMap(\.moduleVersion) ?? []
        let unlisted = base.unlistedVersions(of: name.name)
        guard base.damaged[name.name] == nil else { return false }
        if name.isDeleted { return here.isEmpty && unlisted.isEmpty }
        let there = stored[name.name] ?? [:]
        guard here.last?.version == name.version, there.count == here.count + unlisted.count else { return false }
        return here.allSatisfy { isSame($0, there[$0.version], isListed: true) }
            && unlisted.allSatisfy { isSame($0, there[$0.version], isListed: false) }
    }

    /// Whether a version that is here is the one that is stored.
    private func isSame(_ moduleVersion: ModuleVersion, _ stored: Stored?, isListed: Bool? = nil) -> Bool {
        guard let stored, let record = stored.record, stored.stored.revision == moduleVersion.revision else {
            return false
        }
        guard isListed == nil || record.isListed == isListed else { return false }
        // Numbers alone tell versions apart unless the store has lost some.
        return !look.isFull || digests[moduleVersion.name]?[moduleVersion.version] == stored.digest
    }

    // MARK: Versions

    /// Enters all versions of a name in place of those that were here.
    private mutating func enter(_ name: StoreLook.Name, into state: inout RegistryState) throws(StoreError) {
        let versions = name.isDeleted ? [:] : stored[name.name] ?? [:]
        var found: OrderedDictionary<Int, Swift.Result<ModuleVersion, StoreError>> = [:]
        for version in versions.keys {
            let result = moduleVersion(VersionID(name.name, version))
            // What an earlier process saw is shown as far as it can be.
            if case .failure(let error) = result, !error.isDamage, look.age == nil { throw error }
            found[version] = result
        }
        state.forget(name.name)
        guard !name.isDeleted else { return }
        let id = VersionID(name.name, name.version)
        switch found[name.version] ?? .failure(.damaged(reason: "version \(name.version) is missing")) {
        case .success(let moduleVersion): state.restore(loaded: moduleVersion, isCurrent: true)
        case .failure(let error):
            let record = versions[name.version]?.record
            state.restore(stray: id, references: [])
            state.restore(
                RegistryState.DamagedModule(
                    name: name.name,
                    type: record?.type ?? "",
                    version: name.version,
                    reason: error.message,
                    references: record?.references.keys.sorted() ?? []
                )
            )
        }
        for (version, result) in found where version != name.version {
            switch result {
            case .success(let moduleVersion) where versions[version]?.record?.isListed == false:
                state.restore(loadedUnlisted: moduleVersion)
            case .success(let moduleVersion) where state.damaged[name.name] == nil:
                state.restore(loaded: moduleVersion, isCurrent: false)
            default: state.restore(stray: VersionID(name.name, version), references: [])
            }
        }
    }

    private mutating func moduleVersion(_ id: VersionID) -> Swift.Result<ModuleVersion, StoreError> {
        if let known = made[id] { return known }
        let here = base.moduleVersion(id)
        guard let stored = stored[id.name]?[id.version] else {
            return here.map { .success($0) } ?? .failure(.damaged(reason: "version \(id.version) is missing"))
        }
        if let here, isSame(here, stored) { return .success(here) }
        made[id] = .failure(.damaged(reason: "it refers to itself"))
        let result: Swift.Result<ModuleVersion, StoreError>
        do throws(StoreError) {
            result = .success(try make(id, stored))
        } catch { result = .failure(error) }
        made[id] = result
        return result
    }

    private mutating func make(_ id: VersionID, _ stored: Stored) throws(StoreError) -> ModuleVersion {
        guard let record = stored.record else { throw .damaged(reason: stored.damage ?? "its record cannot be read") }
        var references: [String: ModuleVersion] = [:]
        for (name, version) in record.references {
            do throws(StoreError) {
                references[name] = try target(name, version).get()
            } catch .damaged(let reason) {
                throw .damaged(reason: "it refers to '\(name)', which is damaged: \(reason)")
            }
        }
        let parts: StoredParts
        if let known = look.parts[RecordID(id.name, id.version)] {
            parts = try known.get()
        } else {
            parts = try store.parts(of: id.name, version: id.version)
        }
        lastHook = max(lastHook, record.hooks.map(\.id).max() ?? -1)
        let module = FollowedModule(id, record, parts, references)
        let revision = stored.stored.revision ?? look.revision
        do {
            if let older = older(than: id, parts, record) {
                return try module.moduleVersion(revision, over: older, hookBudget)
            }
            let activity = base.entries[id.name]?.current.activity ?? CallActivity()
            return try module.moduleVersion(revision, hookBudget, activity)
        } catch let error as StoreError {
            throw error
        } catch { throw .damaged(reason: "it cannot be made of what is stored: \(error)") }
    }

    /// Returns what a reference leads to: where what was meant had to be repaired, the current version.
    private mutating func target(_ name: String, _ version: Int) -> Swift.Result<ModuleVersion, StoreError> {
        guard let versions = stored[name], versions[version] == nil, let current = versions.keys.last else {
            return moduleVersion(VersionID(name, version))
        }
        return moduleVersion(VersionID(name, current))
    }

    /// Returns the last version before `id` that is here and is of the same description; `nil` if it cannot be trusted.
    private func older(than id: VersionID, _ parts: StoredParts, _ record: ModuleRecord) -> ModuleVersion? {
        guard !look.isFull, let since = parts.since(of: ChangeWriter.descriptionKey) else { return nil }
        let here = base.entries[id.name]?.versions.compactMap(\.moduleVersion) ?? []
        let others = made.compactMap { key, result in key.name == id.name ? try? result.get() : nil }
        let older = (here + others).filter { $0.version < id.version && $0.version >= since }
            .max { $0.version < $1.version }
        return older.flatMap { Set($0.references.keys) == Set(record.references.keys) ? $0 : nil }
    }

    // MARK: Global hooks

    private mutating func enterGlobalHooks(into state: inout RegistryState) throws(StoreError) {
        let name = ChangeWriter.globalHooksName
        guard !ahead.contains(name) else { return }
        guard let record = look.records.last(where: { $0.name == name }),
            record.version != base.globalHooksVersion || look.isFull
        else { return }
        if let damage = record.damage { throw .damaged(reason: "the global hooks: \(damage)") }
        guard let parts = try look.parts[RecordID(name, record.version)]?.get() else { return }
        do {
            let known = Dictionary(base.globalHooks.map { ($0.record.id, $0) }) { first, _ in first }
            let hooks = try HookRecordCodec.hooks(in: record.header).map { hook in
                lastHook = max(lastHook, hook.id)
                if let known = known[hook.id] { return known }
                let installation = try hook.installation(parts, hookBudget)
                guard let record = installation.record else { throw ServingError.unknownHook(hook.id) }
                return GlobalHook(record: record, installation: installation)
            }
            state.replaceGlobalHooks(by: hooks, version: record.version)
        } catch let error as StoreError {
            throw error
        } catch { throw .damaged(reason: "the global hooks: \(error)") }
    }
}

extension OrderedDictionary {
    fileprivate var pairs: [Key: Value] { Dictionary(uniqueKeysWithValues: map { ($0.key, $0.value) }) }
}

extension StoreError {
    /// Whether something is wrong with what is stored, and not with the way to it.
    fileprivate var isDamage: Bool {
        guard case .damaged = self else { return false }
        return true
    }
}

extension FollowedModule {
    /// Makes a version of a copy of one before it, which has the same description.
    func moduleVersion(
        _ revision: Int,
        over older: ModuleVersion,
        _ hookBudget: HookBudget
    ) throws -> ModuleVersion {
        var replacements: [ObjectIdentifier: Module] = [:]
        for (name, old) in older.references {
            guard let new = references[name] else { throw ServingError.unknownModule(name) }
            replacements[ObjectIdentifier(old.root)] = new.root
        }
        let tree = try older.root.copied(replacing: replacements)
        try parts.update(tree, since: older.version)
        let wanted = Set(record.hooks.map(\.id))
        for hook in older.installedHooks where !wanted.contains(hook.id) {
            tree.submodule(at: hook.description.module)?.removeHook(hook.id)
        }
        let known = Dictionary(older.installedHooks.map { ($0.id, $0) }) { first, _ in first }
        let hooks = try record.hooks.map { hook in try known[hook.id] ?? install(hook, on: tree, hookBudget) }
        return ModuleVersion(
            name: id.name,
            version: id.version,
            revision: revision,
            plan: older.plan,
            frozen: FrozenModule(tree),
            references: references,
            installedHooks: hooks,
            activity: older.activity
        )
    }
}
