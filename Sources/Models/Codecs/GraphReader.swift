import JSON
import NN
import OrderedCollections
import Tensors

/// Reads what makes a module of a graph: its class, its nodes, its own parameters and buffers.
struct GraphReader {
    /// The names of a node's operation.
    private enum OperationName: String, CaseIterable {
        case placeholder
        case getAttribute = "get_attr"
        case callModule = "call_module"
        case callFunction = "call_function"
        case output
    }

    /// The most nodes that a tree may have; beyond, nothing more of it is kept.
    let maxNodes: Int
    private(set) var nodeCount = 0

    init(maxNodes: Int) {
        self.maxNodes = maxNodes
    }

    /// Takes the fields of a graph out of `object`.
    mutating func graph(_ object: inout ObjectReader) throws -> GraphDescription? {
        let className = try object.take("class", Self.className) ?? "GraphModule"
        let parameters = try Self.tensors(of: &object, "parameters", areParameters: true)
        let buffers = try Self.tensors(of: &object, "buffers", areParameters: false)
        guard let nodes = try object.take("graph", { try nodes(&$0) }) else { return nil }
        let tensorFields = ["parameters", "buffers", "own_parameters", "own_buffers"]
        try object.finish(known: ["name", "type", "class", "modules", "graph"] + tensorFields)
        return GraphDescription(className: className, graph: Graph(nodes), tensors: parameters + buffers)
    }

    /// Reads the name of a class: a Python identifier.
    private static func className(_ reader: inout JSONReader) throws -> String {
        let pointer = reader.pointer
        let name = try reader.readName()
        let isIdentifier =
            name.first.map { $0.isLetter || $0 == "_" } == true
            && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
        guard isIdentifier else {
            throw DocumentProblem(
                .invalidField,
                "'\(name)' is not a valid class name",
                got: .string(name),
                pointer: pointer
            )
        }
        return name
    }

    // MARK: Tensors

    /// Takes the tensors of the module's own: a document has them under a longer name, beside the list of all of the tree.
    private static func tensors(
        of object: inout ObjectReader,
        _ name: String,
        areParameters: Bool
    ) throws -> [GraphTensor] {
        for field in ["own_\(name)", name] {
            let given = try object.take(field) { try tensors(&$0, in: field, areParameters: areParameters) }
            if let given { return given }
        }
        return []
    }

