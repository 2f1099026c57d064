import Models
import Tensors

/// What listeners hear of a change: what is different now, whoever made it and by whatever requests.
package struct ModuleChange: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The module is new as a whole.
        case put
        /// One tensor is another one.
        case setTensor
        /// Several are.
        case loadStateDict
        case addHook
        case removeHook
        /// A module that it refers to has changed.
        case reference
        /// There is no module of the name any more.
        case remove
    }

    package let name: String
    /// The current version from now on; of a name that went, the last one.
    package let version: Int
    package let kind: Kind

    init(name: String, version: Int, kind: Kind) {
        (self.name, self.version, self.kind) = (name, version, kind)
    }

    /// Creates what leads from `old` to `new`.
    ///
    /// - Parameter isChanged: Whether the tensor of a key is another one.
    init(
        from old: ModuleVersion?,
        to new: ModuleVersion,
        isChanged: (_ key: String, _ tensor: Tensor, _ before: Tensor?) -> Bool = { $2?.isSame(as: $1) != true }
    ) {
        (name, version) = (new.name, new.version)
        guard let old else {
            kind = .put
            return
        }
        let (hooks, hooksBefore) = (Set(new.installedHooks.map(\.id)), Set(old.installedHooks.map(\.id)))
        let (tensors, before) = (new.ownTensors, old.ownTensors)
        let count =
            tensors.count { isChanged($0.key, $0.value, before[$0.key]) } + before.keys.count { tensors[$0] == nil }
        kind =
            if !hooks.isSubset(of: hooksBefore) {
                .addHook
            } else if hooks != hooksBefore {
                .removeHook
            } else { count == 0 ? .reference : count == 1 ? .setTensor : .loadStateDict }
    }
}
