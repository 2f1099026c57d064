package import NN
import OrderedCollections
package import Tensors

/// A `forward` as a client described it, with the class that it comes from and the tensors of that class's own.
package struct GraphDescription: Sendable {
    /// What PyTorch prints for the class.
    package var className: String
    package var graph: Graph
    package var tensors: [GraphTensor]

    package init(className: String, graph: Graph, tensors: [GraphTensor]) {
        self.className = className
        self.graph = graph
        self.tensors = tensors
    }
}

/// A parameter or buffer of a graph's own.
package struct GraphTensor: Sendable {
    /// What its elements are before a state dictionary is loaded.
    package enum Start: String, Sendable, CaseIterable {
        case zeros, ones, normal, uniform
    }

    package var name: String
    package var shape: Shape
    package var dtype: DType
    package var isParameter: Bool
    /// Whether a buffer stands in the state dictionary.
    package var isPersistent = true
    package var initial: Start?
    /// The elements, if the description brings them.
    package var data: Tensor?
    /// The field of the description that declares it, for what is said of it.
    package var field: String

    package init(name: String, shape: Shape, dtype: DType, isParameter: Bool, field: String) {
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.isParameter = isParameter
        self.field = field
    }

    var declaration: TensorDeclaration { TensorDeclaration(name, shape.dimensions, dtype: dtype) }

    /// Whether only a state dictionary can say what the elements are.
    var needsStateDict: Bool { data == nil && initial == nil }

    /// Returns the tensor before a state dictionary is loaded; what is drawn comes from `generator`.
    func made(with generator: Generator) throws -> Tensor {
        if let data { return data }
        if generator.isIdle { return try Tensor(unfilled: dtype, shape: shape) }
        switch initial {
        case nil, .zeros: return try .zeros(shape, dtype: dtype)
        case .ones: return try .ones(shape, dtype: dtype)
        case .normal: return try Initial.normal(shape, dtype: dtype, generator: generator)
        case .uniform: return try Initial.uniform(shape, dtype: dtype, generator: generator)
        }
    }
}

extension ModuleType {
    /// A module whose `forward` is data; it is made by way of its graph.
    static let graphModule = ModuleType("GraphModule", children: .names) { _, _, _ in
        throw DescriptionProblem(.refused("a GraphModule needs the field 'graph'"), at: ["graph"])
    }

    /// Returns the class that descriptions name so; `nil` if there is none.
    static func described(as name: String) -> ModuleType? { name == graphModule.name ? graphModule : named(name) }
}
