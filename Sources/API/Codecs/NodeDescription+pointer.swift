import Serving

extension NodeDescription {
    /// Returns the JSON pointer to the first `ref` to `name` in this part of a tree, or `nil` if there is none.
    ///
    /// A description forgets whether named children came as a list or as an object: then the pointer ends before them.
    func pointer(toReference name: String) -> String? {
        switch self {
        case .ref(let other): return other == name ? "/ref" : nil
        case .layer(let layer):
            for (index, child) in (layer.children ?? []).enumerated() {
                guard let rest = child.node.pointer(toReference: name) else { continue }
                return child.key == nil ? "/modules/\(index)\(rest)" : "/modules"
            }
            return nil
        }
    }
}
