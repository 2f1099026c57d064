import HashTreeCollections
import Models
import NN
import OrderedCollections
import Safetensors
import Store
import Tensors

/// Damage of a version that another one refers to.
struct DamagedReference: Error {
    let version: ColdVersion
    let reason: String
}

/// A cold version of which everything is known but what its tensors hold.
struct StoredModule: Sendable {
    private let cold: ColdVersion
    private let tree: StoredTree

    /// Reads what the index has of a version; its files stay on the disk for as long as this is held.
    /// - Throws: `StoreError.damaged` also if it is not there any more.
    init(_ cold: ColdVersion, in store: any RegistryStore) throws {
        self.cold = cold
        tree = try StoredTree(store.parts(of: cold.name, version: cold.version))
    }

    /// What the module needs in memory.
    var byteCount: Int { tree.byteCount }

    /// What the module is but for its tensors.
    var plan: ModulePlan { tree.built.plan }

    /// Returns whether the tensors of the version are those of `source`, by their hashes, and what `source` has for it; `nil`
    /// if only the tensors themselves can tell.
    func comparison(
        with source: StateSource?
    ) throws -> (isSame: Bool, entries: OrderedDictionary<String, Tensor>)? {
        guard let source else { return (true, [:]) }
        guard cold.references.isEmpty else { return nil }
        let state = tree.built.tree.module.stateDict()
        let entries = try source.entries(for: state, ties: plan.ties)
        guard entries.count == state.count else { return (false, entries) }
        var isSame = true
        for (key, tensor) in entries {
            guard let known = state[key] else { return (false, entries) }
            // A tensor that stands under several keys is kept under the first.
            guard let hash = tree.parts.hash(of: ChangeWriter.key(ofTensor: key)) else { return nil }
            isSame = try isSame && TensorPart(tensor.converted(to: known.dtype)).digest == hash
        }
        return (isSame, entries)
    }

    /// Returns the version with its tensors, checked and packed in one pass.
    func moduleVersion(
        _ references: [String: ModuleVersion],
        revision: Int,
        _ hookBudget: HookBudget
    ) throws -> ModuleVersion {
        try made(references, revision, hookBudget) { _, _ in true }
    }

    /// Returns a version, with those that it refers to, whose tensors have their shapes; only what documents show is read.
    static func unfilled(
        _ cold: ColdVersion,
        in store: any RegistryStore,
        _ state: RegistryState,
        _ hookBudget: HookBudget
    ) throws -> ModuleVersion {
        let stored = try StoredModule(cold, in: store)
        let references = try cold.references.map { name, version in
            guard let target = state.held(VersionID(name, version)) else {
                throw StoreError.damaged(reason: "version \(version) of '\(name)' is missing")
            }
            guard case .cold(let target) = target else { return (name, target.moduleVersion) }
            do throws(any Error) {
                return (name, try unfilled(target, in: store, state, hookBudget))
            } catch StoreError.damaged(let reason) {
                throw DamagedReference(version: target, reason: reason)
            }
        }
        let targets = Dictionary(uniqueKeysWithValues: references).compactMapValues(\.self)
        // Documents show what buffers hold that no state dictionary has.
        return try stored.made(targets, store.revision, hookBudget) { isThere, isPersistent in !isThere || !isPersistent
        }
    }

    private func made(
        _ references: [String: ModuleVersion],
        _ revision: Int,
        _ hookBudget: HookBudget,
        reading isRead: (_ isThere: Bool, _ isPersistent: Bool) -> Bool
    ) throws -> ModuleVersion {
        try StoredTree.making {
            let root = try tree.module(references)
            try tree.parts.fill(root, references, reading: isRead)
            let hooks = try tree.record.hooks.map { hook in
                let installation = try installation(of: hook, hookBudget)
                guard let module = root.submodule(at: hook.description.module) else {
                    throw ServingError.unknownPath(module: cold.name, path: hook.description.module)
                }
                try installation.install(on: module)
                return installation.record
            }
            return ModuleVersion(
                name: cold.name,
                version: cold.version,
                revision: revision,
                plan: plan,
                frozen: FrozenModule(root),
                references: references,
                installedHooks: hooks.compactMap(\.self),
                activity: cold.activity,
                callStatistics: cold.callStatistics
            )
        }
    }

    /// Makes a hook ready; there is one record of it, however often the module is loaded.
    private func installation(of hook: ModuleRecord.Hook, _ budget: HookBudget) throws -> HookInstallation {
        if let known = cold.hook(hook.id) {
            let program = try HookProgram(known.description)
            return HookInstallation(number: .registered(hook.id), program: program, record: known)
        }
        var installation = try hook.installation(tree.parts, budget)
        installation.record = installation.record.map(cold.theRecord)
        return installation
    }
}

extension ModuleRecord.Hook {
    /// Makes the hook ready, with its tensors.
    func installation(_ parts: StoredParts, _ budget: HookBudget) throws -> HookInstallation {
        var description = description
        description.action = try description.action.mapTensors { field, _ in
            try TensorPart.tensor(in: parts.contents(of: ChangeWriter.key(of: field, ofHook: id)))
        }
        budget.takeAnyway(description.action.byteCount)
        let record = HookRecord(id: id, description: description, budget: budget)
        return HookInstallation(number: .registered(id), program: try HookProgram(description), record: record)
    }
}
