package import JSON
import NN
import OrderedCollections
package import Tensors

/// Writes what makes a module of a graph, as a client would write it.
package enum GraphWriter {
    /// Writes the fields of a graph into the object of its module; `tensor` gives the elements of a buffer as they are now.
    package static func write(
        _ description: GraphDescription,
        to writer: inout JSONWriter,
        tensor: (String) -> Tensor?
    ) throws(DocumentProblem) {
        writer.member("class", description.className)
        for (key, areParameters) in [("own_parameters", true), ("own_buffers", false)] {
            writer.key(key)
            writer.beginObject()
            for entry in description.tensors where entry.isParameter == areParameters {
                try write(entry, now: entry.isPersistent ? nil : tensor(entry.name), to: &writer)
            }
            writer.endObject()
        }
        writer.key("graph")
        writer.beginArray()
        for node in description.graph.nodes { write(node, to: &writer) }
        writer.endArray()
    }

    private static func write(
        _ entry: GraphTensor,
        now tensor: Tensor?,
        to writer: inout JSONWriter
    ) throws(DocumentProblem) {
        writer.key(entry.name)
        writer.beginObject()
        writer.member("shape", entry.shape.dimensions)
        writer.member("dtype", entry.dtype.rawValue)
        if let initial = entry.initial { writer.member("init", initial.rawValue) }
        if !entry.isPersistent { writer.member("persistent", false) }
        if let tensor {
            writer.key("data")
            try writer.write(tensor, .strings)
        }
        writer.endObject()
    }

    private static func write(_ node: Graph.Node, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("op", node.operation.name)
        writer.member("name", node.name)
        switch node.operation {
        case .placeholder(let value):
            if let value {
                writer.key("default")
                write(value, to: &writer)
            }
        case .getAttribute(let target): writer.member("target", target)
        case .callModule(let target, let operands), .callFunction(let target, let operands):
            writer.member("target", target)
            write(operands, to: &writer)
        case .output(let operand):
            writer.key("args")
            writer.beginArray()
            write(operand, to: &writer)
            writer.endArray()
        }
        writer.endObject()
    }

    private static func write(_ operands: Graph.Operands, to writer: inout JSONWriter) {
        writer.key("args")
        write(operands.positional, to: &writer)
        guard !operands.named.isEmpty else { return }
        writer.key("kwargs")
        writer.beginObject()
        for (name, operand) in operands.named {
            writer.key(name)
            write(operand, to: &writer)
        }
        writer.endObject()
    }

    private static func write(_ operands: [Graph.Operand], to writer: inout JSONWriter) {
        writer.beginArray()
        for operand in operands { write(operand, to: &writer) }
        writer.endArray()
    }

    private static func write(_ operand: Graph.Operand, to writer: inout JSONWriter) {
        switch operand {
        case .value(let value): write(value, to: &writer)
        case .node(let name): marked("node", &writer) { $0.write(name) }
        case .list(let elements): write(elements, to: &writer)
        case .tuple(let elements): marked("tuple", &writer) { write(elements, to: &$0) }
        case .slice(let start, let stop, let step): marked("slice", &writer) { write([start, stop, step], to: &$0) }
        case .dictionary(let elements):
            writer.beginObject()
            for (key, element) in elements {
                writer.key(key)
                write(element, to: &writer)
            }
            writer.endObject()
        }
    }

    private static func write(_ value: Value, to writer: inout JSONWriter) {
        switch value {
        case .none, .tensor: writer.writeNull()
        case .bool(let flag): writer.write(flag)
        case .integer(let number): writer.write(number)
        case .float(let number): write(number, to: &writer)
        case .string(let text): writer.write(text)
        case .dtype(let dtype): marked("dtype", &writer) { $0.write(dtype.rawValue) }
        case .ellipsis: marked("ellipsis", &writer) { $0.write(true) }
        case .slice(let start, let stop, let step):
            let bounds = [start, stop, step].map { Graph.Operand.value($0.map(Value.integer) ?? .none) }
            marked("slice", &writer) { write(bounds, to: &$0) }
        case .list(let elements): write(elements.map(Graph.Operand.value), to: &writer)
        case .tuple(let elements): marked("tuple", &writer) { write(elements.map(Graph.Operand.value), to: &$0) }
        case .dictionary(let elements): write(.dictionary(elements.mapValues(Graph.Operand.value)), to: &writer)
        }
    }

    private static func write(_ number: Double, to writer: inout JSONWriter) {
        guard number.isFinite else {
            return writer.write(number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity")
        }
        writer.write(number)
    }

    private static func marked(_ key: String, _ writer: inout JSONWriter, _ body: (inout JSONWriter) -> Void) {
        writer.beginObject()
        writer.key(key)
        body(&writer)
        writer.endObject()
    }
}
