/// A type whose values a list can be read into.
protocol ListElement: DecimalConvertible, BitwiseCopyable, Sendable, Equatable {
    /// Returns 1 or 0.
    static func number(_ value: Bool) -> Self
    /// Returns NaN or an infinity as this type has it, `nil` in a type without them.
    static func nonFinite(_ value: Double) -> Self?
}

extension Float: ListElement {
    static func number(_ value: Bool) -> Float { value ? 1 : 0 }
    static func nonFinite(_ value: Double) -> Float? { Float(value) }
}

extension Double: ListElement {
    static func number(_ value: Bool) -> Double { value ? 1 : 0 }
    static func nonFinite(_ value: Double) -> Double? { value }
}

extension Int64: ListElement {
    static func number(_ value: Bool) -> Int64 { value ? 1 : 0 }
    static func nonFinite(_ value: Double) -> Int64? { nil }
}
