import JSON
import OrderedCollections
package import Tensors

/// Reads the description of a module, the body of `POST /v1/modules`.
package struct DescriptionReader {
    /// The most bytes of one argument's text: arguments are numbers, words and short lists.
    static let maxArgumentBytes = 65_536
    /// What a document from GET carries beside a description.
    private static let readOnly = ["version", "repr", "hooks"]
    /// What it lists of the whole tree; a module whose `forward` is data may declare its own under these names.
    private static let tensorLists = ["parameters", "buffers"]
    private static let rootOnly = ["seed", "training", "state_dict", "compat", "input_name", "output_name", "tied"]

    /// The most modules that a tree may have; beyond, nothing more of it is kept.
    let maxModules: Int
    private var moduleCount = 0
    private var graphs: GraphReader

    init(maxModules: Int, maxNodes: Int) {
        self.maxModules = maxModules
        graphs = GraphReader(maxNodes: maxNodes)
    }

    /// Reads a whole text, the description of a tree of at most `maxModules`, whose graphs have at most `maxNodes` together.
    package static func description(in bytes: [UInt8], maxModules: Int, maxNodes: Int) throws -> ModuleDescription {
        try JSONBody.decode(bytes) { reader in
            var description = DescriptionReader(maxModules: maxModules, maxNodes: maxNodes)
            return try description.description(&reader)
        }
    }

    /// Reads the next value as the description of a whole tree.
    mutating func description(_ reader: inout JSONReader) throws -> ModuleDescription {
        var object = try ObjectReader(&reader, "A module")
        object.ignore(Self.readOnly)
        let name = try object.take("name") { try $0.readName() }
        let seed = try object.takeOptional("seed") { try $0.readSeed() }
        let training = try object.take("training") { try $0.readBool() }
        let compatibility = try object.take("compat", Self.compatibility)
        let stateDict = try object.take("state_dict") { try StateDictReader.entries(&$0) { _ in .widest } }
        let tied = try object.take("tied", Self.names) ?? [:]
        let inputName = try object.take("input_name") { try $0.readName() }
        let outputName = try object.take("output_name") { try $0.readName() }
        let root = try node(&object, isRoot: true)
        return ModuleDescription(
            name: name,
            root: root,
            seed: seed,
            training: training ?? false,
            compatibility: compatibility ?? .current,
            stateDict: stateDict,
            tied: tied,
            inputName: inputName ?? "input",
            outputName: outputName ?? "output"
        )
    }

    /// Reads what is left of `object` as one place in a tree.
    private mutating func node(_ object: inout ObjectReader, isRoot: Bool = false) throws -> NodeDescription {
        if let name = try object.take("ref", { try $0.readName() }) {
            try object.finish(known: ["name", "ref"])
            return .ref(name)
        }
        if !isRoot, let path = try object.take("shared", { try $0.readName(atMost: 8_192) }) {
            try object.finish(known: ["name", "shared"])
            return .shared(path)
        }
        let type = try object.require("type") { try $0.readName() }
        let dtype = try object.takeOptional("dtype") { try $0.readChoice(DType.self) }
        let children = try object.take("modules") { try self.children(&$0) }
        if isRoot { object.ignoreLists(Self.tensorLists) }
        if type == "GraphModule" {
            let graph = try graphs.graph(&object)
            return .layer(LayerDescription(type: type, dtype: dtype, children: children ?? [], graph: graph))
        }
        let arguments = try object.takeArguments()
        return .layer(LayerDescription(type: type, arguments: arguments, dtype: dtype, children: children))
    }

    private mutating func children(_ reader: inout JSONReader) throws -> [ChildDescription] {
        var children: [ChildDescription] = []
        guard try reader.peekKind() == .object else {
            try reader.beginArray()
            while try reader.nextElement() { children.append(try child(&reader, key: nil, at: "\(children.count)")) }
            return children
        }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = try JSONReader.checkedName(key, pointer: reader.pointer)
            children.append(try child(&reader, key: name, at: name))
        }
        return children
    }

    private mutating func child(_ reader: inout JSONReader, key: String?, at place: String) throws -> ChildDescription {
        moduleCount += 1
        guard moduleCount < maxModules else {
            throw DocumentProblem(.treeModules, maxModules, pointer: reader.pointer)
        }
        var object = try ObjectReader(&reader, "A module")
        let name = try object.take("name") { try $0.readName() }
        if let misplaced = object.remainingKeys.first(where: Self.rootOnly.contains) {
            throw DocumentProblem(
                .unknownField,
                "'\(misplaced)' belongs to the root of a tree.",
                got: .string(misplaced),
                pointer: object.pointer(to: misplaced)
            )
        }
        return ChildDescription(key: key ?? name, place: place, node: try node(&object))
    }

    /// Reads an object of names.
    private static func names(_ reader: inout JSONReader) throws -> OrderedDictionary<String, String> {
        var names: OrderedDictionary<String, String> = [:]
        try reader.beginObject()
        while let key = try reader.nextKey() {
            names[try JSONReader.checkedName(key, atMost: 8_192, pointer: reader.pointer)] =
                try reader.readName(atMost: 8_192)
        }
        return names
    }

    private static func compatibility(_ reader: inout JSONReader) throws -> Compatibility {
        try reader.readChoice(CompatibilityName.self).value
    }
}

/// The names of the rules that a module can follow.
package enum CompatibilityName: String, CaseIterable {
    case current
    case torch101 = "1.0.1"

    package init(_ value: Compatibility) {
        self = value == .current ? .current : .torch101
    }

    var value: Compatibility {
        switch self {
        case .current: .current
        case .torch101: .torch1_0_1
        }
    }
}

extension ObjectReader {
    /// Removes all members and returns them as the arguments of a constructor.
    mutating func takeArguments() throws -> OrderedDictionary<String, ArgumentValue> {
        var arguments: OrderedDictionary<String, ArgumentValue> = [:]
        for key in remainingKeys {
            guard byteCount(of: key) <= DescriptionReader.maxArgumentBytes else {
                throw DocumentProblem(.invalidArgument, "The argument '\(key)' is too long.", pointer: pointer(to: key))
            }
            arguments[key] = try take(key) { ArgumentValue(try $0.readValue()) }
        }
        return arguments
    }
}

extension ArgumentValue {
    /// The argument as JSON says it.
    init(_ value: JSONValue) {
        self =
            switch value {
            case .null: .null
            case .bool(let bool): .bool(bool)
            case .number(.int(let integer)): .int(integer)
            case .number(.uint(let integer)): .tooBig(String(integer))
            case .number(.bigInteger(let text)): .tooBig(text)
            case .number(.double(let double)): .double(double)
            case .string(let text): .string(text)
            case .array(let elements): .list(elements.map(ArgumentValue.init))
            case .object: .object
            }
    }
}
