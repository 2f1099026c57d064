import Tensors

/// What Python does with two numbers that are no tensors, within int64 and float64.
enum NumberArithmetic: String, CaseIterable, Sendable {
    case add, sub, mul, div, pow, remainder
    case floorDivide = "floor_divide"

    /// Returns the result; `nil` where Python raises, or an integer leaves int64.
    func callAsFunction(_ first: Number, _ second: Number) -> Value? {
        guard self != .div, case (.some(let left), .some(let right)) = (first.whole, second.whole) else {
            return real(first.double, second.double).map(Value.float)
        }
        guard self == .pow, right < 0 else { return whole(left, right).map(Value.integer) }
        return real(first.double, second.double).map(Value.float)
    }

    private func whole(_ first: Int64, _ second: Int64) -> Int64? {
        switch self {
        case .add: return Self.checked(first.addingReportingOverflow(second))
        case .sub: return Self.checked(first.subtractingReportingOverflow(second))
        case .mul: return Self.checked(first.multipliedReportingOverflow(by: second))
        case .floorDivide, .div: return Self.quotient(first, second)
        case .remainder:
            guard let quotient = Self.quotient(first, second) else { return nil }
            return first &- quotient &* second
        case .pow: return Self.power(first, second)
        }
    }

    private static func checked(_ result: (partialValue: Int64, overflow: Bool)) -> Int64? {
        result.overflow ? nil : result.partialValue
    }

    private static func quotient(_ first: Int64, _ second: Int64) -> Int64? {
        guard second != 0, let quotient = checked(first.dividedReportingOverflow(by: second)) else { return nil }
        let rest = first &- quotient &* second
        return rest != 0 && (rest < 0) != (second < 0) ? quotient - 1 : quotient
    }

    private static func power(_ base: Int64, _ exponent: Int64) -> Int64? {
        var (result, square, rest) = (1 as Int64?, base as Int64?, exponent)
        while rest > 0, let factor = square {
            if rest & 1 == 1 { result = result.flatMap { checked($0.multipliedReportingOverflow(by: factor)) } }
            rest >>= 1
            square = checked(factor.multipliedReportingOverflow(by: factor))
        }
        return rest == 0 ? result : nil
    }

    private func real(_ first: Double, _ second: Double) -> Double? {
        switch self {
        case .add: return first + second
        case .sub: return first - second
        case .mul: return first * second
        case .div: return second == 0 ? nil : first / second
        case .floorDivide: return second == 0 ? nil : (first / second).rounded(.down)
        case .remainder: return second == 0 ? nil : first - second * (first / second).rounded(.down)
        case .pow:
            let base = try? Tensor.pow(.tensor(Tensor(scalar: first)), .number(.double(second)))
            return (try? base?.item()) ?? nil
        }
    }
}

extension Number {
    /// Returns what Python's operator or `math` gives for a function of one number; `nil` where it has none, or it raises.
    func applying(_ function: String) -> Value? {
        switch (function, whole) {
        case ("neg", let number?): number == .min ? nil : .integer(-number)
        case ("abs", let number?): number == .min ? nil : .integer(abs(number))
        case ("floor", let number?), ("ceil", let number?), ("trunc", let number?): .integer(number)
        case ("neg", nil): .float(-double)
        case ("abs", nil): .float(abs(double))
        case ("floor", nil): Int64(exactly: double.rounded(.down)).map(Value.integer)
        case ("ceil", nil): Int64(exactly: double.rounded(.up)).map(Value.integer)
        case ("trunc", nil): Int64(exactly: double.rounded(.towardZero)).map(Value.integer)
        case ("sqrt", _): double < 0 ? nil : .float(double.squareRoot())
        case ("exp", _), ("log", _), ("log2", _), ("log10", _), ("sin", _), ("cos", _), ("tanh", _):
            elementary(function).flatMap { $0.isNaN && !double.isNaN ? nil : .float($0) }
        default: nil
        }
    }

    /// Returns what the function of tensors gives, in float64.
    private func elementary(_ function: String) -> Double? {
        guard case .unary(let body)? = FunctionType.all[function]?.body,
            let result = try? body(Tensor(scalar: double)).item()
        else { return nil }
        return result
    }
}

extension Number {
    /// The whole number; `nil` for a float.
    fileprivate var whole: Int64? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .int(let value): value
        case .double: nil
        }
    }
}
