/// A number as Python keeps it: one that is written without a point stays whole, and prints as it was written.
///
/// PyTorch describes `ELU(2)` as `ELU(alpha=2)` and `ELU(2.0)` as `ELU(alpha=2.0)`, and computes the same with both.
public enum PythonNumber: Sendable, Hashable {
    case int(Int64)
    case float(Double)
    /// Python's truth values are numbers, too.
    case bool(Bool)

    /// The number to compute with.
    public var value: Double {
        switch self {
        case .int(let number): Double(number)
        case .float(let number): number
        case .bool(let flag): flag ? 1 : 0
        }
    }
}

extension PythonNumber: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    /// Creates a whole number.
    public init(integerLiteral number: Int64) { self = .int(number) }
    /// Creates a number with a point.
    public init(floatLiteral number: Double) { self = .float(number) }
}

extension PythonNumber: CustomStringConvertible {
    /// Python's text.
    public var description: String {
        switch self {
        case .int(let number): "\(number)"
        case .float(let number): "\(number)"
        case .bool(let flag): flag.pythonText
        }
    }

    /// The number as PyTorch 1.0.1 shows its defaults, which were whole.
    var shortPythonText: String { Int(exactly: value).map(String.init) ?? description }
}
