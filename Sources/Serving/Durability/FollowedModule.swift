import Models
import NN
import OrderedCollections
import Store
import Tensors

/// A version as the store has it.
struct FollowedModule {
    let id: VersionID
    let record: ModuleRecord
    let parts: StoredParts
    let references: [String: ModuleVersion]

    init(_ id: VersionID, _ record: ModuleRecord, _ parts: StoredParts, _ references: [String: ModuleVersion]) {
        self.id = id
        self.record = record
        self.parts = parts
        self.references = references
    }

    func moduleVersion(
        _ revision: Int,
        _ hookBudget: HookBudget,
        _ activity: CallActivity = CallActivity()
    ) throws -> ModuleVersion {
        let stored = try StoredTree(parts)
        let tree = try stored.module(references)
        try parts.fill(tree, references)
        let hooks = try record.hooks.map { try install($0, on: tree, hookBudget) }
        return ModuleVersion(
            name: id.name,
            version: id.version,
            revision: revision,
            plan: stored.built.plan,
            frozen: FrozenModule(tree),
            references: references,
            installedHooks: hooks,
            activity: activity
        )
    }

    /// Makes a hook, and puts it where it belongs in `tree`.
    func install(_ hook: ModuleRecord.Hook, on tree: Module, _ budget: HookBudget) throws -> HookRecord {
        let installation = try hook.installation(parts, budget)
        guard let module = tree.submodule(at: hook.description.module), let record = installation.record else {
            throw ServingError.unknownPath(module: id.name, path: hook.description.module)
        }
        try installation.install(on: module)
        return record
    }
}
