import HashTreeCollections
import Models
import NN
import OrderedCollections
import Tensors

extension RegistryState {
    /// Checks a change, edits copies of what it touches, and makes them current; the state is of no use after an error.
    mutating func apply(
        _ change: RegistryChange,
        when precondition: Precondition,
        _ rules: ChangeRules
    ) throws -> ChangeOutcome {
        begin(as: rules.revision)
        var outcome = ChangeOutcome(revision: revision)
        switch change {
        case .put(let name, let built, let mayReplace):
            outcome.isNew = try admit(
                name,
                built.plan.root,
                when: precondition,
                mayReplace: mayReplace,
                rules.limits
            ).isNew
            let owners = owners(of: built.stateDict?.keys, in: built.plan.root)
            try revise(name, &outcome, rules.limits) { revision in
                try revision.open(owners)
                try revision.add(name, plan: built.plan, tree: built.tree.module, standIns: built.references)
                try rules.limits.check(stepsOf: revision.root(of: name))
                try revision.load(built.stateDict, into: name)
            }
        case .setTensor(let key, let name, let tensor):
            let (place, declaration) = try current(name, when: precondition).slot(key)
            try place.check(tensor, for: declaration, key: key)
            try revise(name, &outcome, rules.limits) { revision in
                guard let module = try revision.open(place) else {
                    throw ServingError.unknownParameter(module: name, key: key)
                }
                try module.set(declaration.name, to: tensor?.detached())
            }
        case .loadStateDict(let entries, let name, let strict):
            let moduleVersion = try current(name, when: precondition)
            outcome.keys = try moduleVersion.check(entries, strict: strict)
            let owners = entries.keys.compactMap { try? moduleVersion.slot($0).place.owner.name }
            try revise(name, &outcome, rules.limits) { revision in
                try revision.open(Set(owners + [name]))
                try revision.root(of: name)?.loadStateDict(entries, strict: false)
            }
        case .addHook(let description, let id, let name):
            try addHook(description, id, on: current(name, when: precondition), &outcome, rules)
        case .removeHook(let id, let name):
            try removeHook(id, from: current(name, when: precondition), &outcome, rules.limits)
        case .addGlobalHook(let description, let id):
            let installation = try HookInstallation(description, id: id, at: "", budget: rules.hookBudget)
            guard let record = installation.record else { throw ServingError.unknownHook(id) }
            try rules.limits.checkHookCount(globalHooks.count + 1)
            noteHook(id)
            addGlobalHook(GlobalHook(record: record, installation: installation))
            outcome.hook = ListedHook(module: nil, record: record)
        case .removeGlobalHook(let id): try removeGlobalHook(id)
        case .remove(let name):
            try precondition.check(name, current: conditionalVersion(of: name))
            guard let version = conditionalVersion(of: name) else { throw ServingError.unknownModule(name) }
            let users = users(of: name)
            guard users.isEmpty else { throw ServingError.inUse(name, by: users) }
            outcome.activity = entries[name]?.current.activity
            outcome.removed = VersionID(name, version)
            remove(name)
        }
        outcome.journal = end()
        return outcome
    }

    /// Publishes what `edit` makes of copies, and notes the new version of `name`.
    private mutating func revise(
        _ name: String,
        _ outcome: inout ChangeOutcome,
        _ limits: ServingLimits,
        _ edit: (inout Revision) throws -> Void
    ) throws {
        var revision = Revision(over: self)
        try edit(&revision)
        try publish(revision.moduleVersions(), limits: limits)
        outcome.moduleVersion = try loaded(name)
    }

    // MARK: Hooks

    /// Puts a hook on a module or one below it; it belongs to the registered module that owns the place.
    private mutating func addHook(
        _ description: HookDescription,
        _ id: Int,
        on moduleVersion: ModuleVersion,
        _ outcome: inout ChangeOutcome,
        _ rules: ChangeRules
    ) throws {
        guard let place = moduleVersion.place(at: description.module) else {
            throw ServingError.unknownPath(module: moduleVersion.name, path: description.module)
        }
        let owned = place.owner.installedHooks
        try rules.limits.checkHookCount(owned.count + 1)
        let installation = try HookInstallation(description, id: id, at: place.ownerPath, budget: rules.hookBudget)
        guard let record = installation.record else { throw ServingError.unknownHook(id) }
        noteHook(id)
        try revise(moduleVersion.name, &outcome, rules.limits) { revision in
            guard let module = try revision.open(place) else {
                throw ServingError.unknownPath(module: moduleVersion.name, path: description.module)
            }
            try installation.install(on: module)
            revision.setHooks(of: place.owner.name, to: owned + [record])
        }
        let listed = outcome.moduleVersion?.hooks.first { $0.id == id }
        outcome.hook = listed ?? ListedHook(module: place.path, record: record)
    }

