/// A floating-point type whose description is a JSON number, the shortest that reads back as the same value.
protocol JSONLiteral: CustomStringConvertible {}
extension Float: JSONLiteral {}
extension Double: JSONLiteral {}

extension [UInt8] {
    /// Appends a floating-point number, or what `nonFinite` says stands for it.
    @inline(__always) mutating func appendLiteral<Value: BinaryFloatingPoint & JSONLiteral>(
        _ value: Value,
        nonFinite: NonFinitePolicy = .strings
    ) {
        guard value.isFinite else { return appendNonFinite(Double(value), policy: nonFinite) }
        var text = value.description
        text.withUTF8 { append(contentsOf: $0) }
    }

    /// Appends an integer in decimal.
    mutating func appendDecimal(_ value: some FixedWidthInteger) {
        var text = String(value)
        text.withUTF8 { append(contentsOf: $0) }
    }

    private mutating func appendNonFinite(_ value: Double, policy: NonFinitePolicy) {
        let token: StaticString = value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
        switch policy {
        case .null: append("null")
        case .tokens: append(token)
        case .strings, .refuse:
            append(UInt8(ascii: "\""))
            append(token)
            append(UInt8(ascii: "\""))
        }
    }
}
