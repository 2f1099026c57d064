/// A type whose numbers are added, subtracted and multiplied: integers wrap around, as in PyTorch.
protocol Arithmetic: Scalar, Dividing {
    /// The type that sums are kept in.
    associatedtype Sum: Arithmetic
    static var zero: Self { get }
    static func sum(_ first: Self, _ second: Self) -> Self
    static func difference(_ first: Self, _ second: Self) -> Self
    static func product(_ first: Self, _ second: Self) -> Self
    /// Whether `first` is larger than `second`; NaN is larger than all else.
    static func isLarger(_ first: Self, _ second: Self) -> Bool
}

extension Arithmetic where Self: Real {
    static func sum(_ first: Self, _ second: Self) -> Self { first + second }
    static func difference(_ first: Self, _ second: Self) -> Self { first - second }
    static func product(_ first: Self, _ second: Self) -> Self { first * second }
    static func isLarger(_ first: Self, _ second: Self) -> Bool {
        first > second || (first.isNaN && !second.isNaN)
    }
}

extension Float: Arithmetic { typealias Sum = Double }
extension Double: Arithmetic { typealias Sum = Double }

extension Arithmetic where Self: FixedWidthInteger {
    static func sum(_ first: Self, _ second: Self) -> Self { first &+ second }
    static func difference(_ first: Self, _ second: Self) -> Self { first &- second }
    static func product(_ first: Self, _ second: Self) -> Self { first &* second }
    static func isLarger(_ first: Self, _ second: Self) -> Bool { first > second }
}

extension Int64: Arithmetic { typealias Sum = Int64 }
extension Int32: Arithmetic { typealias Sum = Int64 }
extension Int16: Arithmetic { typealias Sum = Int64 }
extension Int8: Arithmetic { typealias Sum = Int64 }
extension UInt8: Arithmetic { typealias Sum = Int64 }

extension Bool: Arithmetic {
    typealias Sum = Int64
    static var zero: Bool { false }
    static func sum(_ first: Bool, _ second: Bool) -> Bool { first || second }
    /// PyTorch refuses to subtract bools; nothing calls this.
    static func difference(_ first: Bool, _ second: Bool) -> Bool { first != second }
    static func product(_ first: Bool, _ second: Bool) -> Bool { first && second }
    static func isLarger(_ first: Bool, _ second: Bool) -> Bool { first && !second }
}

/// A piece of work on numbers of any type but the halves and the barebones unsigned ones.
protocol ArithmeticVisitor {
    associatedtype Result
    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Result
}

extension DType {
    /// Calls `visitor` with the type to compute in.
    /// - Parameter kernel: What PyTorch calls the operation when it refuses other dtypes.
    @inline(__always)
    func acceptArithmetic<Visitor: ArithmeticVisitor>(
        _ visitor: Visitor,
        kernel: String
    ) throws(TensorError) -> Visitor.Result {
        switch self {
        case .float32: try visitor.visit(Float.self)
        case .float64: try visitor.visit(Double.self)
        case .int64: try visitor.visit(Int64.self)
        case .int32: try visitor.visit(Int32.self)
        case .int16: try visitor.visit(Int16.self)
        case .int8: try visitor.visit(Int8.self)
        case .uint8: try visitor.visit(UInt8.self)
        case .bool: try visitor.visit(Bool.self)
        default: throw .notImplemented(kernel: kernel, self)
        }
    }
}
