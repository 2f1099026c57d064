public import OrderedCollections
public import Tensors

/// The arguments of a call: positional ones, and keyword ones in the order they were given.
public struct Arguments: Sendable {
    /// Nearly every call has one input; no array, table or box is needed to pass it on.
    enum Storage: Sendable {
        case one(Tensor)
        indirect case any([Tensor], Keywords?)
    }

    let storage: Storage

    typealias Keywords = OrderedDictionary<String, Tensor>

    /// Creates the arguments of a call with one input.
    public init(_ input: Tensor) {
        storage = .one(input)
    }

    /// Creates arguments from `positional` and `keyword` ones.
    public init(_ positional: [Tensor], keyword: OrderedDictionary<String, Tensor>) {
        self.init(positional, keyword.isEmpty ? nil : keyword)
    }

    /// Creates arguments from `positional` ones.
    public init(_ positional: [Tensor]) {
        self.init(positional, nil)
    }

    init(_ positional: [Tensor], _ named: Keywords?) {
        storage = positional.count == 1 && named == nil ? .one(positional[0]) : .any(positional, named)
    }

    /// The arguments given by name, in the order they were given.
    public var keyword: OrderedDictionary<String, Tensor> {
        get { named ?? OrderedDictionary() }
        set { self = Arguments(positional, keyword: newValue) }
    }

    /// The arguments given by name; `nil` without any.
    var named: Keywords? {
        guard case .any(_, let named) = storage else { return nil }
        return named
    }

    /// The arguments given by position.
    public var positional: [Tensor] {
        get {
            switch storage {
            case .one(let tensor): [tensor]
            case .any(let tensors, _): tensors
            }
        }
        set { self = Arguments(newValue, named) }
    }

    /// The first argument, by position or else by name.
    public var first: Tensor? {
        switch storage {
        case .one(let tensor): tensor
        case .any(let tensors, let named): tensors.first ?? named?.values.first
        }
    }
}

extension Arguments {
    /// Returns the tensors for `names` in order, bound as Python binds the parameters of `forward`.
    /// - Throws: `ModuleError` with Python's text for a missing, an extra, an unknown or a repeated argument.
    public func bound(to names: String..., in module: Module) throws(ModuleError) -> [Tensor] {
        let type = module.typeName
        let given = positional
        var bound = [Tensor?](repeating: nil, count: names.count)
        for (index, tensor) in zip(bound.indices, given) { bound[index] = tensor }
        for (name, tensor) in keyword {
            guard let index = names.firstIndex(of: name) else { throw .unexpectedKeyword(type: type, name: name) }
            guard bound[index] == nil else { throw .repeatedArgument(type: type, name: name) }
            bound[index] = tensor
        }
        guard given.count <= names.count else {
            throw .tooManyArguments(type: type, taken: names.count, given: given.count)
        }
        let missing = zip(names, bound).filter { $0.1 == nil }.map(\.0)
        guard missing.isEmpty else { throw .missingArguments(type: type, names: missing) }
        return bound.compactMap(\.self)
    }
}
