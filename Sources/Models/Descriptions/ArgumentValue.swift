package import NN
import OrderedCollections

/// An argument as a client wrote it.
package enum ArgumentValue: Sendable, Equatable {
    case int(Int64)
    /// A whole number beyond 64 bits, as written.
    case tooBig(String)
    case double(Double)
    case bool(Bool)
    case string(String)
    case null
    case list([ArgumentValue])
    case object

    /// The name of the type that Python would give the value.
    package var pythonType: String {
        switch self {
        case .int, .tooBig: "int"
        case .double: "float"
        case .bool: "bool"
        case .string: "str"
        case .null: "NoneType"
        case .list: "list"
        case .object: "dict"
        }
    }

    /// Whether it is a whole number beyond 64 bits.
    var isTooBig: Bool {
        if case .tooBig = self { true } else { false }
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

    /// Creates what a client reads of `value`.
    init(_ value: Value) {
        switch value {
        case .integer(let number): self = .int(number)
        case .float(let number): self = .double(number)
        case .bool(let flag): self = .bool(flag)
        case .string(let text): self = .string(text)
        case .none: self = .null
        case .tuple(let elements), .list(let elements): self = .list(elements.map(ArgumentValue.init))
        case .tensor, .dtype, .slice, .ellipsis, .dictionary: self = .object
        }
    }
}
