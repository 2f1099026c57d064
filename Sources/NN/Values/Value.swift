public import OrderedCollections
public import Tensors

/// What Python passes to and from `forward`: a tensor, a plain value, or a tuple, list or dictionary of them.
///
/// One tensor lies in it as it is, without a box.
public enum Value: Sendable {
    case tensor(Tensor)
    /// Python's None.
    case none
    case bool(Bool)
    /// A whole number, such as a size.
    case integer(Int64)
    case float(Double)
    case string(String)
    case dtype(DType)
    /// Python's `start:stop:step`; `nil` for a bound that is left out.
    indirect case slice(start: Int64?, stop: Int64?, step: Int64?)
    /// Python's `...`.
    case ellipsis
    case tuple([Value])
    case list([Value])
    case dictionary(OrderedDictionary<String, Value>)
}

extension Value {
    /// The tensor; `nil` for anything else.
    @inlinable
    public var tensor: Tensor? {
        if case .tensor(let tensor) = self { tensor } else { nil }
    }

    /// Whether this is None.
    public var isNone: Bool {
        if case .none = self { true } else { false }
    }

    /// The values of a tuple or list; `nil` for anything else.
    public var elements: [Value]? {
        switch self {
        case .tuple(let elements), .list(let elements): elements
        case .tensor, .none, .bool, .integer, .float, .string, .dtype, .slice, .ellipsis, .dictionary: nil
        }
    }

    /// The tensors inside, depth first.
    public var tensors: [Tensor] {
        var found: [Tensor] = []
        gather(&found)
        return found
    }

    private func gather(_ found: inout [Tensor]) {
        switch self {
        case .tensor(let tensor): found.append(tensor)
        case .tuple(let elements), .list(let elements): for element in elements { element.gather(&found) }
        case .dictionary(let elements): for element in elements.values { element.gather(&found) }
        case .none, .bool, .integer, .float, .string, .dtype, .slice, .ellipsis: break
        }
    }

    /// The first tensor inside, depth first.
    public var firstTensor: Tensor? {
        switch self {
        case .tensor(let tensor): tensor
        case .tuple(let elements), .list(let elements): elements.lazy.compactMap(\.firstTensor).first
        case .dictionary(let elements): elements.values.lazy.compactMap(\.firstTensor).first
        case .none, .bool, .integer, .float, .string, .dtype, .slice, .ellipsis: nil
        }
    }

    /// Returns the same value with each tensor inside, depth first, as `body` returns it.
    public func mapTensors<Failure: Error>(_ body: (Tensor) throws(Failure) -> Tensor) throws(Failure) -> Value {
        switch self {
        case .tensor(let tensor): return .tensor(try body(tensor))
        case .tuple(let elements): return .tuple(try Self.mapped(elements, body))
        case .list(let elements): return .list(try Self.mapped(elements, body))
        case .dictionary(let elements):
            var mapped = elements
            for (key, element) in elements { mapped[key] = try element.mapTensors(body) }
            return .dictionary(mapped)
        case .none, .bool, .integer, .float, .string, .dtype, .slice, .ellipsis: return self
        }
    }

    private static func mapped<Failure: Error>(
        _ elements: [Value],
        _ body: (Tensor) throws(Failure) -> Tensor
    ) throws(Failure) -> [Value] {
        try elements.map { element throws(Failure) in try element.mapTensors(body) }
    }

    /// The name that Python gives to the type.
    public var pythonType: String {
        switch self {
        case .tensor: "Tensor"
        case .none: "NoneType"
        case .bool: "bool"
        case .integer: "int"
        case .float: "float"
        case .string: "str"
        case .dtype: "torch.dtype"
        case .slice: "slice"
        case .ellipsis: "ellipsis"
        case .tuple: "tuple"
        case .list: "list"
        case .dictionary: "dict"
        }
    }
}

extension Value: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral
{
    /// Creates a truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Creates a whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// Creates a number with a point.
    public init(floatLiteral value: Double) { self = .float(value) }
    /// Creates a text.
    public init(stringLiteral value: String) { self = .string(value) }
}
