import HashTreeCollections
import Models
import NN
import OrderedCollections

/// What a new module is held to before it is built, and again when it is published.
extension RegistryState {
    /// Refuses what cannot be put under `name`, and returns whether it would be new, and how large.
    func admit(
        _ name: String,
        _ layer: CheckedLayer,
        when precondition: Precondition,
        mayReplace: Bool,
        _ limits: ServingLimits
    ) throws(ServingError) -> (isNew: Bool, size: TreeSize) {
        let current = conditionalVersion(of: name)
        try precondition.check(name, current: current)
        if current != nil, !mayReplace { throw .nameTaken(name) }
        var targets: [String: ModuleVersion] = [:]
        for reference in Set(layer.references) {
            if let damage = damaged[reference] {
                throw .damagedModule(reference, reason: damage.reason, isChange: true)
            }
            let target = try loaded(reference)
            if let way = target.way(to: name) { throw .referenceCycle([name] + way) }
            targets[reference] = target
        }
        let users = users(of: name)
        if !users.isEmpty { throw .inUse(name, by: users) }
        let size = TreeSize(of: layer, references: targets.mapValues(\.size))
        try limits.check(size)
        try Self.checkSequentials(in: layer, references: Array(targets.values))
        return (current == nil, size)
    }

    /// Refuses a reference to a module of two inputs in a chain.
    private static func checkSequentials(
        in layer: CheckedLayer,
        references: [ModuleVersion]
    ) throws(ServingError) {
        let wide = references.filter { $0.inputCount > 1 }
        for child in layer.children {
            switch child.node {
            case .layer(let layer): try checkSequentials(in: layer, references: wide)
            case .shared: break
            case .ref(let name):
                guard layer.type.chainsChildren, let target = wide.first(where: { $0.name == name }) else {
                    continue
                }
                throw .invalidDescription(
                    DescriptionProblem(.notInSequential(type: target.typeName), at: ["modules", child.place])
                )
            }
        }
    }

    /// Returns the registered modules to which some of `keys` belong, of those that `layer` refers to.
    func owners(of keys: OrderedSet<String>?, in layer: CheckedLayer) -> Set<String> {
        guard let keys, !keys.isEmpty else { return [] }
        return Set(keys.compactMap { owner(of: $0[...], in: layer) })
    }

    private func owner(of key: Substring, in layer: CheckedLayer) -> String? {
        guard let dot = key.firstIndex(of: ".") else { return nil }
        let rest = key[key.index(after: dot)...]
        switch layer.children.first(where: { $0.key == key[..<dot] })?.node {
        case .layer(let child), .shared(_, let child): return owner(of: rest, in: child)
        case .ref(let name):
            guard let target = entries[name]?.current.moduleVersion, let slot = try? target.slot(String(rest)) else {
                return name
            }
            return slot.place.owner.name
        case nil: return nil
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
}

extension ModuleVersion {
    /// Returns the names on the way from this module over references to `name`, both included; `nil` if there is none.
    fileprivate func way(to name: String) -> [String]? {
        if self.name == name { return [name] }
        return references.values.lazy.compactMap { $0.way(to: name) }.first.map { [self.name] + $0 }
    }
}
