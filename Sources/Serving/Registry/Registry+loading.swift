import HashTreeCollections
import Metrics
import Models
import Store
import Synchronization
import Tensors

/// The loads under way: callers share one.
final class ModuleLoads: Sendable {
    private let tasks = Mutex<[VersionID: Task<ModuleVersion, any Error>]>([:])

    /// Returns what `load` makes of a version, or what the load brings that is under way.
    func load(
        _ id: VersionID,
        _ load: @escaping @Sendable () async throws -> ModuleVersion
    ) async throws -> ModuleVersion {
        let task = tasks.withLock { tasks in
            if let task = tasks[id] { return task }
            let task = Task { @concurrent in
                defer { self.tasks.withLock { $0[id] = nil } }
                return try await load()
            }
            tasks[id] = task
            return task
        }
        return try await task.value
    }
}

/// A load of a version that went away before it began.
private struct Superseded: Error {}

extension Registry {
    /// Returns the current version of `name`, if it is in memory.
    package func moduleIfLoaded(_ name: String) throws(ServingError) -> ModuleVersion? {
        guard let current = state.withLock({ $0.entries[name]?.current }) else { throw absence(of: name) }
        return current.moduleVersion
    }

    /// Returns a version of `name` that is still callable, if it is in memory.
    package func moduleIfLoaded(_ name: String, version: Int) throws(ServingError) -> ModuleVersion? {
        try held(name, version: version).moduleVersion
    }

    /// Returns the current version of `name`, or the version that is asked for, once it is in memory.
    ///
    /// It does not wait for one that is.
    package func module(
        _ name: String,
        version: Int? = nil,
        toChange isChange: Bool = false
    ) async throws -> ModuleVersion {
        while true {
            switch try held(name, version: version, isChange: isChange) {
            case .loaded(let moduleVersion): return moduleVersion
            case .cold(let cold):
                do {
                    let moduleVersion = try await load(cold)
                    moduleVersion.callStatistics.noteDemand()
                    return moduleVersion
                } catch is Superseded {
                    continue
                } catch ServingError.limitExceeded(.bytes, let limit, _, _) where !isChange {
                    throw Self.noRoom(for: name, limit)
                } catch let error as ServingError {
                    throw isChange ? error.ofAChange : error
                }
            }
        }
    }

    /// Returns what can be said of a version without its tensors, of which it loads none.
    package func outline(_ name: String, version: Int? = nil) async throws -> ModuleOutline {
        while true {
            switch try held(name, version: version) {
            case .loaded(let moduleVersion): return moduleVersion.outline
            case .cold(let cold):
                do {
                    return try await outline(of: cold)
                } catch is Superseded { continue }
            }
        }
    }

    /// Refuses a name that no module has, or a version that cannot be called, and what is damaged.
    package func requireModule(_ name: String, version: Int? = nil) throws(ServingError) {
        _ = try held(name, version: version)
    }

    /// Returns the callable versions of `name`.
    func entry(_ name: String, isChange: Bool = false) throws(ServingError) -> RegistryState.Entry {
        guard let entry = state.withLock({ $0.entries[name] }) else { throw absence(of: name, isChange: isChange) }
        return entry
    }

    /// Returns the current version of `name`, or the version that is asked for.
    func held(_ name: String, version: Int?, isChange: Bool = false) throws(ServingError) -> HeldVersion {
        let entry = try entry(name, isChange: isChange)
        guard let version, version != entry.current.version else { return entry.current }
        guard let old = entry.previous.first(where: { $0.version.version == version }) else {
            throw .unknownVersion(module: name, version: version, callable: entry.versions.map(\.version))
        }
        return old.version
    }

    private func absence(of name: String, isChange: Bool = false) -> ServingError {
        guard let damage = state.withLock({ $0.damaged[name] }) else { return .unknownModule(name) }
        return .damagedModule(name, reason: damage.reason, isChange: isChange)
    }

    private static func noRoom(for name: String, _ limit: Int) -> ServingError {
        .notInMemory(name, reason: "modules with calls under way take all of the \(limit) bytes")
    }

    // MARK: Loading

    /// Loads those of `names` that are cold, and holds them in memory for as long as the result is held.
    func loadCurrent(_ names: [String]) async throws -> [ActivityPin] {
        guard state.withLock({ $0.coldCount > 0 }) else { return [] }
        let cold = state.withLock { state in names.compactMap { state.entries[$0]?.current.cold } }
        return try await loadPinned(cold)
    }

    /// Loads `versions` for a change, and holds them in memory for as long as the result is held.
    func loadPinned(_ versions: [ColdVersion]) async throws -> [ActivityPin] {
        let pins = versions.map { ActivityPin($0.activity) }
        for version in versions {
            do {
                _ = try await load(version)
            } catch is Superseded {
                // Whoever needs the module looks at its next version.
            } catch let error as ServingError { throw error.ofAChange }
        }
        return pins
    }

