import OrderedCollections
import Tensors

/// Tensors of graphs that are no state: a file has them under the key `callpath:PATH`.
enum GraphConstants {
    private static let prefix = "callpath:"

    /// Takes them out of `tensors` and puts them into the graphs of `root`.
    /// - Throws: `ModelFileError.misplaced` for one that no buffer of the description takes.
    static func move(
        from tensors: inout OrderedDictionary<String, Tensor>,
        into root: inout NodeDescription
    ) throws(ModelFileError) {
        for key in tensors.keys where key.hasPrefix(prefix) {
            guard let tensor = tensors.removeValue(forKey: key) else { continue }
            let path = key.dropFirst(prefix.count).split(separator: ".", omittingEmptySubsequences: false)
            guard root.place(tensor, at: path) else { throw .misplaced(key: key) }
        }
    }
}

extension NodeDescription {
    /// Gives the buffer at `path` its elements, and returns whether there is one of that shape and type.
    fileprivate mutating func place(_ tensor: Tensor, at path: [Substring]) -> Bool {
        guard case .layer(var layer) = self, let first = path.first else { return false }
        if path.count == 1 {
            guard let index = layer.graph?.tensors.firstIndex(where: { $0.name == first && $0.takes(tensor) }) else {
                return false
            }
            layer.graph?.tensors[index].data = tensor
        } else {
            guard let index = layer.children?.indices.first(where: { layer.children?[$0].key ?? "\($0)" == first }),
                layer.children?[index].node.place(tensor, at: Array(path.dropFirst())) == true
            else { return false }
        }
        self = .layer(layer)
        return true
    }
}

extension GraphTensor {
    fileprivate func takes(_ tensor: Tensor) -> Bool {
        !isParameter && shape == tensor.shape && dtype == tensor.dtype && data == nil
    }
}
