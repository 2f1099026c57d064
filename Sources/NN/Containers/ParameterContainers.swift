public import OrderedCollections
public import Tensors

/// What the containers of parameters share: they hold them under names, and cannot be called.
public class ParameterContainer: Module {
    /// The word with which the text names a parameter's type.
    func typeText(_ tensor: Tensor) -> String { tensor.dtype.description }

    public final override func forward(_ input: Tensor) throws -> Tensor {
        throw ModuleError.uncallable(type: typeName)
    }

    public final override func forward(_ arguments: Arguments) throws -> Value {
        throw ModuleError.uncallable(type: typeName)
    }

    public final override var extraRepr: String {
        parameterTable.map { name, parameter in
            guard let tensor = parameter?.tensor else { return "  (\(name)): Object of type: NoneType" }
            let sizes = tensor.shape.map(String.init).joined(separator: "x")
            return "  (\(name)): Parameter containing: [\(typeText(tensor)) of size \(sizes)]"
        }.joined(separator: "\n")
    }
}

/// Parameters in a row, under their numbers.
public final class ParameterList: ParameterContainer {
    /// Creates a list of `parameters`.
    public init(_ parameters: [Parameter] = []) throws {
        super.init()
        for parameter in parameters { try append(parameter) }
    }

    /// Adds `parameter` after the others.
    public func append(_ parameter: Parameter) throws {
        try registerParameter("\(parameterTable.count)", parameter)
    }

    public override var attributeNames: Set<String> { ["append", "extend"] }
    public override func emptyCopy() throws -> Module { try ParameterList() }
}

/// Parameters under names.
public final class ParameterDict: ParameterContainer {
    /// Creates a dictionary of `parameters`.
    public init(_ parameters: OrderedDictionary<String, Parameter> = [:]) throws {
        super.init()
        for (name, parameter) in parameters { try registerParameter(name, parameter) }
    }

    override func typeText(_ tensor: Tensor) -> String { tensor.dtype.legacyTypeName }

    public override var attributeNames: Set<String> {
        [
            "clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values",
        ]
    }

    public override func emptyCopy() throws -> Module { try ParameterDict() }
}

extension ModuleType {
    /// Containers of parameters, which are described by their sizes: `[[2, 3], [4]]`, or `[["scale", [4]]]` with names.
    ///
    /// Their elements are zeros until a state dictionary says otherwise.
    static let parameterContainers: [ModuleType] = [
        ModuleType(
            "ParameterList",
            parameters: [ModuleParameter("values", .shapes, .list([]))],
            tensors: { given in
                given.shapes("values").enumerated().map { TensorDeclaration("\($0)", $1) }
            },
            make: { given, dtype, _ in
                try ParameterList(given.shapes("values").map { try .zeros($0, dtype) })
            }
        ),
        ModuleType(
            "ParameterDict",
            parameters: [ModuleParameter("parameters", .namedShapes, .list([]))],
            tensors: { given in given.namedShapes("parameters").map { TensorDeclaration($0, $1) } },
            make: { given, dtype, _ in
                let dictionary = try ParameterDict()
                for (name, sizes) in given.namedShapes("parameters") {
                    try dictionary.registerParameter(name, .zeros(sizes, dtype))
                }
                return dictionary
            }
        ),
    ]
}

extension Parameter {
    fileprivate static func zeros(_ sizes: [Int], _ dtype: DType) throws -> Parameter {
        try Parameter(Tensor.zeros(Shape(checking: sizes), dtype: dtype))
    }
}
