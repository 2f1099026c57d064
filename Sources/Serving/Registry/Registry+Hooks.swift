package import Models
import NN
import Synchronization

extension Registry {
    /// Puts a hook on a module or one below it; it belongs to the registered module that owns the place.
    package func registerHook(
        _ description: HookDescription,
        on name: String,
        when precondition: Precondition = .always
    ) async throws -> (hook: ListedHook, publication: Publication) {
        try await change {
            let publication = try self.current(name, when: precondition)
            guard let place = publication.place(at: description.module) else {
                throw ServingError.unknownPath(module: name, path: description.module)
            }
            let owned = place.owner.installedHooks
            guard owned.count < self.limits.maxHooks else {
                throw ServingError.limitExceeded(.hooks, limit: self.limits.maxHooks, requested: nil)
            }
            let installation = try self.installation(of: description, at: place.ownerPath)
            var revision = Revision(over: self.currentPublications())
            try revision.open([place.owner.name])
            guard let record = installation.record,
                let module = revision.root(of: place.owner.name)?.submodule(at: place.ownerPath)
            else { throw ServingError.unknownPath(module: name, path: description.module) }
            installation.install(on: module)
            revision.setHooks(of: place.owner.name, to: owned + [record])
            let new = try self.publish(revision, name)
            return (new.hooks.first { $0.id == record.id } ?? ListedHook(module: place.path, record: record), new)
        }
    }

    /// Takes a hook away.
    package func removeHook(
        _ id: Int,
        from name: String,
        when precondition: Precondition = .always
    ) async throws -> Publication {
        try await change {
            let publication = try self.current(name, when: precondition)
            let hook = try publication.hook(id)
            guard let place = hook.module.flatMap({ publication.place(at: $0) }) else {
                throw ServingError.unknownHook(id)
            }
            var revision = Revision(over: self.currentPublications())
            try revision.open([place.owner.name])
            revision.root(of: place.owner.name)?.submodule(at: place.ownerPath)?.removeHook(id)
            revision.setHooks(of: place.owner.name, to: place.owner.installedHooks.filter { $0.id != id })
            return try self.publish(revision, name)
        }
    }

    /// Returns the hook `id` of the current version of `name`.
    package func hook(_ id: Int, of name: String) throws(ServingError) -> ListedHook {
        try publication(name).hook(id)
    }

    // MARK: Global hooks

    /// The hooks that run for every module, before its own, in the order in which they run.
    package var globalHooks: [ListedHook] {
        state.withLock(\.globalHooks).map { ListedHook(module: nil, record: $0.record) }
    }

    /// Returns a global hook.
    package func globalHook(_ id: Int) throws(ServingError) -> ListedHook {
        guard let hook = globalHooks.first(where: { $0.id == id }) else { throw .unknownHook(id) }
        return hook
    }

    /// Adds a hook that runs for every module; no version changes, and calls under way do not see it.
    package func registerGlobalHook(_ description: HookDescription) throws(ServingError) -> ListedHook {
        if !description.module.isEmpty { throw .hookRefused(HookProblem(.notForGlobalHooks("module"), at: ["module"])) }
        if description.prepend { throw .hookRefused(HookProblem(.notForGlobalHooks("prepend"), at: ["prepend"])) }
        let installation = try installation(of: description, at: "")
        guard let record = installation.record else { throw .unknownHook(-1) }
        try state.withLock { state throws(ServingError) in
            guard state.globalHooks.count < limits.maxHooks else {
                throw .limitExceeded(.hooks, limit: limits.maxHooks, requested: nil)
            }
            state.globalHooks.append(GlobalHook(record: record, installation: installation))
            installation.add(to: &state.globalSnapshot)
        }
        return ListedHook(module: nil, record: record)
    }

    /// Takes a global hook away.
    package func removeGlobalHook(_ id: Int) throws(ServingError) {
        // What goes is let go after the lock.
        let gone = state.withLock { state in
            let old = state.globalHooks
            state.globalHooks.removeAll { $0.record.id == id }
            state.globalSnapshot = HookSnapshot()
            for hook in state.globalHooks { hook.installation.add(to: &state.globalSnapshot) }
            return old.first { $0.record.id == id }
        }
        if gone == nil { throw .unknownHook(id) }
    }

    /// Makes a hook ready, and counts the tensors that it brings along.
    private func installation(of description: HookDescription, at path: String) throws(ServingError) -> HookInstallation
    {
        let program: HookProgram
        do throws(HookProblem) {
            program = try HookProgram(description)
        } catch {
            throw .hookRefused(error)
        }
        let bytes = description.action.byteCount
        guard hookBudget.take(bytes) else {
            throw .limitExceeded(.hookBytes, limit: limits.maxHookBytes, requested: bytes)
        }
        var description = description
        description.module = path
        let record = HookRecord(id: HookHandle.nextID(), description: description, budget: hookBudget)
        return HookInstallation(number: .registered(record.id), program: program, record: record)
    }
}

extension Publication {
    /// Returns the hook `id` on the module or below it.
    package func hook(_ id: Int) throws(ServingError) -> ListedHook {
        guard let hook = hooks.first(where: { $0.id == id }) else { throw .unknownHook(id) }
        return hook
    }
}
