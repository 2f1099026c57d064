import JSON
import Models
import OrderedCollections
import Serving
import Tensors
import Web

/// Writes the document of a module: what a client described, and what became of it.
enum ModuleDocumentWriter {
    static func write(_ module: ModuleOutline, to writer: inout JSONWriter) throws(DocumentProblem) {
        writer.beginObject()
        writer.member("name", module.name)
        try module.writeDescription(writesReferences: true, to: &writer)
        writeOutcome(of: module, to: &writer)
        writer.endObject()
    }

    /// Returns the description from which the module can be made anew where it refers to nothing: what it refers to is
    /// written out.
    static func description(of moduleVersion: ModuleVersion) throws(DocumentProblem) -> String {
        var writer = JSONWriter(capacity: 1_024)
        writer.beginObject()
        try moduleVersion.writeDescription(writesReferences: false, to: &writer)
        writer.endObject()
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    /// Writes what a client only reads.
    private static func writeOutcome(of module: ModuleOutline, to writer: inout JSONWriter) {
        writer.member("version", module.number)
        writer.member("repr", module.repr)
        write(module.parameters, as: "parameters", to: &writer)
        write(module.buffers, as: "buffers", to: &writer)
        writer.key("hooks")
        writer.beginArray()
        for hook in module.hooks { HookWriter.write(hook, to: &writer) }
        writer.endArray()
    }

    private static func write(_ tensors: [TensorFacts], as name: String, to writer: inout JSONWriter) {
        writer.key(name)
        writer.beginArray()
        for tensor in tensors {
            writer.beginObject()
            writer.member("name", tensor.name)
            writer.member("shape", tensor.shape)
            writer.member("dtype", tensor.dtype.rawValue)
            writer.endObject()
        }
        writer.endArray()
    }
}
