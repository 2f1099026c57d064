package import NN
import OrderedCollections
package import Tensors

/// A place in a tree whose description holds water.
package indirect enum CheckedNode: Sendable {
    case ref(String)
    case layer(CheckedLayer)
    /// The module at that path of the same tree.
    case shared(String, CheckedLayer)

    /// The module, unless it is a registered one.
    package var layer: CheckedLayer? {
        switch self {
        case .layer(let layer), .shared(_, let layer): layer
        case .ref: nil
        }
    }
}

/// A module inside a container.
package struct CheckedChild: Sendable {
    package let key: String
    /// Where it stands in the description, as a component of a JSON pointer.
    package let place: String
    package let node: CheckedNode
}

/// A layer whose type is known and whose arguments fit.
package struct CheckedLayer: Sendable {
    package let type: ModuleType
    package let arguments: CheckedArguments
    /// What the client asked for; `nil` is float32 where it matters.
    package let dtype: DType?
    /// The modules inside in order.
    package let children: [CheckedChild]
    /// What makes a `GraphModule`.
    package var graph: GraphDescription?
    /// Whether all modules inside are copies of the first.
    var areCopies = false

    /// The parameters and buffers that the layer has or can have.
    package var declaredTensors: [TensorDeclaration] {
        graph?.tensors.map(\.declaration) ?? type.tensors(arguments.given)
    }

    /// The parameters and buffers that the layer has when it is made.
    var presentTensors: [TensorDeclaration] { declaredTensors.filter(\.isPresent) }

    /// The type of a tensor.
    package func dtype(of tensor: TensorDeclaration) -> DType { tensor.dtype ?? dtype ?? .float32 }

    /// Makes the layer, without children.
    func make(with generator: Generator) throws -> Module {
        try type.make(arguments, dtype ?? .float32, generator)
    }

    /// The modules of the tree, shared ones once for each place; the checker bounds them.
    var moduleCount: Int { children.reduce(1) { $0 + ($1.node.layer?.moduleCount ?? 1) } }

    /// The modules on the longest way down.
    var height: Int { 1 + (children.map { $0.node.layer?.height ?? 1 }.max() ?? 0) }

    /// The names of all references in the tree.
    package var references: [String] {
        children.flatMap { child -> [String] in
            switch child.node {
            case .ref(let name): [name]
            case .layer(let layer): layer.references
            case .shared: []
            }
        }
    }
}
