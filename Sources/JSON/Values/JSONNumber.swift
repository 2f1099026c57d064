/// A number as its literal says it, with nothing rounded that an integer could hold.
package enum JSONNumber: Sendable, Hashable {
    /// An integer literal that fits 64 bits with a sign; `-0` is 0.
    case int(Int64)
    /// An integer literal above `Int64.max` that fits 64 bits.
    case uint(UInt64)
    /// An integer literal beyond 64 bits: its text.
    case bigInteger(String)
    /// A literal with a fraction or an exponent: the nearest double, always finite.
    case double(Double)

    /// The nearest double, infinite only for a `bigInteger` beyond `Double`.
    package var doubleValue: Double {
        switch self {
        case .int(let value): Double(value)
        case .uint(let value): Double(value)
        case .bigInteger(let text): Double(text) ?? .infinity
        case .double(let value): value
        }
    }

    /// Returns the number as a `T` if it is an integer literal that fits; `1.0` and `1e3` are none.
    package func integer<T: FixedWidthInteger>(as type: T.Type = T.self) -> T? {
        switch self {
        case .int(let value): T(exactly: value)
        case .uint(let value): T(exactly: value)
        case .bigInteger, .double: nil
        }
    }
}
