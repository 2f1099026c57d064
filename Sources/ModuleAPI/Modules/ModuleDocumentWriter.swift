import JSON
import Models
import OrderedCollections
import Serving
import Tensors
import Web

/// Writes the document of a module: what a client described, and what became of it.
enum ModuleDocumentWriter {
    static func write(_ publication: Publication, to writer: inout JSONWriter) throws(DocumentProblem) {
        writer.beginObject()
        writer.member("name", publication.name)
        try writeDescription(of: publication, writesReferences: true, to: &writer)
        writeOutcome(of: publication, isGraph: publication.isGraph, to: &writer)
        writer.endObject()
    }

    /// Returns the description from which the module can be made anew where it refers to nothing: what it refers to is
    /// written out.
    static func description(of publication: Publication) throws(DocumentProblem) -> String {
        var writer = JSONWriter(capacity: 1_024)
        writer.beginObject()
        try writeDescription(of: publication, writesReferences: false, to: &writer)
        writer.endObject()
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    private static func writeDescription(
        of publication: Publication,
        writesReferences: Bool,
        to writer: inout JSONWriter
    ) throws(DocumentProblem) {
        let document = publication.document
        writeLayer(document, to: &writer)
        writer.member("training", publication.isTraining)
        if publication.compatibility != .current {
            writer.member("compat", CompatibilityName(publication.compatibility).rawValue)
        }
        writer.member("input_name", publication.inputName)
        writer.member("output_name", publication.outputName)
        if !publication.ties.isEmpty {
            writer.key("tied")
            writer.beginObject()
            for (name, first) in publication.ties { writer.member(name, first) }
            writer.endObject()
        }
        try writeModules(of: document, writesReferences: writesReferences, to: &writer)
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

    private static func writeModules(
        of document: ModuleDocument,
        writesReferences: Bool,
        to writer: inout JSONWriter
    ) throws(DocumentProblem) {
        if let graph = document.graph {
            try GraphWriter.write(graph, to: &writer) { document.transientBuffers[$0] }
        }
        guard let modules = document.modules else { return }
        writer.key("modules")
        writer.beginArray()
        for child in modules {
            writer.beginObject()
            writer.member("name", child.name)
            if writesReferences, let reference = child.ref {
                writer.member("ref", reference)
            } else {
                writeLayer(child, to: &writer)
                try writeModules(of: child, writesReferences: writesReferences, to: &writer)
            }
            writer.endObject()
        }
        writer.endArray()
    }

    /// Writes what a client only reads.
    private static func writeOutcome(of publication: Publication, isGraph: Bool, to writer: inout JSONWriter) {
        writer.member("version", publication.version)
        writer.member("repr", publication.repr)
        // A module whose `forward` is data declares its own under these names.
        if !isGraph {
            write(publication.parameters, as: "parameters", to: &writer)
            write(publication.buffers, as: "buffers", to: &writer)
        }
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
