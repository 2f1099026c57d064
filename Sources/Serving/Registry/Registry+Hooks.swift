import Metrics
package import Models
import NN
import Synchronization

extension Registry {
    /// Puts a hook on a module or one below it; it belongs to the registered module that owns the place.
    package func registerHook(
        _ description: HookDescription,
        on name: String,
        when precondition: Precondition = .always
    ) async throws -> (hook: ListedHook, moduleVersion: ModuleVersion) {
        let id = try await nextHookID()
        let outcome = try await perform(.addHook(description, id: id, on: name), when: precondition)
        return (try outcome.hook(id), try outcome.version(of: name))
    }

    /// Takes a hook away.
    package func removeHook(
        _ id: Int,
        from name: String,
        when precondition: Precondition = .always
    ) async throws -> ModuleVersion {
        try await perform(.removeHook(id, from: name), when: precondition).version(of: name)
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
    /// - Returns: The hook, and the count of changes with this one.
    package func registerGlobalHook(
        _ description: HookDescription
    ) async throws -> (hook: ListedHook, revision: Int) {
        if !description.module.isEmpty {
            throw ServingError.hookRefused(HookProblem(.notForGlobalHooks("module"), at: ["module"]))
        }
        if description.prepend {
            throw ServingError.hookRefused(HookProblem(.notForGlobalHooks("prepend"), at: ["prepend"]))
        }
        let id = try await nextHookID()
        let outcome = try await perform(.addGlobalHook(description, id: id))
        return (try outcome.hook(id), outcome.revision)
    }

    /// Takes a global hook away.
    /// - Returns: The count of changes with this one.
    @discardableResult
    package func removeGlobalHook(_ id: Int) async throws -> Int {
        try await perform(.removeGlobalHook(id)).revision
    }
}

extension ChangeOutcome {
    fileprivate func hook(_ id: Int) throws(ServingError) -> ListedHook {
        guard let hook else { throw .unknownHook(id) }
        return hook
    }
}

extension ModuleVersion {
    /// Returns the hook `id` on the module or below it.
    package func hook(_ id: Int) throws(ServingError) -> ListedHook {
        guard let hook = hooks.first(where: { $0.id == id }) else { throw .unknownHook(id) }
        return hook
    }
}

extension Registry: HookListener {
    var maxCaptureBytes: Int { limits.maxCaptureBytes }

    func hookRan() { metrics.hookCalls.increment() }

    func hookLogged(_ line: HookLogLine) { options.log(line) }

    func hookCaptured(_ content: ServingEvent.Content, of moduleVersion: ModuleVersion, module: String) {
        events.publish(moduleVersion, module: module, content)
    }
}
