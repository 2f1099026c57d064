import NN
import OrderedCollections
import Tensors

/// A place in a tree whose description holds water.
indirect enum CheckedNode: Sendable {
    case ref(String)
    case layer(CheckedLayer)
}

/// A layer whose type is known and whose arguments fit.
struct CheckedLayer: Sendable {
    let type: LayerType
    let arguments: CheckedArguments
    /// What the client asked for; `nil` is float32 where it matters.
    let dtype: DType?
    /// The modules inside in order.
    let children: [(key: String, node: CheckedNode)]

    /// The parameters and buffers that the layer has when it is made.
    var presentTensors: [TensorPlan] { type.tensors(arguments).filter(\.isPresent) }

    /// The type of the tensor `plan`.
    func dtype(of plan: TensorPlan) -> DType { plan.dtype ?? dtype ?? .float32 }

    /// Makes the layer, without children; half types draw as float32 and are rounded then.
    func make(with generator: Generator) throws -> Module {
        guard let dtype, dtype.isHalf else { return try type.make(arguments, dtype ?? .float32, generator) }
        return try type.make(arguments, .float32, generator).to(dtype)
    }

    /// The names of all references in the tree.
    var references: [String] {
        children.flatMap { _, node -> [String] in
            switch node {
            case .ref(let name): [name]
            case .layer(let layer): layer.references
            }
        }
    }
}

/// Checks descriptions before any memory is taken for what they describe.
struct DescriptionChecker {
    let limits: ServingLimits
    private(set) var byteCount = 0
    private var moduleCount = 0

    init(limits: ServingLimits) {
        self.limits = limits
    }

    /// Returns the root of a tree, checked.
    mutating func check(root: NodeDescription) throws(ServingError) -> CheckedLayer {
        guard case .layer(let layer) = root else {
            throw .invalidDescription(DescriptionProblem(.referenceAtRoot, at: ["ref"]))
        }
        return try check(layer, at: [], depth: 1)
    }

    private mutating func check(
        _ layer: LayerDescription,
        at pointer: [String],
        depth: Int
    ) throws(ServingError) -> CheckedLayer {
        guard depth <= limits.maxTreeDepth else {
            throw .limitExceeded(.treeDepth, limit: limits.maxTreeDepth, requested: nil)
        }
        moduleCount += 1
        guard moduleCount <= limits.maxTreeModules else {
            throw .limitExceeded(.treeModules, limit: limits.maxTreeModules, requested: nil)
        }
        let (type, arguments) = try Self.locating(pointer) { () throws(DescriptionProblem) in
            try Self.typeAndArguments(of: layer)
        }
        let checked = CheckedLayer(
            type: type,
            arguments: arguments,
            dtype: layer.dtype,
            children: try children(of: layer, type: type, at: pointer, depth: depth)
        )
        try count(checked, at: pointer)
        return checked
    }

    private static func typeAndArguments(
        of layer: LayerDescription
    ) throws(DescriptionProblem) -> (LayerType, CheckedArguments) {
        guard let type = LayerType.all[layer.type] else {
            throw DescriptionProblem(.unknownType(layer.type), at: ["type"])
        }
        let function = "\(type.name).__init__"
        if layer.dtype != nil, !type.takesDType {
            throw DescriptionProblem(.unexpectedArgument(function: function, name: "dtype"), at: ["dtype"])
        }
        if let dtype = layer.dtype, !dtype.isFloatingPoint, !type.tensors(try arguments(of: layer, type)).isEmpty {
            let text = "Only Tensors of floating point and complex dtype can require gradients"
            throw DescriptionProblem(.refused(text), at: ["dtype"])
        }
        return (type, try arguments(of: layer, type))
    }

    private static func arguments(
        of layer: LayerDescription,
        _ type: LayerType
    ) throws(DescriptionProblem) -> CheckedArguments {
        try CheckedArguments(layer.arguments, for: type)
    }

    private mutating func children(
        of layer: LayerDescription,
        type: LayerType,
        at pointer: [String],
        depth: Int
    ) throws(ServingError) -> [(key: String, node: CheckedNode)] {
        guard let children = layer.children else { return [] }
        let pointer = pointer + ["modules"]
        var nodes: [(key: String, node: CheckedNode)] = []
        var keys: Set<String> = []
        for (index, child) in children.enumerated() {
            let key = child.key ?? "\(index)"
            let place = pointer + [key]
            if let fault = Self.fault(in: child, at: index, of: type, isNew: keys.insert(key).inserted) {
                throw .invalidDescription(DescriptionProblem(fault, at: place))
            }
            switch child.node {
            case .ref(let name): nodes.append((key, .ref(name)))
            case .layer(let layer): nodes.append((key, .layer(try check(layer, at: place, depth: depth + 1))))
            }
        }
        guard type.children != .none else {
            throw .invalidDescription(DescriptionProblem(.notAContainer(type: type.name), at: pointer))
        }
        return nodes
    }

    private static func fault(
        in child: ChildDescription,
        at index: Int,
        of type: LayerType,
        isNew: Bool
    ) -> DescriptionProblem.Fault? {
        guard isNew else { return .duplicateKey(child.key ?? "\(index)") }
        if type.children == .positions, let key = child.key, key != "\(index)" {
            return .unexpectedKeys(type: type.name)
        }
        guard case .layer(let layer) = child.node, type.name == "Sequential",
            let inner = LayerType.all[layer.type], inner.inputCount > 1
        else { return nil }
        return .notInSequential(type: layer.type)
    }

    private mutating func count(_ layer: CheckedLayer, at pointer: [String]) throws(ServingError) {
        for plan in layer.presentTensors {
            let bytes = try Self.locating(pointer) { () throws(DescriptionProblem) in
                try Self.byteCount(of: plan, in: layer)
            }
            guard bytes <= limits.maxParameterBytes else {
                throw .limitExceeded(.parameterBytes, limit: limits.maxParameterBytes, requested: bytes)
            }
            let (sum, overflow) = byteCount.addingReportingOverflow(bytes)
            guard !overflow, sum <= limits.maxBytes else {
                throw .limitExceeded(.bytes, limit: limits.maxBytes, requested: overflow ? nil : sum)
            }
            byteCount = sum
        }
    }

    private static func byteCount(of plan: TensorPlan, in layer: CheckedLayer) throws(DescriptionProblem) -> Int {
        do throws(TensorError) {
            let shape = try Shape(checking: plan.sizes)
            let (bytes, overflow) = shape.elementCount.multipliedReportingOverflow(by: layer.dtype(of: plan).itemSize)
            guard !overflow else { throw .storageOverflow(shape: plan.sizes) }
            return bytes
        } catch {
            throw DescriptionProblem(.impossibleTensor(error.message()))
        }
    }

    private static func locating<Result>(
        _ pointer: [String],
        _ body: () throws(DescriptionProblem) -> Result
    ) throws(ServingError) -> Result {
        do throws(DescriptionProblem) {
            return try body()
        } catch {
            throw .invalidDescription(error.inside(pointer))
        }
    }
}