    private mutating func removeHook(
        _ id: Int,
        from moduleVersion: ModuleVersion,
        _ outcome: inout ChangeOutcome,
        _ limits: ServingLimits
    ) throws {
        let hook = try moduleVersion.hook(id)
        guard let place = hook.module.flatMap({ moduleVersion.place(at: $0) }) else {
            throw ServingError.unknownHook(id)
        }
        try revise(moduleVersion.name, &outcome, limits) { revision in
            try revision.open(place)?.removeHook(id)
            revision.setHooks(of: place.owner.name, to: place.owner.installedHooks.filter { $0.id != id })
        }
    }
}

extension ServingLimits {
    fileprivate func checkHookCount(_ count: Int) throws(ServingError) {
        guard count <= maxHooks else { throw .limitExceeded(.hooks, limit: maxHooks, requested: nil) }
    }

    /// Refuses a module whose calls run more nodes than are allowed: nested graphs that are called often multiply.
    fileprivate func check(stepsOf module: Module?) throws(ServingError) {
        let steps = module?.stepCount ?? 0
        guard steps <= maxCallNodes else {
            throw .limitExceeded(.callNodes, limit: maxCallNodes, requested: steps == .max ? nil : steps)
        }
    }
}

extension HookInstallation {
    /// Makes a registered hook ready, and counts the tensors that it brings along.
    init(
        _ description: HookDescription,
        id: Int,
        at path: String,
        budget: HookBudget
    ) throws(ServingError) {
        do throws(HookProblem) {
            program = try HookProgram(description)
        } catch { throw .hookRefused(error) }
        let bytes = description.byteCount
        guard budget.take(bytes) else {
            throw .limitExceeded(.hookBytes, limit: budget.limit, requested: bytes)
        }
        var description = description
        description.module = path
        number = .registered(id)
        record = HookRecord(id: id, description: description, budget: budget)
    }
}

// MARK: Tensors

extension ModuleVersion {
    fileprivate func check(
        _ entries: OrderedDictionary<String, Tensor>,
        strict: Bool
    ) throws(ServingError) -> IncompatibleKeys {
        do throws(ModuleError) {
            return try root.checkStateDict(entries, strict: strict)
        } catch {
            throw .stateDictMismatch(error.message())
        }
    }
}

extension Place {
    /// Refuses a value that the slot `declaration` cannot take.
    fileprivate func check(_ tensor: Tensor?, for declaration: TensorDeclaration, key: String) throws(ServingError) {
        guard let tensor else {
            guard declaration.name == "bias" else { throw .noNone(key: key) }
            return
        }
        guard Array(tensor.shape) == declaration.sizes else {
            throw .sizeMismatch(key: key, expected: declaration.sizes, got: Array(tensor.shape))
        }
        let dtype = layer.dtype(of: declaration)
        guard tensor.dtype == dtype else {
            throw .dtypeMismatch(key: key, expected: dtype.rawValue, got: tensor.dtype.rawValue)
        }
    }
}

extension Module {
    /// Puts `tensor` into the parameter or buffer `name` of a module that nobody else sees yet.
    fileprivate func set(_ name: String, to tensor: Tensor?) throws {
        if let dot = name.lastIndex(of: "."), let inner = submodule(at: String(name[..<dot])) {
            return try inner.set(String(name[name.index(after: dot)...]), to: tensor)
        }
        let isBuffer = bufferTable.contains { $0.name == name }
        if isBuffer {
            try registerBuffer(name, tensor)
        } else if let tensor, let parameter = parameterTable.first(where: { $0.name == name })?.value {
            // The one parameter, under whatever names it stands.
            parameter.tensor = tensor
        } else {
            try registerParameter(name, tensor.map { try Parameter($0) })
        }
    }
}
