import Models
import NN

/// A place in a published tree: the module there, and whose it is.
struct Place {
    /// The path from the root, empty for the root.
    let path: String
    let module: Module
    let layer: CheckedLayer
    /// The registered module that the place belongs to: the one that was asked, or one that it refers to.
    let owner: ModuleVersion
    /// The path from the root of `owner`; of a module that stands at several places, the first.
    let ownerPath: String
    /// The name by which the place refers to its owner, if it does.
    let reference: String?
    /// The path from the owner's root of the place where the same module stands first, if this is another.
    var shared: String?
}

extension ModuleVersion {
    /// The place of the root.
    var rootPlace: Place {
        Place(path: "", module: root, layer: plan.root, owner: self, ownerPath: "", reference: nil)
    }

    /// Returns the place at `path`; `nil` if there is none.
    func place(at path: String) -> Place? {
        guard !path.isEmpty else { return rootPlace }
        return path.split(separator: ".", omittingEmptySubsequences: false)
            .reduce(rootPlace as Place?) { $0?.child(String($1)) }
    }

    /// Returns all places, parents first; shared modules stand at several.
    func places() -> [Place] {
        var found: [Place] = []
        rootPlace.gather(&found)
        return found
    }
}

extension Place {
    /// The places of the children in order.
    var children: [Place] {
        layer.children.compactMap { place(of: $0.node, at: $0.key) }
    }

    fileprivate func child(_ key: String) -> Place? {
        // Most children have their numbers for names, and are found there.
        let numbered = Int(key).flatMap { layer.children.indices.contains($0) ? layer.children[$0] : nil }
        let child = numbered?.key == key ? numbered : layer.children.first { $0.key == key }
        return child.flatMap { place(of: $0.node, at: $0.key) }
    }

    fileprivate func gather(_ found: inout [Place]) {
        found.append(self)
        for child in children { child.gather(&found) }
    }

    private func place(of node: CheckedNode, at key: String) -> Place? {
        let path = Self.join(path, key)
        switch node {
        case .layer(let layer):
            guard let module = module.submodule(at: key) else { return nil }
            let ownerPath = Self.join(ownerPath, key)
            return Place(
                path: path,
                module: module,
                layer: layer,
                owner: owner,
                ownerPath: ownerPath,
                reference: nil
            )
        case .shared(let first, let layer):
            guard let module = module.submodule(at: key) else { return nil }
            return Place(
                path: path,
                module: module,
                layer: layer,
                owner: owner,
                ownerPath: first,
                reference: nil,
                shared: first
            )
        case .ref(let name):
            guard let target = owner.references[name] else { return nil }
            return Place(
                path: path,
                module: target.root,
                layer: target.plan.root,
                owner: target,
                ownerPath: "",
                reference: name
            )
        }
    }

    static func join(_ path: String, _ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }
}
