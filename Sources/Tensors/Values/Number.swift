/// A plain number beside tensors, as Python's are: only its kind counts for the dtype of a result.
public enum Number: Sendable, Equatable {
    case bool(Bool)
    case int(Int64)
    case double(Double)

    /// The dtype that stands for the number's kind.
    public var dtype: DType {
        switch self {
        case .bool: .bool
        case .int: .int64
        case .double: .float32
        }
    }

    /// The number, or the one nearest to it.
    public var double: Double {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .int(let value): Double(value)
        case .double(let value): value
        }
    }
}

extension Number: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral {
    /// Creates an integer.
    public init(integerLiteral value: Int64) { self = .int(value) }
    /// Creates a float.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// Creates a boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