    /// Loads a version, once for all who want it at the same time, and enters it where it is still held.
    func load(_ cold: ColdVersion) async throws -> ModuleVersion {
        try await loads.load(cold.id) { [self] in
            let start = ContinuousClock.now
            let moduleVersion = try await read(cold)
            metrics.coldLoadTime?.observe(start.duration(to: .now))
            return moduleVersion
        }
    }

    private func read(_ cold: ColdVersion) async throws -> ModuleVersion {
        // Who looked a moment too early finds it here.
        if let moduleVersion = state.withLock({ $0.held(cold.id)?.moduleVersion }) { return moduleVersion }
        let pin = ActivityPin(cold.activity)
        defer { withExtendedLifetime(pin) {} }
        var references: [String: ModuleVersion] = [:]
        var targetPins: [ActivityPin] = []
        defer { withExtendedLifetime(targetPins) {} }
        for (name, version) in cold.references.sorted(by: { $0.key < $1.key }) {
            let held = state.withLock { $0.held(VersionID(name, version)) }
            guard let held else { throw try await damaged(cold, "version \(version) of '\(name)' is missing") }
            targetPins.append(ActivityPin(held.activity))
            switch held {
            case .loaded(let moduleVersion): references[name] = moduleVersion
            case .cold(let target):
                do {
                    references[name] = try await load(target)
                } catch ServingError.damagedModule(_, let reason, _) {
                    throw try await damaged(cold, RegistryState.damage(of: name, reason))
                }
            }
        }
        return try await read(cold, references)
    }

    private func read(_ cold: ColdVersion, _ references: [String: ModuleVersion]) async throws -> ModuleVersion {
        guard let store else { throw Superseded() }
        do {
            let stored = try await build(ofBytes: 0) { try StoredModule(cold, in: store) }
            let wanted = RegistryState.Reservation(byteCount: stored.byteCount)
            try await reserve(wanted)
            defer { state.withLock { $0.release(wanted) } }
            let moduleVersion = try await build(ofBytes: stored.byteCount) { [hookBudget] in
                try stored.moduleVersion(references, revision: store.revision, hookBudget)
            }
            try await betweenChanges { [self] in
                var draft = state.withLock { $0 }
                draft.enter(loaded: moduleVersion, limits: limits)
                publish(draft)
            }
            return moduleVersion
        } catch StoreError.damaged(let reason) {
            throw try await damaged(cold, reason)
        } catch StoreError.shortage(let error) {
            throw ServingError.notInMemory(cold.name, reason: error.reason)
        } catch TensorError.outOfMemory(let byteCount) {
            throw ServingError.notInMemory(cold.name, reason: "there is no memory for \(byteCount) bytes")
        }
    }

    /// Enters damage where the version is still held, and returns what to say of it.
    private func damaged(_ cold: ColdVersion, _ reason: String) async throws -> any Error {
        try await betweenChanges { [self] in
            var draft = state.withLock { $0 }
            guard draft.held(cold.id) != nil else { return Superseded() }
            let found = draft.enter(damage: reason, of: cold.id)
            publish(draft)
            for module in found { options.damageFound(module.name, module.reason) }
            return ServingError.damagedModule(cold.name, reason: reason, isChange: false)
        }
    }

    private func outline(of cold: ColdVersion) async throws -> ModuleOutline {
        guard let store else { throw Superseded() }
        let state = state.withLock { $0 }
        do {
            return try await build(ofBytes: 0) { [hookBudget] in
                ModuleOutline(of: try StoredModule.unfilled(cold, in: store, state, hookBudget))
            }
        } catch let damage as DamagedReference {
            _ = try await damaged(damage.version, damage.reason)
            let reason = RegistryState.damage(of: damage.version.name, damage.reason)
            throw ServingError.damagedModule(cold.name, reason: reason, isChange: false)
        } catch StoreError.damaged(let reason) {
            throw try await damaged(cold, reason)
        } catch StoreError.shortage(let error) {
            throw ServingError.notInMemory(cold.name, reason: error.reason)
        }
    }

    // MARK: Room

    /// Sets room aside before memory is taken; modules go cold for it where they can.
    func reserve(_ wanted: RegistryState.Reservation) async throws {
        let isReserved = try state.withLock { state throws(ServingError) in
            do throws(ServingError) {
                try state.reserve(wanted, limits: limits)
                return true
            } catch {
                guard case .limitExceeded(.bytes, _, _, _) = error, store != nil else { throw error }
                return false
            }
        }
        guard !isReserved else { return }
        try await betweenChanges { [self] in
            var draft = state.withLock { $0 }
            draft.makeRoom(for: wanted.byteCount, beside: draft.reserved.byteCount, keeping: [], limits)
            publish(draft)
            try state.withLock { state throws(ServingError) in try state.reserve(wanted, limits: limits) }
        }
    }
}

extension ServingError {
    /// The same for somebody who wanted a change, which did not happen.
    fileprivate var ofAChange: ServingError {
        guard case .damagedModule(let name, let reason, _) = self else { return self }
        return .damagedModule(name, reason: reason, isChange: true)
    }
}
