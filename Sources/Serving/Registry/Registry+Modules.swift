package import Models
import NN
import OrderedCollections
import Synchronization

extension Registry {
    /// Creates a module; without a name it gets one.
    /// - Throws: `ServingError.nameTaken` when the name is in use.
    package func create(
        _ description: ModuleDescription,
        when precondition: Precondition = .always
    ) async throws -> Publication {
        var description = description
        description.name = description.name ?? ModuleName.random()
        return try await put(description, when: precondition, mayReplace: false).publication
    }

    /// Creates the module, or replaces the one that has the name unless others refer to it.
    package func put(
        _ description: ModuleDescription,
        when precondition: Precondition = .always
    ) async throws -> (publication: Publication, created: Bool) {
        try await put(description, when: precondition, mayReplace: true)
    }

    private func put(
        _ description: ModuleDescription,
        when precondition: Precondition,
        mayReplace: Bool
    ) async throws -> (publication: Publication, created: Bool) {
        let name = description.name ?? ""
        try ModuleName.check(name)
        var checker = DescriptionChecker(limits: limits.descriptions, hasStateDict: description.stateDict != nil)
        let layer = try Self.refusing { () throws(DescriptionProblem) in try checker.check(root: description.root) }
        let (isNew, size) = try admit(name, layer, when: precondition, mayReplace: mayReplace)
        let wanted = RegistryState.Reservation(
            modules: isNew ? 1 : 0,
            byteCount: saturatingSum(checker.byteCount, size.pathByteCount)
        )
        try state.withLock { state throws(ServingError) in try state.reserve(wanted, limits: limits) }
        defer { state.withLock { $0.release(wanted) } }
        let built = try await build {
            try Self.refusing { () throws(DescriptionProblem) in try BuiltTree(description, layer) }
        }
        return try await change {
            let created = try self.admit(name, layer, when: precondition, mayReplace: mayReplace).isNew
            var revision = Revision(over: self.currentPublications())
            try revision.open(self.owners(of: built.stateDict?.keys, in: layer))
            try revision.add(name, plan: built.plan, tree: built.tree.module, standIns: built.references)
            try self.limits.check(stepsOf: revision.root(of: name))
            try revision.load(built.stateDict, into: name)
            return (try self.publish(revision, name), created)
        }
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

    /// Refuses what cannot be put under `name`, and returns whether it would be new, and how large.
    private func admit(
        _ name: String,
        _ layer: CheckedLayer,
        when precondition: Precondition,
        mayReplace: Bool
    ) throws(ServingError) -> (isNew: Bool, size: TreeSize) {
        let (current, users, references) = state.withLock { state in
            let names = Set(layer.references)
            let targets = names.map { ($0, state.entries[$0]?.current) }
            return (state.entries[name]?.current, state.users(of: name), targets)
        }
        try precondition.check(name, current: current?.version)
        if current != nil, !mayReplace { throw .nameTaken(name) }
        for (reference, target) in references {
            guard let target else { throw .unknownModule(reference) }
            if let way = target.way(to: name) { throw .referenceCycle([name] + way) }
        }
        if !users.isEmpty { throw .inUse(name, by: users) }
        let targets = references.compactMap { name, target in target.map { (name, $0.size) } }
        let size = TreeSize(of: layer, references: Dictionary(uniqueKeysWithValues: targets))
        try limits.check(size)
        try checkSequentials(in: layer, references: references)
        return (current == nil, size)
    }

    /// Refuses a reference to a module of two inputs in a chain.
    private func checkSequentials(
        in layer: CheckedLayer,
        references: [(String, Publication?)]
    ) throws(ServingError) {
        let wide = references.compactMap { $1 }.filter { $0.inputCount > 1 }
        for child in layer.children {
            switch child.node {
            case .layer(let layer): try checkSequentials(in: layer, references: references)
            case .ref(let name):
                guard layer.type.name == "Sequential", let target = wide.first(where: { $0.name == name }) else {
                    continue
                }
                throw .invalidDescription(
                    DescriptionProblem(.notInSequential(type: target.typeName), at: ["modules", child.place])
                )
            }
        }
    }

    /// Returns the registered modules to which some of `keys` belong, of those that `layer` refers to.
    private func owners(
        of keys: OrderedSet<String>?,
        in layer: CheckedLayer
    ) -> Set<String> {
        guard let keys, !keys.isEmpty else { return [] }
        var owners: Set<String> = []
        for key in keys {
            if let owner = owner(of: key[...], in: layer) { owners.insert(owner) }
        }
        return owners
    }

    private func owner(of key: Substring, in layer: CheckedLayer) -> String? {
        guard let dot = key.firstIndex(of: ".") else { return nil }
        let rest = key[key.index(after: dot)...]
        switch layer.children.first(where: { $0.key == key[..<dot] })?.node {
        case .layer(let child): return owner(of: rest, in: child)
        case .ref(let name):
            guard let target = try? publication(name), let slot = try? target.slot(String(rest)) else { return name }
            return slot.place.owner.name
        case nil: return nil
        }
    }

    /// Removes a module; calls under way finish on the version they hold.
    package func delete(_ name: String, when precondition: Precondition = .always) async throws {
        _ = try await remove(name, when: precondition)
    }

    /// Removes a module and returns when no call of it is under way any more.
    package func unload(_ name: String) async throws {
        let publication = try await remove(name, when: .always)
        await publication.activity.waitUntilIdle()
    }

    private func remove(_ name: String, when precondition: Precondition) async throws -> Publication {
        try await change {
            let gone = try self.state.withLock { state throws(ServingError) in
                let current = state.entries[name]?.current
                try precondition.check(name, current: current?.version)
                guard let current else { throw .unknownModule(name) }
                let users = state.users(of: name)
                guard users.isEmpty else { throw .inUse(name, by: users) }
                return (current, state.remove(name))
            }
            return gone.0
        }
    }
}

extension ServingLimits {
    fileprivate func check(_ size: TreeSize) throws(ServingError) {
        guard size.depth <= maxTreeDepth else {
            throw .limitExceeded(.treeDepth, limit: maxTreeDepth, requested: size.depth)
        }
        guard size.modules <= maxTreeModules else {
            throw .limitExceeded(.treeModules, limit: maxTreeModules, requested: size.modules)
        }
    }

    /// Refuses a module whose calls run more nodes than are allowed: nested graphs that are called often multiply.
    fileprivate func check(stepsOf module: Module?) throws(ServingError) {
        let steps = module?.stepCount ?? 0
        guard steps <= maxCallNodes else {
            throw .limitExceeded(.callNodes, limit: maxCallNodes, requested: steps == .max ? nil : steps)
        }
    }
}

extension Publication {
    /// Returns the names on the way from this module over references to `name`, both included; `nil` if there is none.
    fileprivate func way(to name: String) -> [String]? {
        if self.name == name { return [name] }
        return references.values.lazy.compactMap { $0.way(to: name) }.first.map { [self.name] + $0 }
    }
}
