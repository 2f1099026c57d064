package import Models
import Synchronization

extension Registry {
    /// Creates a module; without a name it gets one.
    /// - Throws: `ServingError.nameTaken` when the name is in use.
    package func create(
        _ description: ModuleDescription,
        when precondition: Precondition = .always
    ) async throws -> ModuleVersion {
        var description = description
        description.name = description.name ?? ModuleName.random()
        return try await put(description, when: precondition, mayReplace: false).moduleVersion
    }

    /// Creates the module, or replaces the one that has the name unless others refer to it.
    package func put(
        _ description: ModuleDescription,
        when precondition: Precondition = .always
    ) async throws -> (moduleVersion: ModuleVersion, created: Bool) {
        try await put(description, when: precondition, mayReplace: true)
    }

    private func put(
        _ description: ModuleDescription,
        when precondition: Precondition,
        mayReplace: Bool
    ) async throws -> (moduleVersion: ModuleVersion, created: Bool) {
        let name = description.name ?? ""
        try ModuleName.check(name)
        var checker = DescriptionChecker(limits: limits.descriptions, hasStateDict: description.stateDict != nil)
        let layer = try Self.refusing { () throws(DescriptionProblem) in try checker.check(root: description.root) }
        let pins = try await loadCurrent(layer.references)
        defer { withExtendedLifetime(pins) {} }
        let now = state.withLock { $0 }
        let (isNew, size) = try now.admit(name, layer, when: precondition, mayReplace: mayReplace, limits)
        let wanted = RegistryState.Reservation(
            modules: isNew ? 1 : 0,
            byteCount: saturatingSum(checker.byteCount, size.pathByteCount)
        )
        try await reserve(wanted)
        defer { state.withLock { $0.release(wanted) } }
        let (built, weights) = try await build(ofBytes: wanted.byteCount) {
            let built = try Self.refusing { () throws(DescriptionProblem) in try BuiltTree(description, layer) }
            return (built, built.weights)
        }
        let change = RegistryChange.put(name: name, built, mayReplace: mayReplace)
        let outcome = try await perform(change, when: precondition, weights: weights)
        return (try outcome.version(of: name), outcome.isNew)
    }

    /// Runs `body`, and gives what is wrong with a description as the registry's error.
    private static func refusing<Result>(
        _ body: () throws(DescriptionProblem) -> Result
    ) throws(ServingError) -> Result {
        do throws(DescriptionProblem) {
            return try body()
        } catch {
            throw ServingError(error)
        }
    }

    /// Removes a module; calls under way finish on the version they hold.
    /// - Returns: The count of changes with this one.
    @discardableResult
    package func delete(_ name: String, when precondition: Precondition = .always) async throws -> Int {
        try await perform(.remove(name), when: precondition).revision
    }

    /// Removes a module and returns when no call of it is under way any more.
    /// - Returns: The count of changes with this one.
    @discardableResult
    package func unload(_ name: String) async throws -> Int {
        let outcome = try await perform(.remove(name))
        await outcome.activity?.waitUntilIdle()
        return outcome.revision
    }
}

extension ChangeOutcome {
    /// Returns the version of `name` that the change has made.
    func version(of name: String) throws(ServingError) -> ModuleVersion {
        guard let moduleVersion else { throw .unknownModule(name) }
        return moduleVersion
    }
}
