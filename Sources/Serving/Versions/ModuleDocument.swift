package import JSON
package import Models
import NN
import OrderedCollections
import Tensors

extension ModuleVersion {
    /// The module and all below it as a client reads them.
    ///
    /// O(number of modules).
    package var document: ModuleDocument { Self.document(of: rootPlace, name: name) }

    /// All parameters, shared ones once under their first key.
    package var parameters: [TensorFacts] {
        root.namedParameters().map { name, parameter in
            TensorFacts(name: name, shape: Array(parameter.tensor.shape), dtype: parameter.tensor.dtype)
        }
    }

    /// All buffers, those of shared modules once.
    package var buffers: [TensorFacts] {
        root.namedBuffers().map { TensorFacts(name: $0, shape: Array($1.shape), dtype: $1.dtype) }
    }

    /// The hooks on the module and all below it, by id; those on shared modules once, under the first path.
    package var hooks: [ListedHook] {
        var seen: Set<ObjectIdentifier> = []
        return places().filter { seen.insert(ObjectIdentifier($0.module)).inserted }
            .flatMap { place in
                place.owner.installedHooks.filter { $0.description.module == place.ownerPath }
                    .map { ListedHook(module: place.path, record: $0) }
            }
            .sorted { $0.id < $1.id }
    }

    /// Writes the members of a description from which the module can be made anew, but for its tensors.
    package func writeDescription(
        writesReferences: Bool,
        to writer: inout JSONWriter
    ) throws(DocumentProblem) {
        try DescriptionWriter.write(document, plan, writesReferences: writesReferences, to: &writer)
    }

    private static func document(of place: Place, name: String) -> ModuleDocument {
        let layer = place.layer
        var arguments = layer.arguments.values
        if arguments["bias"] != nil, let bias = place.module.parameterTable.first(where: { $0.name == "bias" }) {
            arguments["bias"] = .bool(bias.value != nil)
        }
        let isContainer = layer.type.children != .none
        var made = ModuleDocument(
            name: name,
            type: layer.type.name,
            arguments: arguments,
            dtype: layer.type.takesDType ? layer.shownDType : nil,
            training: place.module.isTraining,
            ref: place.reference,
            modules: isContainer ? zip(layer.children, place.children).map { document(of: $1, name: $0.key) } : nil
        )
        made.shared = place.shared
        made.graph = layer.graph
        for tensor in layer.graph?.tensors ?? [] where !tensor.isPersistent {
            made.transientBuffers[tensor.name] = place.module.buffer(at: tensor.name)
        }
        return made
    }
}

extension CheckedLayer {
    /// The type that a client sees; a layer without tensors has one only if it was given one.
    var shownDType: DType? {
        declaredTensors.isEmpty ? dtype : dtype ?? .float32
    }
}
