import JSON
import Models
import OrderedCollections
import Serving
import Tensors
import Web

/// Writes the document of a module: what a client described, and what became of it.
enum ModuleDocumentWriter {
    static func write(_ publication: Publication, to writer: inout JSONWriter) {
        let document = publication.document
        writer.beginObject()
        writer.member("name", publication.name)
        writeLayer(document, to: &writer)
        writer.member("training", publication.isTraining)
        if publication.compatibility != .current {
            writer.member("compat", CompatibilityName(publication.compatibility).rawValue)
        }
        writer.member("input_name", publication.inputName)
        writer.member("output_name", publication.outputName)
        writeModules(of: document, to: &writer)
        writeOutcome(of: publication, to: &writer)
        writer.endObject()
    }

    /// Writes the type and its arguments under PyTorch's names.
    private static func writeLayer(_ document: ModuleDocument, to writer: inout JSONWriter) {
        writer.member("type", document.type)
        for (name, argument) in document.arguments {
            writer.key(name)
            writer.write(argument)
        }
        if let dtype = document.dtype { writer.member("dtype", dtype.rawValue) }
    }

    private static func writeModules(of document: ModuleDocument, to writer: inout JSONWriter) {
        guard let modules = document.modules else { return }
        writer.key("modules")
        writer.beginArray()
        for child in modules {
            writer.beginObject()
            writer.member("name", child.name)
            if let reference = child.ref {
                writer.member("ref", reference)
            } else {
                writeLayer(child, to: &writer)
                writeModules(of: child, to: &writer)
            }
            writer.endObject()
        }
        writer.endArray()
    }

    /// Writes what a client only reads.
    private static func writeOutcome(of publication: Publication, to writer: inout JSONWriter) {
        writer.member("version", publication.version)
        writer.member("repr", publication.repr)
        write(publication.parameters, as: "parameters", to: &writer)
        write(publication.buffers, as: "buffers", to: &writer)
        writer.key("hooks")
        writer.beginArray()
        for hook in publication.hooks { HookWriter.write(hook, to: &writer) }
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
