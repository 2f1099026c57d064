import HashTreeCollections
import Models
import NN
import OrderedCollections
import Store
import Tensors

/// Makes the modules that a store holds.
struct RegistryLoader {
    private struct Stored {
        let record: ModuleRecord?
        let damage: String?
    }

    private let store: any RegistryStore
    private let hookBudget: HookBudget
    private var stored: [String: OrderedDictionary<Int, Stored>] = [:]
    private var made: [VersionID: Result<Publication, StoreError>] = [:]
    private var state: RegistryState

    private init(_ store: any RegistryStore, _ hookBudget: HookBudget, _ state: RegistryState) {
        self.store = store
        self.hookBudget = hookBudget
        self.state = state
    }

    /// Returns what `store` holds; modules that cannot be read are listed as damaged.
    /// - Throws: What makes it impossible to tell what the store holds.
    static func state(in store: any RegistryStore, hookBudget: HookBudget) throws(StoreError) -> RegistryState {
        let empty = RegistryState(revision: store.revision, counters: store.counters)
        var loader = RegistryLoader(store, hookBudget, empty)
        try loader.load()
        HookHandle.keepIDs(below: store.counters.nextHook)
        return loader.state
    }

    /// Reads damaged modules again, since what they refer to was repaired.
    static func revive(
        _ names: Set<String>,
        in state: inout RegistryState,
        store: any RegistryStore,
        hookBudget: HookBudget
    ) throws(StoreError) {
        var loader = RegistryLoader(store, hookBudget, state)
        for record in try store.records() where names.contains(record.name) { loader.note(record) }
        for name in names.sorted() {
            guard let version = loader.stored[name]?.keys.last else { continue }
            loader.state.forgetStray(VersionID(name, version))
            try loader.restore(current: VersionID(name, version))
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
        for (name, versions) in stored { try restore(name, versions) }
    }

    private mutating func note(_ record: StoreRecord) {
        let parsed = record.damage == nil ? try? ModuleRecord(parsing: record.header) : nil
        let damage = record.damage ?? (parsed == nil ? "its record cannot be read" : nil)
        stored[record.name, default: [:]][record.version] = Stored(record: parsed, damage: damage)
    }

    private mutating func restore(_ name: String, _ versions: OrderedDictionary<Int, Stored>) throws(StoreError) {
        let current = versions.keys.last.flatMap { versions[$0]?.record?.isListed == false ? nil : $0 }
        if let current { try restore(current: VersionID(name, current)) }
        for (version, stored) in versions where version != current {
            let id = VersionID(name, version)
            switch publication(id) {
            case .failure(.shortage(let error)): throw .shortage(error)
            case .failure: state.restore(stray: id)
            case .success(let publication) where stored.record?.isListed == false:
                state.restore(unlisted: publication)
            case .success(let publication):
                // A damaged module has no versions that can be called.
                guard state.damaged[name] == nil else { state.restore(stray: id); continue }
                state.restore(publication, isCurrent: false)
            }
        }
    }

    private mutating func restore(current id: VersionID) throws(StoreError) {
        switch publication(id) {
        case .success(let publication): state.restore(publication, isCurrent: true)
        case .failure(.shortage(let error)): throw .shortage(error)
        case .failure(let error):
            let record = stored[id.name]?[id.version]?.record
            state.restore(stray: id)
            state.restore(
                RegistryState.DamagedModule(
                    name: id.name,
                    type: record?.type ?? "",
                    version: id.version,
                    reason: error.message,
                    references: record?.references.keys.sorted() ?? []
                )
            )
        }
    }

    private mutating func publication(_ id: VersionID) -> Result<Publication, StoreError> {
        if let known = made[id] { return known }
        if let current = state.entries[id.name]?.current, current.version == id.version { return .success(current) }
        made[id] = .failure(.damaged(reason: "it refers to itself"))
        let result: Result<Publication, StoreError>
        do throws(StoreError) {
            result = .success(try make(id))
        } catch { result = .failure(error) }
        made[id] = result
        return result
    }

    private mutating func make(_ id: VersionID) throws(StoreError) -> Publication {
        guard let stored = stored[id.name]?[id.version], let record = stored.record else {
            throw .damaged(reason: stored[id.name]?[id.version]?.damage ?? "version \(id.version) is missing")
        }
        var references: [String: Publication] = [:]
        for (name, version) in record.references {
            do throws(StoreError) {
                references[name] = try target(name, version, of: id).get()
            } catch .damaged(let reason) {
                throw .damaged(reason: "it refers to '\(name)', which is damaged: \(reason)")
            }
        }
        let parts = try store.parts(of: id.name, version: id.version)
        do {
            return try StoredModule(id, record, parts, references).publication(store.revision, hookBudget)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged(reason: "it cannot be made of what is stored: \(error)")
        }
    }

    /// Returns what a reference of `user` leads to: where what was meant had to be repaired, the current version.
    private mutating func target(
        _ name: String,
        _ version: Int,
        of user: VersionID
    ) -> Result<Publication, StoreError> {
        let isThere = stored[name]?[version] != nil
        guard !isThere, stored[user.name]?.keys.last == user.version else {
            return publication(VersionID(name, version))
        }
        if let current = state.entries[name]?.current { return .success(current) }
        return publication(VersionID(name, stored[name]?.keys.last ?? version))
    }

    // MARK: Global hooks

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

/// A version as the store has it.
private struct StoredModule {
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

    func publication(_ revision: Int, _ hookBudget: HookBudget) throws -> Publication {
        let built = try built()
        let tree = try tree(built)
        try fill(tree)
        let hooks = try record.hooks.map { hook in
            let installation = try hook.installation(parts, hookBudget)
            guard let module = tree.submodule(at: hook.description.module) else {
                throw ServingError.unknownPath(module: id.name, path: hook.description.module)
            }
            try installation.install(on: module)
            return installation.record
        }
        return Publication(
            name: id.name,
            version: id.version,
            revision: revision,
            plan: built.plan,
            frozen: FrozenModule(tree),
            references: references,
            installedHooks: hooks.compactMap(\.self),
            activity: CallActivity()
        )
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

    /// Puts the tensors of the store in the place of those that the tree was made with.
    private func fill(_ tree: Module) throws {
        let persistent = tree.stateDict().keys
        var filled: Set<ObjectIdentifier> = []
        let prefix = ChangeWriter.key(ofTensor: "")
        for part in parts.keys where part.hasPrefix(prefix) {
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

extension ModuleRecord.Hook {
    /// Makes the hook ready, with its tensors.
    fileprivate func installation(_ parts: StoredParts, _ budget: HookBudget) throws -> HookInstallation {
        var description = description
        description.action = try description.action.mapTensors { field, _ in
            try TensorPart.tensor(in: parts.contents(of: ChangeWriter.key(of: field, ofHook: id)))
        }
        budget.takeAnyway(description.action.byteCount)
        let record = HookRecord(id: id, description: description, budget: budget)
        return HookInstallation(number: .registered(id), program: try HookProgram(description), record: record)
    }
}

extension String {
    /// The path of a module and the name in it.
    fileprivate var splitAtLastDot: (path: String, name: String) {
        guard let dot = lastIndex(of: ".") else { return ("", self) }
        return (String(self[..<dot]), String(self[index(after: dot)...]))
    }
}
