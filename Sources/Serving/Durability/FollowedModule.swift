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
    let references: [String: Publication]

    init(_ id: VersionID, _ record: ModuleRecord, _ parts: StoredParts, _ references: [String: Publication]) {
        self.id = id
        self.record = record
        self.parts = parts
        self.references = references
    }

    func publication(
        _ revision: Int,
        _ hookBudget: HookBudget,
        _ activity: CallActivity = CallActivity()
    ) throws -> Publication {
        let built = try built()
        let tree = try tree(built)
        try fill(tree)
        let hooks = try record.hooks.map { try install($0, on: tree, hookBudget) }
        return Publication(
            name: id.name,
            version: id.version,
            revision: revision,
            plan: built.plan,
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

    private func built() throws -> BuiltTree {
        let text = try parts.contents(of: ChangeWriter.descriptionKey)
        let description = try DescriptionReader.description(in: text, maxModules: .max, maxNodes: .max)
        var limits = ServingLimits()
        (limits.maxBytes, limits.maxParameterBytes) = (.max, .max)
        (limits.maxTreeDepth, limits.maxTreeModules) = (.max, .max)
        var checker = DescriptionChecker(limits: limits.descriptions, hasStateDict: true)
        return try BuiltTree(description, checker.check(root: description.root))
    }

    private func tree(_ built: BuiltTree) throws -> Module {
        guard !built.references.isEmpty else { return built.tree.module }
        var replacements: [ObjectIdentifier: Module] = [:]
        for (name, standIn) in built.references {
            guard let target = references[name] else { throw ServingError.unknownModule(name) }
            replacements[ObjectIdentifier(standIn)] = target.root
        }
        return try built.tree.module.copied(replacing: replacements)
    }

    /// Puts the tensors of the store, or those that came after a version, in the place of those that the tree has.
    func fill(_ tree: Module, since version: Int = 0) throws {
        let persistent = tree.stateDict().keys
        var filled: Set<ObjectIdentifier> = []
        let prefix = ChangeWriter.key(ofTensor: "")
        for part in parts.keys where part.hasPrefix(prefix) && parts.since(of: part) ?? 0 > version {
            let key = String(part.dropFirst(prefix.count))
            let tensor = try TensorPart.tensor(in: parts.contents(of: part))
            let (path, name) = key.splitAtLastDot
            guard let module = tree.submodule(at: path) else {
                throw StoreError.damaged(reason: "there is no place for '\(key)'")
            }
            if module.bufferTable.contains(where: { $0.name == name }) {
                try module.registerBuffer(name, tensor, isPersistent: persistent.contains(key))
            } else if let parameter = module.parameterTable.first(where: { $0.name == name })?.value {
                parameter.tensor = tensor
                filled.insert(ObjectIdentifier(parameter))
            } else {
                let parameter = try Parameter(tensor)
                try module.registerParameter(name, parameter)
                filled.insert(ObjectIdentifier(parameter))
            }
        }
        guard version == 0 else { return }
        let others = Set(references.values.flatMap { $0.root.modules() }.map(ObjectIdentifier.init))
        for module in tree.modules() where !others.contains(ObjectIdentifier(module)) {
            for (name, parameter) in module.parameterTable {
                // A bias that was made None.
                guard let parameter, !filled.contains(ObjectIdentifier(parameter)) else { continue }
                try module.registerParameter(name, nil)
            }
        }
    }
}

extension String {
    /// The path of a module and the name in it.
    fileprivate var splitAtLastDot: (path: String, name: String) {
        guard let dot = lastIndex(of: ".") else { return ("", self) }
        return (String(self[..<dot]), String(self[index(after: dot)...]))
    }
}