    private static func tensors(
        _ reader: inout JSONReader,
        in field: String,
        areParameters: Bool
    ) throws -> [GraphTensor] {
        var tensors: [GraphTensor] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = try JSONReader.checkedName(key, pointer: reader.pointer)
            tensors.append(try tensor(&reader, name: name, in: field, isParameter: areParameters))
        }
        return tensors
    }

    private static func tensor(
        _ reader: inout JSONReader,
        name: String,
        in field: String,
        isParameter: Bool
    ) throws -> GraphTensor {
        var object = try ObjectReader(&reader, isParameter ? "A parameter" : "A buffer")
        let dtype = try object.takeOptional("dtype") { try $0.readChoice(DType.self) } ?? .float32
        let shape = try object.require("shape", shape)
        var tensor = GraphTensor(name: name, shape: shape, dtype: dtype, isParameter: isParameter, field: field)
        tensor.initial = try object.takeOptional("init") { try $0.readChoice(GraphTensor.Start.self) }
        if !isParameter { tensor.isPersistent = try object.take("persistent") { try $0.readBool() } ?? true }
        tensor.data = try object.takeOptional("data") { data in
            let pointer = data.pointer
            let read = try JSONTensorReader(listDType: .fixed(dtype)).read(&data)
            guard read.elementCount == shape.elementCount else {
                let text = "shape '\(shape.dimensions)' is invalid for input of size \(read.elementCount)"
                throw DocumentProblem(.invalidTensor, text, pointer: pointer)
            }
            return try read.reshaped(to: shape)
        }
        try object.finish(known: ["shape", "dtype", "init", "data"] + (isParameter ? [] : ["persistent"]))
        return tensor
    }

    private static func shape(_ reader: inout JSONReader) throws -> Shape {
        let pointer = reader.pointer
        let sizes = try reader.readArray { try $0.readInt() }
        do throws(TensorError) {
            return try Shape(checking: sizes)
        } catch {
            throw DocumentProblem(.invalidTensor, error.message(), pointer: pointer)
        }
    }

    // MARK: Nodes

    private mutating func nodes(_ reader: inout JSONReader) throws -> [Graph.Node] {
        var nodes: [Graph.Node] = []
        try reader.beginArray()
        while try reader.nextElement() {
            nodeCount += 1
            guard nodeCount <= maxNodes else {
                throw DocumentProblem(.graphNodes, maxNodes, pointer: reader.pointer)
            }
            nodes.append(try Self.node(&reader))
        }
        return nodes
    }

    private static func node(_ reader: inout JSONReader) throws -> Graph.Node {
        var object = try ObjectReader(&reader, "A node")
        let operation = try object.require("op") { try $0.readChoice(OperationName.self) }
        let name: String
        if operation == .output {
            name = try object.take("name") { try $0.readName() } ?? "output"
        } else {
            name = try object.require("name") { try $0.readName() }
        }
        let node = Graph.Node(name, try self.operation(operation, &object))
        try object.finish(known: ["op", "name"] + fields(of: operation))
        return node
    }

    private static func fields(of operation: OperationName) -> [String] {
        switch operation {
        case .placeholder: ["default"]
        case .getAttribute: ["target"]
        case .callModule, .callFunction: ["target", "args", "kwargs"]
        case .output: ["args"]
        }
    }

    private static func operation(
        _ name: OperationName,
        _ object: inout ObjectReader
    ) throws -> Graph.Operation {
        switch name {
        case .placeholder: .placeholder(defaultValue: try object.take("default", value))
        case .getAttribute: .getAttribute(target: try target(&object))
        case .callModule: .callModule(target: try target(&object), try operands(&object))
        case .callFunction: .callFunction(target: try target(&object), try operands(&object))
        case .output: .output(try output(&object))
        }
    }

    private static func target(_ object: inout ObjectReader) throws -> String {
        try object.require("target") { try $0.readName(atMost: 8_192) }
    }

    private static func operands(_ object: inout ObjectReader) throws -> Graph.Operands {
        let positional = try object.take("args") { try $0.readArray(operand) } ?? []
        let named = try object.take("kwargs") { reader in
            var named: OrderedDictionary<String, Graph.Operand> = [:]
            try reader.beginObject()
            while let key = try reader.nextKey() { named[key] = try operand(&reader) }
            return named
        }
        return Graph.Operands(positional, named: named ?? [:])
    }

    private static func output(_ object: inout ObjectReader) throws -> Graph.Operand {
        try object.require("args") { reader in
            let pointer = reader.pointer
            let operands = try reader.readArray(operand)
            guard operands.count == 1 else {
                throw DocumentProblem(.invalidField, "An output takes one argument.", pointer: pointer)
            }
            return operands[0]
        }
    }

    /// Reads a value that no node has a part in.
    private static func value(_ reader: inout JSONReader) throws -> Value {
        let pointer = reader.pointer
        guard let value = try operand(&reader).constant else {
            throw DocumentProblem(.invalidField, "A default is a value that is written out.", pointer: pointer)
        }
        return value
    }

    private static func operand(_ reader: inout JSONReader) throws -> Graph.Operand {
        switch try reader.peekKind() {
        case .null:
            try reader.readNull()
            return .value(.none)
        case .boolean: return .value(.bool(try reader.readBool()))
        case .number: return .value(try number(&reader))
        case .string: return .value(text(try reader.readName(atMost: 65_536)))
        case .array: return .list(try reader.readArray(operand))
        case .object: return try marked(&reader)
        }
    }

    private static func number(_ reader: inout JSONReader) throws -> Value {
        let pointer = reader.pointer
        switch try reader.readNumber() {
        case .int(let number): return .integer(number)
        case .double(let number): return .float(number)
        case .uint, .bigInteger:
            throw DocumentProblem(.invalidArgument, "Overflow when unpacking long long", pointer: pointer)
        }
    }

    /// A text, or one of the numbers that JSON has no other way to write.
    private static func text(_ text: String) -> Value {
        switch text {
        case "NaN": .float(.nan)
        case "Infinity": .float(.infinity)
        case "-Infinity": .float(-.infinity)
        default: .string(text)
        }
    }

    /// Reads an object: `{"node": "x"}`, `{"tuple": [...]}` and the like, or a dictionary of arguments.
    private static func marked(_ reader: inout JSONReader) throws -> Graph.Operand {
        var members: OrderedDictionary<String, Graph.Operand> = [:]
        var node: String?
        let pointer = reader.pointer
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key == "node", try reader.peekKind() == .string {
                node = try reader.readName()
                members[key] = .value(.none)
            } else {
                members[key] = try operand(&reader)
            }
        }
        if let node, members.count == 1 { return .node(node) }
        guard node == nil else {
            throw DocumentProblem(.unknownField, "A reference to a node has one field.", pointer: pointer)
        }
        guard members.count == 1, let (key, member) = members.elements.first else { return .dictionary(members) }
        switch (key, member) {
        case ("tuple", .list(let elements)): return .tuple(elements)
        case ("slice", .list(let bounds)) where bounds.count == 3:
            return .slice(start: bounds[0], stop: bounds[1], step: bounds[2])
        case ("ellipsis", .value(.bool(true))): return .value(.ellipsis)
        case ("dtype", .value(.string(let name))):
            guard let dtype = DType(rawValue: name) else {
                throw DocumentProblem(
                    .invalidField,
                    "'\(name)' is not a valid dtype",
                    got: .string(name),
                    pointer: pointer
                )
            }
            return .value(.dtype(dtype))
        default: return .dictionary(members)
        }
    }
}

extension Graph.Operand {
    /// The value, if no node has a part in it.
    fileprivate var constant: Value? {
        switch self {
        case .value(let value): return value
        case .node, .slice: return nil
        case .tuple(let elements): return Self.constants(elements).map(Value.tuple)
        case .list(let elements): return Self.constants(elements).map(Value.list)
        case .dictionary(let elements):
            let constants = elements.compactMapValues(\.constant)
            return constants.count == elements.count ? .dictionary(constants) : nil
        }
    }

    private static func constants(_ elements: [Graph.Operand]) -> [Value]? {
        let constants = elements.compactMap(\.constant)
        return constants.count == elements.count ? constants : nil
    }
}
