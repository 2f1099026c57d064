extension NodeDescription {
    /// Returns the JSON pointer to the first `ref` to `name` in this part of a tree, or `nil` if there is none.
    package func pointer(toReference name: String) -> String? {
        switch self {
        case .ref(let other): return other == name ? "/ref" : nil
        case .shared: return nil
        case .layer(let layer):
            for (index, child) in (layer.children ?? []).enumerated() {
                guard let rest = child.node.pointer(toReference: name) else { continue }
                return DocumentProblem.pointer(["modules", child.place ?? "\(index)"]) + rest
            }
            return nil
        }
    }
}
