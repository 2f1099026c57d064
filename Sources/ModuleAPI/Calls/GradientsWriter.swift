import JSON
import Models
import OrderedCollections
import Serving
import Tensors
import Web

/// Writes what a backward pass found.
struct GradientsWriter {
    let nonFinite: NonFinitePolicy

    func write(_ result: BackwardResult, to writer: inout JSONWriter) throws(DocumentProblem) {
        try writeInputs(result.gradInputs, named: result.inputNames, to: &writer)
        writer.key("gradients")
        writer.beginObject()
        for (name, gradient) in result.gradients { try writer.member(name, gradient, nonFinite) }
        writer.endObject()
    }

    /// Writes the gradient of the input, or those of several: by name where the module names them, else as a list.
    private func writeInputs(
        _ gradients: [Tensor?],
        named names: [String],
        to writer: inout JSONWriter
    ) throws(DocumentProblem) {
        if gradients.count == 1 { return try writer.member("grad_input", gradients[0], nonFinite) }
        writer.key("grad_input")
        if names.count == gradients.count {
            writer.beginObject()
            for (name, gradient) in zip(names, gradients) { try writer.member(name, gradient, nonFinite) }
            return writer.endObject()
        }
        writer.beginArray()
        for gradient in gradients { try write(gradient, to: &writer) }
        writer.endArray()
    }

    private func write(_ gradient: Tensor?, to writer: inout JSONWriter) throws(DocumentProblem) {
        guard let gradient else { return writer.writeNull() }
        writer.beginObject()
        try writer.members(of: gradient, nonFinite)
        writer.endObject()
    }
}
