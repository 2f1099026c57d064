public import OrderedCollections
public import Tensors

/// The arguments of a call: positional ones, and keyword ones in the order they were given.
public struct Arguments: Sendable {
    /// Nearly every call has one input; no array, table or box is needed to pass it on.
    enum Storage: Sendable {
        case one(Tensor)
        indirect case any([Value], Keywords?)
    }

    let storage: Storage

    typealias Keywords = OrderedDictionary<String, Value>

    /// Creates the arguments of a call with one input.
    public init(_ input: Tensor) {
        storage = .one(input)
    }

    /// Creates arguments from tensors, `positional` and `keyword` ones.
    public init(_ positional: [Tensor], keyword: OrderedDictionary<String, Tensor> = [:]) {
        guard keyword.isEmpty, positional.count == 1 else {
            self.init(positional.map(Value.tensor), keyword.isEmpty ? nil : keyword.mapValues(Value.tensor))
            return
        }
        self.init(positional[0])
    }

    /// Creates arguments from any values, `positional` and `keyword` ones.
    public init(values positional: [Value], keyword: OrderedDictionary<String, Value> = [:]) {
        self.init(positional, keyword.isEmpty ? nil : keyword)
    }

    init(_ positional: [Value], _ named: Keywords?) {
        if named == nil, positional.count == 1, case .tensor(let tensor) = positional[0] {
            storage = .one(tensor)
        } else {
            storage = .any(positional, named)
        }
    }

    /// The arguments given by name, in the order they were given.
    public var keyword: OrderedDictionary<String, Value> {
        get { named ?? OrderedDictionary() }
        set { self = Arguments(positional, newValue.isEmpty ? nil : newValue) }
    }

    /// The arguments given by name; `nil` without any.
    var named: Keywords? {
        guard case .any(_, let named) = storage else { return nil }
        return named
    }

    /// The arguments given by position.
    public var positional: [Value] {
        get {
            switch storage {
            case .one(let tensor): [.tensor(tensor)]
            case .any(let values, _): values
            }
        }
        set { self = Arguments(newValue, named) }
    }

    /// The tensors among the arguments given by position.
    public var tensors: [Tensor] {
        switch storage {
        case .one(let tensor): [tensor]
        case .any(let values, _): values.compactMap(\.tensor)
        }
    }

    /// The first tensor, by position or else by name.
    public var first: Tensor? {
        switch storage {
        case .one(let tensor): tensor
        case .any(let values, let named):
            values.lazy.compactMap(\.firstTensor).first ?? named?.values.lazy.compactMap(\.firstTensor).first
        }
    }

    /// The same without those given by name.
    var withoutKeywords: Arguments {
        named == nil ? self : Arguments(positional, nil)
    }
}

extension Arguments {
    /// Returns the tensors for `names` in order, bound as Python binds the parameters of `forward`.
    /// - Throws: `ModuleError` with Python's text for a missing, an extra, an unknown or a repeated argument, and for one
    ///   that is no tensor.
    public func bound(to names: String..., in module: Module) throws(ModuleError) -> [Tensor] {
        let values = try bound(to: names.map { CallParameter($0) }, in: module)
        return try zip(names, values).enumerated().map { index, pair throws(ModuleError) in
            guard let tensor = pair.1.tensor else {
                throw .argumentType(
                    function: "forward",
                    name: pair.0,
                    position: index + 1,
                    expected: "Tensor",
                    got: pair.1.pythonType
                )
            }
            return tensor
        }
    }

    /// Returns the values for the parameters of `module`'s `forward` in order, bound as Python binds them.
    public func bound(to parameters: [CallParameter], in module: Module) throws(ModuleError) -> [Value] {
        let type = module.forwardOwner
        do throws(BindingProblem) {
            let bound = try parameters.bind(positional, named)
            return zip(parameters, bound).compactMap { $1 ?? $0.defaultValue }
        } catch {
            switch error {
            case .missing(let names): throw .missingArguments(type: type, names: names)
            case .tooMany(let taken, let given): throw .tooManyArguments(type: type, taken: taken, given: given)
            case .unexpected(let name): throw .unexpectedKeyword(type: type, name: name)
            case .repeated(let name): throw .repeatedArgument(type: type, name: name)
            }
        }
    }
}
