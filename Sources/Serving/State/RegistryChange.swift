package import Models
import NN
package import OrderedCollections
package import Tensors

/// A change of the registry as data: what is drawn by chance or counted, as names, weights and the ids of hooks, is in it.
package enum RegistryChange: Sendable {
    /// Creates a module, or replaces the one that has its name unless others refer to it.
    case put(name: String, BuiltTree, mayReplace: Bool)
    /// Sets one parameter or buffer by its key; `nil` makes a bias None.
    case setTensor(key: String, of: String, to: Tensor?)
    /// Loads tensors by their keys, converting types.
    case loadStateDict(OrderedDictionary<String, Tensor>, into: String, strict: Bool)
    /// Puts a hook on a module or one below it.
    case addHook(HookDescription, id: Int, on: String)
    case removeHook(Int, from: String)
    /// Puts a hook on all modules.
    case addGlobalHook(HookDescription, id: Int)
    case removeGlobalHook(Int)
    /// Removes a module.
    case remove(String)
}

extension RegistryChange {
    /// The matrices that the change brings and that calls multiply by as they are: of those that are converted first, calls
    /// see others.
    ///
    /// - Parameter current: Returns the current version of a module that is in memory.
    func weights(_ current: (String) -> ModuleVersion?) -> [Tensor] {
        switch self {
        case .put(_, let built, _): built.weights
        case .setTensor(let key, let name, let tensor):
            tensor.map { current(name)?.weights(among: [key: $0]) ?? [] } ?? []
        case .loadStateDict(let entries, let name, _): current(name)?.weights(among: entries) ?? []
        case .addHook, .removeHook, .addGlobalHook, .removeGlobalHook, .remove: []
        }
    }

    /// Whether room for all that it brings was set aside before it was made.
    var isReserved: Bool {
        guard case .put = self else { return false }
        return true
    }
}

extension BuiltTree {
    /// The matrices that calls multiply by, each once.
    var weights: [Tensor] {
        var found: [ObjectIdentifier: Tensor] = [:]
        for (path, module) in tree.module.namedModules() {
            for name in module.packedParameters {
                guard let own = module.parameter(at: name)?.tensor else { continue }
                let tensor = stateDict?[Place.join(path, name)] ?? own.detached()
                if tensor.dtype == own.dtype { found[ObjectIdentifier(tensor.storageOwner)] = tensor }
            }
        }
        return Array(found.values)
    }
}

extension ModuleVersion {
    fileprivate func weights(among entries: OrderedDictionary<String, Tensor>) -> [Tensor] {
        var found: [ObjectIdentifier: Tensor] = [:]
        for (key, tensor) in entries {
            guard let (place, declaration) = try? slot(key), declaration.isPacked,
                tensor.dtype == place.layer.dtype(of: declaration), Array(tensor.shape) == declaration.sizes
            else { continue }
            found[ObjectIdentifier(tensor.storageOwner)] = tensor
        }
        return Array(found.values)
    }
}

/// What a change has led to.
struct ChangeOutcome: Sendable {
    /// The count of changes of the registry with this one.
    let revision: Int
    /// The new version of the module that was to change.
    var moduleVersion: ModuleVersion?
    /// The calls of a module that was removed.
    var activity: CallActivity?
    /// The last version of a module that was removed.
    var removed: VersionID?
    /// Whether the module is new.
    var isNew = false
    /// The hook that was added.
    var hook: ListedHook?
    /// What a state dictionary and its module do not share.
    var keys: IncompatibleKeys?
    /// What the store has to write down.
    var journal = RegistryState.Journal()
}

/// What a change is held to.
struct ChangeRules: Sendable {
    let limits: ServingLimits
    /// The bytes of the tensors of hooks.
    let hookBudget: HookBudget
    /// The revision that the change is going to have; the next one if `nil`.
    var revision: Int?
}

extension ChangeOutcome {
    /// What listeners hear of it.
    var changes: [ModuleChange] {
        let made = journal.made.map { ModuleChange(from: $0.base, to: $0.moduleVersion) }
        return made + (removed.map { [ModuleChange(name: $0.name, version: $0.version, kind: .remove)] } ?? [])
    }
}
