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

    package init(name: String, shape: Shape, dtype: DType, isParameter: Bool) {
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.isParameter = isParameter
    }

    var plan: TensorPlan { TensorPlan(name: name, sizes: shape.dimensions, dtype: dtype) }

    /// Whether only a state dictionary can say what the elements are.
    var needsStateDict: Bool { data == nil && initial == nil }

    /// Returns the tensor before a state dictionary is loaded; what is drawn comes from `generator`.
    func made(with generator: Generator) throws -> Tensor {
        if let data { return data }
        switch initial {
        case nil, .zeros: return try .zeros(shape, dtype: dtype)
        case .ones: return try .ones(shape, dtype: dtype)
        case .normal: return try Initial.normal(shape, dtype: dtype, generator: generator)
        case .uniform: return try Initial.uniform(shape, dtype: dtype, generator: generator)
        }
    }
}

extension LayerType {
    /// A module whose `forward` is data; it is made by way of its graph.
    static let graphModule = LayerType(
        name: "GraphModule",
        children: .names,
        rows: { _ in .together },
        features: { _ in Features(output: .unknown) },
        make: { _, _, _ in throw DescriptionProblem(.refused("a GraphModule needs the field 'graph'"), at: ["graph"]) }
    )

    /// Returns the type of that name: PyTorch's, or a module class that was registered with `ModuleType.register(_:)`.
    package static func named(_ name: String) -> LayerType? {
        if name == graphModule.name { return graphModule }
        return all[name] ?? ModuleType.named(name).map(LayerType.init)
    }

    /// Creates the type of a module class that declares itself.
    init(_ type: ModuleType) {
        self.init(
            name: type.name,
            takesDType: type.takesDType,
            inputCount: type.inputCount,
            rows: { _ in .together },
            features: { _ in Features(output: .unknown) },
            make: { given, dtype, generator in try type.make(given.declared(by: type), dtype, generator) }
        )
        declaration = type
        children =
            switch type.children {
            case .none: .none
            case .positions: .positions
            case .positionsOrNames: .positionsOrNames
            case .names: .names
            }
        tensors = { given in
            let declared = try? type.tensors(given.declared(by: type))
            return (declared ?? []).map {
                TensorPlan(
                    name: $0.name,
                    sizes: $0.sizes,
                    isPresent: $0.isPresent,
                    dtype: $0.dtype,
                    isPacked: $0.isPacked
                )
            }
        }
    }
}

extension CheckedArguments {
    /// Returns the arguments as `type`, which has checked them, takes them.
    fileprivate func declared(by type: ModuleType) throws(ArgumentProblem) -> ModuleArguments {
        try ModuleArguments(values.mapValues(\.value), for: type)
    }
}

extension ArgumentValue {
    /// The value as Python has it.
    package var value: Value {
        switch self {
        case .int(let number): .integer(number)
        case .tooBig(let digits): .float(Double(digits) ?? .infinity)
        case .double(let number): .float(number)
        case .bool(let flag): .bool(flag)
        case .string(let text): .string(text)
        case .null: .none
        case .list(let elements): .list(elements.map(\.value))
        case .object: .dictionary([:])
        }
    }
}
