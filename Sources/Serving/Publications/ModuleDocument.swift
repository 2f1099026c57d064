import NN
package import OrderedCollections
package import Tensors

/// What a client reads about a module.
package struct ModuleDocument: Sendable {
    /// The key in the container around it; the registered name at the root.
    package var name: String
    /// PyTorch's class name.
    package var type: String
    /// The constructor's arguments; `bias` as it is now.
    package var arguments: OrderedDictionary<String, ArgumentValue>
    /// The type in which the layer computes; `nil` for layers without parameters.
    package var dtype: DType?
    /// Whether it behaves as in training.
    package var training: Bool
    /// The registered module that stands here.
    package var ref: String?
    /// The modules inside in order; `nil` unless it is a container.
    package var modules: [ModuleDocument]?
}

/// A parameter or buffer without its numbers.
package struct TensorFacts: Sendable, Equatable {
    /// The key in the state dictionary.
    package var name: String
    package var shape: [Int]
    package var dtype: DType
}

extension Publication {
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

    private static func document(of place: Place, name: String) -> ModuleDocument {
        let layer = place.layer
        var arguments = layer.arguments.values
        if arguments["bias"] != nil, let bias = place.module.parameterTable.first(where: { $0.name == "bias" }) {
            arguments["bias"] = .bool(bias.value != nil)
        }
        let isContainer = layer.type.children != .none
        return ModuleDocument(
            name: name,
            type: layer.type.name,
            arguments: arguments,
            dtype: layer.type.takesDType ? layer.shownDType : nil,
            training: place.module.isTraining,
            ref: place.reference,
            modules: isContainer ? zip(layer.children, place.children).map { document(of: $1, name: $0.key) } : nil
        )
    }
}

extension CheckedLayer {
    /// The type that a client sees; a layer without tensors has one only if it was given one.
    var shownDType: DType? {
        type.tensors(arguments).isEmpty ? dtype : dtype ?? .float32
    }
}
