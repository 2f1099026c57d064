import NN
import OrderedCollections
import Tensors

/// Checks descriptions before any memory is taken for what they describe.
package struct DescriptionChecker {
    let limits: DescriptionLimits
    package private(set) var byteCount = 0
    private var moduleCount = 0
    /// The modules that are checked already, by their paths.
    private var places: [String: CheckedNode] = [:]

    /// Whether a state dictionary comes along, which then has every key.
    private let hasStateDict: Bool

    package init(limits: DescriptionLimits, hasStateDict: Bool = false) {
        self.limits = limits
        self.hasStateDict = hasStateDict
    }

    /// Returns the root of a tree, checked.
    package mutating func check(root: NodeDescription) throws(DescriptionProblem) -> CheckedLayer {
        guard case .layer(let layer) = root else {
            throw DescriptionProblem(.referenceAtRoot, at: ["ref"])
        }
        let checked = try check(layer, at: [], path: "", depth: 1)
        try take(checked.objectByteCount, at: [])
        return checked
    }

    private mutating func check(
        _ layer: LayerDescription,
        at pointer: [String],
        path: String?,
        depth: Int
    ) throws(DescriptionProblem) -> CheckedLayer {
        guard depth <= limits.maxTreeDepth else {
            throw DescriptionProblem(.beyond(.treeDepth, limit: limits.maxTreeDepth, requested: nil), at: pointer)
        }
        moduleCount += 1
        guard moduleCount <= limits.maxTreeModules else {
            throw DescriptionProblem(.beyond(.treeModules, limit: limits.maxTreeModules, requested: nil), at: pointer)
        }
        let (type, arguments) = try Self.locating(pointer) { () throws(DescriptionProblem) in
            try Self.typeAndArguments(of: layer)
        }
        let checked = CheckedLayer(
            type: type,
            arguments: arguments,
            dtype: layer.dtype,
            children: try children(of: layer, type: type, arguments, at: pointer, path: path, depth: depth),
            graph: layer.graph
        )
        if let fault = fault(in: layer) { throw DescriptionProblem(fault.0, at: pointer + fault.at) }
        try count(checked, at: pointer)
        return checked
    }

    private static func typeAndArguments(
        of layer: LayerDescription
    ) throws(DescriptionProblem) -> (ModuleType, CheckedArguments) {
        guard let type = ModuleType.described(as: layer.type) else {
            throw DescriptionProblem(.unknownType(layer.type), at: ["type"])
        }
        if layer.dtype != nil, !type.takesDType {
            let function = "\(type.name).__init__"
            throw DescriptionProblem(.unexpectedArgument(function: function, name: "dtype"), at: ["dtype"])
        }
        let arguments = try CheckedArguments(layer.arguments, for: type)
        if let dtype = layer.dtype, !dtype.isFloatingPoint, !type.tensors(arguments.given).isEmpty {
            let text = "Only Tensors of floating point and complex dtype can require gradients"
            throw DescriptionProblem(.refused(text), at: ["dtype"])
        }
        return (type, arguments)
    }

    private mutating func children(
        of layer: LayerDescription,
        type: ModuleType,
        _ arguments: CheckedArguments,
        at pointer: [String],
        path: String?,
        depth: Int
    ) throws(DescriptionProblem) -> [CheckedChild] {
        guard let children = layer.children else { return [] }
        let pointer = pointer + ["modules"]
        var checked: [CheckedChild] = []
        var keys: Set<String> = []
        for (index, child) in children.enumerated() {
            let (key, place) = (child.key ?? "\(index)", child.place ?? child.key ?? "\(index)")
            if let fault = Self.fault(in: child, at: index, of: type, isNew: keys.insert(key).inserted) {
                throw DescriptionProblem(fault, at: pointer + [place])
            }
            if let copies = type.copies, copies.child == key {
                let count = arguments.given.optionalInt(copies.count)
                let list = try self.copies(of: child.node, count, type, at: pointer + [place], depth: depth + 1)
                checked.append(CheckedChild(key: copies.into, place: place, node: .layer(list)))
                continue
            }
            let inner = path.map { $0.isEmpty ? key : "\($0).\(key)" }
            let node = try node(child.node, at: pointer + [place], path: inner, depth: depth + 1)
            if case .shared(_, let layer) = node, type.chainsChildren, layer.type.inputCount > 1 {
                throw DescriptionProblem(.notInSequential(type: layer.type.name), at: pointer + [place])
            }
            if let inner { places[inner] = node }
            checked.append(CheckedChild(key: key, place: place, node: node))
        }
        guard type.children != .none else {
            throw DescriptionProblem(.notAContainer(type: type.name), at: pointer)
        }
        return checked
    }

    /// Returns a list of `count` copies of a module, counting what each takes.
    private mutating func copies(
        of node: NodeDescription,
        _ count: Int?,
        _ type: ModuleType,
        at pointer: [String],
        depth: Int
    ) throws(DescriptionProblem) -> CheckedLayer {
        guard let count, let name = type.copies?.count else {
            let function = "\(type.name).__init__"
            throw DescriptionProblem(
                .missingArguments(function: function, names: [type.copies?.count ?? ""]),
                at: pointer.dropLast(2)
            )
        }
        guard (1...limits.maxTreeModules).contains(count) else {
            let text = "\(name) must be from 1 to \(limits.maxTreeModules), not \(count)"
            throw DescriptionProblem(.refused(text), at: pointer.dropLast(2) + [name])
        }
        let before = (modules: moduleCount, bytes: byteCount)
        let checked = try self.node(node, at: pointer, path: nil, depth: depth + 1)
        if case .ref = checked {
            throw DescriptionProblem(.refused("a copy cannot be made of a reference"), at: pointer)
        }
        if case .layer(let layer) = checked, !layer.references.isEmpty {
            throw DescriptionProblem(.refused("a copy cannot be made of a reference"), at: pointer)
        }
        let (modules, isMany) = (moduleCount - before.modules).multipliedReportingOverflow(by: count)
        moduleCount = isMany ? .max : saturatingSum(before.modules + 1, modules)
        guard moduleCount <= limits.maxTreeModules else {
            throw DescriptionProblem(.beyond(.treeModules, limit: limits.maxTreeModules, requested: nil), at: pointer)
        }
        let (bytes, isHuge) = (byteCount - before.bytes).multipliedReportingOverflow(by: count - 1)
        try take(isHuge ? nil : bytes, at: pointer)
        return CheckedLayer(
            type: .moduleList,
            arguments: try CheckedArguments([:], for: .moduleList),
            dtype: nil,
            children: (0..<count).map { CheckedChild(key: "\($0)", place: "\($0)", node: checked) },
            areCopies: true
        )
    }

    private func saturatingSum(_ first: Int, _ second: Int) -> Int {
        let (sum, overflow) = first.addingReportingOverflow(second)
        return overflow ? .max : sum
    }

    /// Finds what is missing of a graph: itself, or where the elements of one of its tensors come from.
    private func fault(in layer: LayerDescription) -> (DescriptionProblem.Fault, at: [String])? {
        guard layer.type == ModuleType.graphModule.name else { return nil }
        guard let graph = layer.graph else {
            return (.missingArguments(function: "GraphModule.__init__", names: ["graph"]), [])
        }
        let bare = graph.tensors.first { $0.needsStateDict && (!hasStateDict || !$0.isPersistent) }
        return bare.map { tensor in
            let text = "'\(tensor.name)' needs 'init', 'data' or an entry in 'state_dict'"
            return (.refused(text), [tensor.field, tensor.name])
        }
    }

    private mutating func node(
        _ node: NodeDescription,
        at pointer: [String],
        path: String?,
        depth: Int
    ) throws(DescriptionProblem) -> CheckedNode {
        switch node {
        case .ref(let name): return .ref(name)
        case .layer(let layer): return .layer(try check(layer, at: pointer, path: path, depth: depth))
        case .shared(let first):
            guard path != nil else {
                throw DescriptionProblem(.refused("a copy cannot be made of a shared module"), at: pointer)
            }
            return try shared(first, at: pointer, depth: depth)
        }
    }

    /// Returns the module at `path`, which must be complete, and counts it for this place too.
    private mutating func shared(
        _ path: String,
        at pointer: [String],
        depth: Int
    ) throws(DescriptionProblem) -> CheckedNode {
        guard let node = places[path] else {
            throw DescriptionProblem(.refused("'\(path)' names no module before this one"), at: pointer + ["shared"])
        }
        guard let layer = node.layer else { return node }
        moduleCount = saturatingSum(moduleCount, layer.moduleCount)
        guard moduleCount <= limits.maxTreeModules else {
            throw DescriptionProblem(.beyond(.treeModules, limit: limits.maxTreeModules, requested: nil), at: pointer)
        }
        guard depth + layer.height - 1 <= limits.maxTreeDepth else {
            throw DescriptionProblem(.beyond(.treeDepth, limit: limits.maxTreeDepth, requested: nil), at: pointer)
        }
        if case .shared = node { return node }
        return .shared(path, layer)
    }

    private static func fault(
        in child: ChildDescription,
        at index: Int,
        of type: ModuleType,
        isNew: Bool
    ) -> DescriptionProblem.Fault? {
        guard isNew else { return .duplicateKey(child.key ?? "\(index)") }
        if type.children == .positions, let key = child.key, key != "\(index)" {
            return .unexpectedKeys(type: type.name)
        }
        // A shared one was checked where it stands first.
        guard case .layer(let layer) = child.node, type.chainsChildren,
            let inner = ModuleType.described(as: layer.type), inner.inputCount > 1
        else { return nil }
        return .notInSequential(type: layer.type)
    }

    private mutating func count(_ layer: CheckedLayer, at pointer: [String]) throws(DescriptionProblem) {
        for tensor in layer.presentTensors {
            let bytes = try Self.locating(pointer) { () throws(DescriptionProblem) in
                try Self.byteCount(of: tensor, in: layer)
            }
            guard bytes <= limits.maxParameterBytes else {
                throw DescriptionProblem(
                    .beyond(.parameterBytes, limit: limits.maxParameterBytes, requested: bytes),
                    at: pointer
                )
            }
            let (footprint, isHuge) = bytes.multipliedReportingOverflow(by: tensor.isPacked ? 2 : 1)
            try take(isHuge ? nil : footprint, at: pointer)
        }
    }

    /// Counts bytes of the tree; `nil` is more than can be counted.
    private mutating func take(_ bytes: Int?, at pointer: [String]) throws(DescriptionProblem) {
        let (sum, overflow) = byteCount.addingReportingOverflow(bytes ?? .max)
        let requested = overflow || bytes == nil ? nil : sum
        guard let requested, requested <= limits.maxBytes else {
            throw DescriptionProblem(.beyond(.bytes, limit: limits.maxBytes, requested: requested), at: pointer)
        }
        byteCount = requested
    }

    private static func byteCount(of tensor: TensorDeclaration, in layer: CheckedLayer) throws(DescriptionProblem)
        -> Int
    {
        do throws(TensorError) {
            let shape = try Shape(checking: tensor.sizes)
            let (bytes, overflow) = shape.elementCount.multipliedReportingOverflow(by: layer.dtype(of: tensor).itemSize)
            guard !overflow else { throw .storageOverflow(shape: tensor.sizes) }
            return bytes
        } catch {
            if case .negativeDimension = error { throw DescriptionProblem(.refused(error.message())) }
            throw DescriptionProblem(.impossibleTensor(error.message()))
        }
    }

    private static func locating<Result>(
        _ pointer: [String],
        _ body: () throws(DescriptionProblem) -> Result
    ) throws(DescriptionProblem) -> Result {
        do throws(DescriptionProblem) {
            return try body()
        } catch {
            throw error.inside(pointer)
        }
    }
}
