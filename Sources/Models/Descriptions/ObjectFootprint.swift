import NN

/// What modules take beside the elements of their tensors: about, as measured, and rather too much.
enum ObjectFootprint {
    /// The bytes of a module: itself, its tables and its description.
    static let module = 1_024
    /// The bytes of a parameter or buffer without its elements.
    static let tensor = 1_024
    /// The bytes of a node of a graph, with its description.
    static let node = 1_024
}

extension CheckedLayer {
    /// What the objects of the tree take, without those of modules that it refers to, in O(number of modules).
    package var objectByteCount: Int {
        let nodes = (graph?.graph.nodes.count ?? 0) * ObjectFootprint.node
        let own = ObjectFootprint.module + declaredTensors.count * ObjectFootprint.tensor + nodes
        return children.reduce(own) { sum, child in
            guard case .layer(let layer) = child.node else { return sum + child.key.utf8.count }
            return sum + child.key.utf8.count + layer.objectByteCount
        }
    }
}
