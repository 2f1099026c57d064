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
    /// What the module needs in memory.
    let byteCount: Int
    private let cold: ColdVersion
    private let record: ModuleRecord
    private let parts: StoredParts
    private let built: BuiltTree

    /// Reads what the index has of a version; its files stay on the disk for as long as this is held.
    /// - Throws: `StoreError.damaged` also if it is not there any more.
    init(_ cold: ColdVersion, in store: any RegistryStore) throws {
        self.cold = cold
        parts = try store.parts(of: cold.name, version: cold.version)
        let (record, text) = (parts.header, try parts.contents(of: ChangeWriter.descriptionKey))
        (self.record, built, byteCount) = try Self.making {
            let description = try DescriptionReader.description(in: text, maxModules: .max, maxNodes: .max)
            var checker = DescriptionChecker(limits: .none, hasStateDict: true)
            let layer = try checker.check(root: description.root)
            let built = try BuiltTree(unfilled: description, layer)
            return (try ModuleRecord(parsing: record), built, checker.byteCount)
        }
    }

    /// What the module is but for its tensors.
    var plan: ModulePlan { built.plan }

    /// Returns whether the tensors of the version are those of `source`, by their hashes, and what `source` has for it; `nil`
    /// if only the tensors themselves can tell.
    func comparison(
        with source: StateSource?
    ) throws -> (isSame: Bool, entries: OrderedDictionary<String, Tensor>)? {
        guard let source else { return (true, [:]) }
        guard cold.references.isEmpty else { return nil }
        let state = built.tree.module.stateDict()
        let entries = try source.entries(for: state, ties: plan.ties)
        guard entries.count == state.count else { return (false, entries) }
        var isSame = true
        for (key, tensor) in entries {
            guard let known = state[key] else { return (false, entries) }
            // A tensor that stands under several keys is kept under the first.
            guard let hash = parts.hash(of: ChangeWriter.key(ofTensor: key)) else { return nil }
            isSame = try isSame && TensorPart(tensor.converted(to: known.dtype)).digest == hash
        }
        return (isSame, entries)
    }

    /// Returns the version with its tensors, checked and packed in one pass.
    func publication(
        _ references: [String: Publication],
        revision: Int,
        _ hookBudget: HookBudget
    ) throws -> Publication {
        try made(references, revision, hookBudget) { _, _ in true }
    }

    /// Returns a version, with those that it refers to, whose tensors have their shapes; only what documents show is read.
    static func unfilled(
        _ cold: ColdVersion,
        in store: any RegistryStore,
        _ state: RegistryState,
        _ hookBudget: HookBudget
    ) throws -> Publication {
        let stored = try StoredModule(cold, in: store)
        let references = try cold.references.map { name, version in
            guard let target = state.held(VersionID(name, version)) else {
                throw StoreError.damaged(reason: "version \(version) of '\(name)' is missing")
            }
            guard case .cold(let target) = target else { return (name, target.publication) }
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
        _ references: [String: Publication],
        _ revision: Int,
        _ hookBudget: HookBudget,
        reading isRead: (_ isThere: Bool, _ isPersistent: Bool) -> Bool
    ) throws -> Publication {
        try Self.making {
            let tree = try tree(references)
            try fill(tree, references, reading: isRead)
            let hooks = try record.hooks.map { hook in
                let installation = try installation(of: hook, hookBudget)
                guard let module = tree.submodule(at: hook.description.module) else {
                    throw ServingError.unknownPath(module: cold.name, path: hook.description.module)
                }
                try installation.install(on: module)
                return installation.record
            }
            return Publication(
                name: cold.name,
                version: cold.version,
                revision: revision,
                plan: built.plan,
                frozen: FrozenModule(tree),
                references: references,
                installedHooks: hooks.compactMap(\.self),
                activity: cold.activity,
                callStatistics: cold.callStatistics
            )
        }
    }

    /// Runs `body`, and takes what it cannot do as damage, but for a shortage.
    private static func making<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as StoreError {
            throw error
        } catch let error as TensorError {
            if case .outOfMemory = error { throw error }
            throw StoreError.damaged(reason: "it cannot be made of what is stored: \(error)")
        } catch {
            throw StoreError.damaged(reason: "it cannot be made of what is stored: \(error)")
        }
    }

    private func tree(_ references: [String: Publication]) throws -> Module {
        // Each version that is made has modules of its own.
        var replacements: [ObjectIdentifier: Module] = [:]
        for (name, standIn) in built.references {
            guard let target = references[name] else { throw ServingError.unknownModule(name) }
            replacements[ObjectIdentifier(standIn)] = target.root
        }
        return replacements.isEmpty ? built.tree.module : try built.tree.module.copied(replacing: replacements)
    }

    /// Puts the tensors of the store in the place of those that the tree was made with.
    private func fill(
        _ tree: Module,
        _ references: [String: Publication],
        reading isRead: (_ isThere: Bool, _ isPersistent: Bool) -> Bool
    ) throws {
        let persistent = tree.stateDict().keys
        var filled: Set<ObjectIdentifier> = []
        let prefix = ChangeWriter.key(ofTensor: "")
        for part in parts.keys where part.hasPrefix(prefix) {
            let key = String(part.dropFirst(prefix.count))
            let (path, name) = key.splitAtLastDot
            guard let module = tree.submodule(at: path) else {
                throw StoreError.damaged(reason: "there is no place for '\(key)'")
            }
            let isPersistent = persistent.contains(key)
            let isPacked = module.packedParameters.contains(name)
            if let buffer = module.bufferTable.first(where: { $0.name == name }) {
                guard isRead(buffer.value != nil, isPersistent) else { continue }
                try module.registerBuffer(name, tensor(in: part, isPacked: isPacked), isPersistent: isPersistent)
            } else if let parameter = module.parameterTable.first(where: { $0.name == name })?.value {
                filled.insert(ObjectIdentifier(parameter))
                guard isRead(true, true) else { continue }
                parameter.tensor = try tensor(in: part, isPacked: isPacked)
            } else {
                let parameter = try Parameter(tensor(in: part, isPacked: isPacked))
                try module.registerParameter(name, parameter)
                filled.insert(ObjectIdentifier(parameter))
            }
        }
        let others = Set(references.values.flatMap { $0.root.modules() }.map(ObjectIdentifier.init))
        for module in tree.modules() where !others.contains(ObjectIdentifier(module)) {
            for (name, parameter) in module.parameterTable {
                // A bias that was made None.
                guard let parameter, !filled.contains(ObjectIdentifier(parameter)) else { continue }
                try module.registerParameter(name, nil)
            }
        }
    }

    private func tensor(in part: String, isPacked: Bool) throws -> Tensor {
        guard parts.bytes(of: part) == nil else { return try TensorPart.tensor(in: parts.contents(of: part)) }
        return try TensorPart.tensor(in: part, of: parts, isPacked: isPacked)
    }

    /// Makes a hook ready; there is one record of it, however often the module is loaded.
    private func installation(of hook: ModuleRecord.Hook, _ budget: HookBudget) throws -> HookInstallation {
        if let known = cold.hook(hook.id) {
            let program = try HookProgram(known.description)
            return HookInstallation(number: .registered(hook.id), program: program, record: known)
        }
        var installation = try hook.installation(parts, budget)
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

extension DescriptionLimits {
    /// No limits: what is stored was admitted once.
    fileprivate static let none = DescriptionLimits(
        maxBytes: .max,
        maxParameterBytes: .max,
        maxTreeDepth: .max,
        maxTreeModules: .max
    )
}

extension String {
    /// The path of a module and the name in it.
    fileprivate var splitAtLastDot: (path: String, name: String) {
        guard let dot = lastIndex(of: ".") else { return ("", self) }
        return (String(self[..<dot]), String(self[index(after: dot)...]))
    }
}
