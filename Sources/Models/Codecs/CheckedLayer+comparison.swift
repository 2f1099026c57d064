import JSON
import NN
import OrderedCollections
import Tensors

extension CheckedLayer {
    /// Whether both describe the same tree, whatever its tensors hold.
    package func describesSame(as other: CheckedLayer) -> Bool {
        guard type.name == other.type.name, arguments.values == other.arguments.values,
            (dtype ?? .float32) == (other.dtype ?? .float32), children.count == other.children.count,
            hasSameGraph(as: other)
        else { return false }
        return zip(children, other.children).allSatisfy { one, other in
            guard one.key == other.key else { return false }
            switch (one.node, other.node) {
            case (.ref(let name), .ref(let otherName)): return name == otherName
            case (.layer(let layer), .layer(let otherLayer)): return layer.describesSame(as: otherLayer)
            case (.shared(let path, _), .shared(let otherPath, _)): return path == otherPath
            case (.ref, _), (.layer, _), (.shared, _): return false
            }
        }
    }

    private func hasSameGraph(as other: CheckedLayer) -> Bool { graphText == other.graphText }

    /// The graph as a client would write it, with the elements of buffers that no state dictionary has.
    private var graphText: [UInt8]? {
        guard let graph else { return nil }
        var writer = JSONWriter()
        writer.beginObject()
        let data = Dictionary(graph.tensors.map { ($0.name, $0.data) }) { first, _ in first }
        try? GraphWriter.write(graph, to: &writer) { data[$0] ?? nil }
        writer.endObject()
        return writer.finish()
    }
}
