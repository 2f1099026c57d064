/// A type whose numbers are compared, divided and raised to powers.
protocol Dividing {
    /// Whether `first` is less than `second`; nothing is less than NaN.
    static func isLess(_ first: Self, _ second: Self) -> Bool
    static func isEqual(_ first: Self, _ second: Self) -> Bool
    /// Returns the quotient rounded down.
    static func quotientDown(_ first: Self, _ second: Self) -> Self
    /// Returns the quotient rounded toward zero.
    static func quotientTowardZero(_ first: Self, _ second: Self) -> Self
    /// Returns what is left of `first`, with the sign of `second`.
    static func modulo(_ first: Self, _ second: Self) -> Self
    /// Returns what is left of `first`, with its sign.
    static func remainder(_ first: Self, _ second: Self) -> Self
    static func power(_ base: Self, _ exponent: Self) -> Self
}

extension Dividing where Self: Real {
    static func isLess(_ first: Self, _ second: Self) -> Bool { first < second }
    static func isEqual(_ first: Self, _ second: Self) -> Bool { first == second }
    static func quotientTowardZero(_ first: Self, _ second: Self) -> Self { (first / second).rounded(.towardZero) }
    static func remainder(_ first: Self, _ second: Self) -> Self { first.truncatingRemainder(dividingBy: second) }
    static func power(_ base: Self, _ exponent: Self) -> Self { base.power(exponent) }

    static func quotientDown(_ first: Self, _ second: Self) -> Self {
        guard second != 0 else { return first / second }
        let rest = remainder(first, second)
        var quotient = (first - rest) / second
        if rest != 0, (second < 0) != (rest < 0) { quotient -= 1 }
        guard quotient != 0 else { return Self(signOf: first / second, magnitudeOf: 0) }
        let whole = quotient.rounded(.down)
        return quotient - whole > 0.5 ? whole + 1 : whole
    }

    static func modulo(_ first: Self, _ second: Self) -> Self {
        let rest = remainder(first, second)
        return rest != 0 && (second < 0) != (rest < 0) ? rest + second : rest
    }
}

// Whoever divides integers has looked for zeros before; the smallest number divided by -1 is itself.
extension Dividing where Self: FixedWidthInteger {
    static func isLess(_ first: Self, _ second: Self) -> Bool { first < second }
    static func isEqual(_ first: Self, _ second: Self) -> Bool { first == second }
    static func quotientTowardZero(_ first: Self, _ second: Self) -> Self {
        first.dividedReportingOverflow(by: second).partialValue
    }
    static func remainder(_ first: Self, _ second: Self) -> Self {
        first.remainderReportingOverflow(dividingBy: second).partialValue
    }
    static func quotientDown(_ first: Self, _ second: Self) -> Self {
        let (quotient, rest) = (quotientTowardZero(first, second), remainder(first, second))
        return rest != 0 && (second < 0) != (rest < 0) ? quotient &- 1 : quotient
    }
    static func modulo(_ first: Self, _ second: Self) -> Self {
        let rest = remainder(first, second)
        return rest != 0 && (second < 0) != (rest < 0) ? rest &+ second : rest
    }

    static func power(_ base: Self, _ exponent: Self) -> Self {
        guard exponent >= 0 else {
            guard base == 1 || base &+ 1 == 0 else { return 0 }
            return base == 1 || exponent & 1 == 0 ? 1 : base
        }
        var (result, square, rest) = (1 as Self, base, exponent)
        while rest != 0 {
            if rest & 1 == 1 { result = result &* square }
            square = square &* square
            rest >>= 1
        }
        return result
    }
}

/// PyTorch divides no bools; only the comparisons are called.
extension Bool: Dividing {
    static func isLess(_ first: Bool, _ second: Bool) -> Bool { !first && second }
    static func isEqual(_ first: Bool, _ second: Bool) -> Bool { first == second }
    static func quotientDown(_ first: Bool, _ second: Bool) -> Bool { first && second }
    static func quotientTowardZero(_ first: Bool, _ second: Bool) -> Bool { first && second }
    static func modulo(_ first: Bool, _ second: Bool) -> Bool { first && !second }
    static func remainder(_ first: Bool, _ second: Bool) -> Bool { first && !second }
    static func power(_ base: Bool, _ exponent: Bool) -> Bool { base || !exponent }
}
