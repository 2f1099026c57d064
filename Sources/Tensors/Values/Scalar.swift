/// A Swift type that is the element of tensors of one dtype.
///
/// A conversion goes through the source's carrier, the widest type of its kind that holds it exactly, and rounds or
/// truncates once, as PyTorch does.
public protocol Scalar: BitwiseCopyable, Sendable {
    /// `Float`, `Double`, `Int64` or `UInt64`.
    associatedtype Carrier: ScalarCarrier
    /// The dtype of tensors of this type.
    static var dtype: DType { get }
    /// The same number, as the carrier.
    var carrier: Carrier { get }
    /// Creates the number nearest to `value`, or its integer part.
    init(converting value: Float)
    /// Creates the number nearest to `value`, or its integer part.
    init(converting value: Double)
    /// Creates the number nearest to `value`, or its lowest bits.
    init(converting value: Int64)
    /// Creates the number nearest to `value`, or its lowest bits.
    init(converting value: UInt64)
}

/// A number that every scalar can be created from.
public protocol ScalarCarrier: BitwiseCopyable, Sendable {
    /// Returns the number as `S`.
    func converted<S: Scalar>(to type: S.Type) -> S
}

extension Scalar {
    /// Returns the number as `S`.
    @inline(__always)
    func converted<S: Scalar>(to type: S.Type) -> S { carrier.converted(to: type) }
}

extension Float: ScalarCarrier {
    /// Returns the number as `S`.
    public func converted<S: Scalar>(to type: S.Type) -> S { S(converting: self) }
}
extension Double: ScalarCarrier {
    /// Returns the number as `S`.
    public func converted<S: Scalar>(to type: S.Type) -> S { S(converting: self) }
}
extension Int64: ScalarCarrier {
    /// Returns the number as `S`.
    public func converted<S: Scalar>(to type: S.Type) -> S { S(converting: self) }
}
extension UInt64: ScalarCarrier {
    /// Returns the number as `S`.
    public func converted<S: Scalar>(to type: S.Type) -> S { S(converting: self) }
}
