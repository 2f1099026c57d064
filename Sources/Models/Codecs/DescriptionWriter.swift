package import JSON
import OrderedCollections
import Tensors

/// Writes what describes a module, as `DescriptionReader` reads it.
package enum DescriptionWriter {
    /// Writes the members of the description of the module that `document` shows and that was made by `plan`.
    ///
    /// - Parameter writesReferences: Whether modules that are referred to are named; they are written out if not.
    package static func write(
        _ document: ModuleDocument,
        _ plan: ModulePlan,
        writesReferences: Bool,
        to writer: inout JSONWriter
    ) throws(DocumentProblem) {
        writeLayer(document, to: &writer)
        writer.member("training", plan.isTraining)
        if plan.compatibility != .current {
            writer.member("compat", CompatibilityName(plan.compatibility).rawValue)
        }
        writer.member("input_name", plan.inputName)
        writer.member("output_name", plan.outputName)
        if !plan.ties.isEmpty {
            writer.key("tied")
            writer.beginObject()
            for (name, first) in plan.ties { writer.member(name, first) }
            writer.endObject()
        }
        try writeModules(of: document, at: "", root: "", writesReferences: writesReferences, to: &writer)
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

    /// Writes what is in the module at `path`, which belongs to the registered module at `root`.
    private static func writeModules(
        of document: ModuleDocument,
        at path: String,
        root: String,
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
            let place = joined(path, child.name)
            if writesReferences, let reference = child.ref {
                writer.member("ref", reference)
            } else if let shared = child.shared {
                writer.member("shared", joined(root, shared))
            } else {
                writeLayer(child, to: &writer)
                try writeModules(
                    of: child,
                    at: place,
                    root: child.ref == nil ? root : place,
                    writesReferences: writesReferences,
                    to: &writer
                )
            }
            writer.endObject()
        }
        writer.endArray()
    }

    private static func joined(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}
