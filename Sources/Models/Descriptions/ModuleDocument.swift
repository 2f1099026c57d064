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
    /// The path, in the tree of the registered module around it, of the place before where the same module stands.
    package var shared: String?
    /// The modules inside in order; `nil` unless it is a container.
    package var modules: [ModuleDocument]?
    /// What makes a `GraphModule`.
    package var graph: GraphDescription?
    /// The elements of buffers that stand in no state dictionary, as they are now.
    package var transientBuffers: [String: Tensor] = [:]

    package init(
        name: String,
        type: String,
        arguments: OrderedDictionary<String, ArgumentValue>,
        dtype: DType?,
        training: Bool,
        ref: String?,
        modules: [ModuleDocument]?
    ) {
        self.name = name
        self.type = type
        self.arguments = arguments
        self.dtype = dtype
        self.training = training
        self.ref = ref
        self.modules = modules
    }
}

/// A parameter or buffer without its numbers.
package struct TensorFacts: Sendable, Equatable {
    /// The key in the state dictionary.
    package var name: String
    package var shape: [Int]
    package var dtype: DType

    package init(name: String, shape: [Int], dtype: DType) {
        self.name = name
        self.shape = shape
        self.dtype = dtype
    }
}
