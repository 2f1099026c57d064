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

/// What a change has led to.
struct ChangeOutcome: Sendable {
    /// The count of changes of the registry with this one.
    let revision: Int
    /// The new version of the module that was to change.
    var publication: Publication?
    /// The calls of a module that was removed.
    var activity: CallActivity?
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
