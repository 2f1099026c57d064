package import OrderedCollections
package import Tensors

/// What a client asks for when it creates or replaces a module.
package struct ModuleDescription: Sendable {
    /// The name in the registry; the registry gives one when there is none.
    package var name: String?
    /// The module tree.
    package var root: NodeDescription
    /// What `torch.manual_seed` would get before PyTorch builds the tree; negative ones as two's complement.
    package var seed: UInt64?
    /// Whether the tree trains, except for what references bring.
    package var training: Bool
    /// The PyTorch whose rules the module follows.
    package var compatibility: Compatibility
    /// The tensors to load once the tree is built, all or nothing.
    package var stateDict: StateSource?
    /// Names of parameters that are one with an earlier one, and its name.
    package var tied: OrderedDictionary<String, String>
    /// The input's name for the Open Inference Protocol.
    package var inputName: String
    /// The output's name for the Open Inference Protocol.
    package var outputName: String

    package init(
        name: String? = nil,
        root: NodeDescription,
        seed: UInt64? = nil,
        training: Bool = false,
        compatibility: Compatibility = .current,
        stateDict: OrderedDictionary<String, Tensor>? = nil,
        tied: OrderedDictionary<String, String> = [:],
        inputName: String = "input",
        outputName: String = "output"
    ) {
        self.name = name
        self.root = root
        self.seed = seed
        self.training = training
        self.compatibility = compatibility
        self.stateDict = stateDict.map(StateSource.init)
        self.tied = tied
        self.inputName = inputName
        self.outputName = outputName
    }
}

/// One place in a module tree.
package enum NodeDescription: Sendable {
    /// The registered module of that name, shared as PyTorch shares an object.
    case ref(String)
    /// The module at that path of the same tree, which comes before.
    case shared(String)
    /// A module of its own.
    case layer(LayerDescription)
}

/// A module by its type and arguments.
package struct LayerDescription: Sendable {
    /// PyTorch's class name.
    package var type: String
    /// The constructor's arguments under PyTorch's names.
    package var arguments: OrderedDictionary<String, ArgumentValue>
    /// The parameters' type; `nil` is float32.
    package var dtype: DType?
    /// The modules inside, for containers.
    package var children: [ChildDescription]?
    /// What makes a `GraphModule`.
    package var graph: GraphDescription?

    package init(
        type: String,
        arguments: OrderedDictionary<String, ArgumentValue> = [:],
        dtype: DType? = nil,
        children: [ChildDescription]? = nil,
        graph: GraphDescription? = nil
    ) {
        self.graph = graph
        self.type = type
        self.arguments = arguments
        self.dtype = dtype
        self.children = children
    }
}

/// A module inside a container.
package struct ChildDescription: Sendable {
    /// The key in the container; `nil` takes the position.
    package var key: String?
    /// Where the module stands in the description that a client sent, its position or its key; `nil` takes the key.
    package var place: String?
    /// The module.
    package var node: NodeDescription

    package init(key: String? = nil, place: String? = nil, node: NodeDescription) {
        self.key = key
        self.place = place
        self.node = node
    }
}
