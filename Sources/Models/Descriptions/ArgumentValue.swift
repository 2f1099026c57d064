import NN

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

    /// What Python's `bool()` gives for flags, numbers and None; `nil` for a value that is no flag.
    var flag: Bool? {
        switch self {
        case .bool(let flag): flag
        case .int(let number): number != 0
        case .null: false
        default: nil
        }
    }

    /// The whole number; Python's `True` counts as 1.
    var integer: Int? {
        switch self {
        case .int(let number): Int(exactly: number)
        case .bool(let flag): flag ? 1 : 0
        default: nil
        }
    }

    /// The number that is no JSON number, as tensors write it; `nil` for all else.
    var nonFinite: Double? {
        switch self {
        case .string("NaN"): .nan
        case .string("Infinity"): .infinity
        case .string("-Infinity"): -.infinity
        default: nil
        }
    }

    /// The number, whole or not, as Python would keep it.
    var number: PythonNumber? {
        switch self {
        case .int(let number): .int(number)
        case .double(let number): .float(number)
        case .bool(let flag): .bool(flag)
        default: nil
        }
    }
}
