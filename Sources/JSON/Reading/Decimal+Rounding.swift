// Correct rounding without big integers where that can be proved, else the standard library's conversion.

/// A type that a decimal can be converted to.
protocol DecimalConvertible: LosslessStringConvertible {
    /// Creates the value nearest to `decimal`; `nil` where the fast arithmetic cannot prove that it is the nearest.
    init?(fast decimal: Decimal)
}

extension DecimalConvertible {
    /// Passes the number at `cursor` and creates the value nearest to it; `nil` if there is no number.
    init?(scanning cursor: inout DecimalCursor) {
        let start = cursor.position
        if let decimal = cursor.scanDecimal(), let value = Self(fast: decimal) {
            self = value
            return
        }
        // The standard library's conversion is exact and takes any length.
        cursor.position = start
        guard let text = cursor.passNumber() else { return nil }
        self.init(text)
    }
}

extension Int64: DecimalConvertible {
    @inline(__always) init?(fast decimal: Decimal) {
        guard decimal.isInteger else { return nil }
        let magnitude = Int64(truncatingIfNeeded: decimal.mantissa)
        self = decimal.isNegative ? -magnitude : magnitude
    }
}

extension DecimalCursor {
    /// Passes the number at the cursor and returns its text; `nil` if the grammar has none here.
    mutating func passNumber() -> String? {
        var reader = JSONReader(Array(UnsafeBufferPointer(start: position, count: numberLength)))
        guard reader.nextByte != nil, (try? reader.scanNumber()) != nil, reader.nextByte == nil else { return nil }
        position += numberLength
        return String(decoding: reader.bytes, as: UTF8.self)
    }

    /// How many bytes from here could belong to a number.
    private var numberLength: Int {
        var cursor = position
        while cursor < end, Self.isNumberByte(cursor.pointee) { cursor += 1 }
        return cursor - position
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}

extension Float: DecimalConvertible {
    @inline(__always) init?(fast decimal: Decimal) {
        guard decimal.exponent.magnitude <= 22 else { return nil }
        let mantissa = Double(Int64(truncatingIfNeeded: decimal.mantissa))
        let power = Decimal.powersOfTen[Int(decimal.exponent.magnitude)]
        let value = decimal.exponent < 0 ? mantissa / power : mantissa * power
        // Two roundings to double left an error of at most two units in its last place. That cannot change the float
        // unless the 29 bits that a float drops lie that close to the midpoint of two floats. (No such value is subnormal.)
        let dropped = value.bitPattern & 0x1FFF_FFFF
        guard dropped &- (0x1000_0000 - 2) > 4 else { return nil }
        self = Float(decimal.isNegative ? -value : value)
    }
}

extension Double: DecimalConvertible {
    @inline(__always) init?(fast decimal: Decimal) {
        guard decimal.exponent.magnitude <= 22, decimal.mantissa <= 1 << 53 else {
            self.init(wide: decimal)
            return
        }
        // Both operands are exact, so the one operation rounds correctly (Clinger 1990).
        let mantissa = Double(Int64(truncatingIfNeeded: decimal.mantissa))
        let power = Decimal.powersOfTen[Int(decimal.exponent.magnitude)]
        let value = decimal.exponent < 0 ? mantissa / power : mantissa * power
        self = decimal.isNegative ? -value : value
    }

    /// Creates the double nearest to a decimal whose power of five fits 64 bits, from an exact quotient or product.
    private init?(wide decimal: Decimal) {
        guard decimal.exponent.magnitude <= 27, decimal.mantissa != 0 else { return nil }
        let fives = Decimal.powersOfFive[Int(decimal.exponent.magnitude)]
        // Both fill 64 bits, so that product and quotient keep at least 62.
        let (shift, powerShift) = (decimal.mantissa.leadingZeroBitCount, fives.leadingZeroBitCount)
        let mantissa = decimal.mantissa << UInt64(shift)
        let power = fives << UInt64(powerShift)
        let magnitude: Double
        if decimal.exponent >= 0 {
            let product = mantissa.multipliedFullWidth(by: power)
            let exponent = 64 - shift - powerShift + decimal.exponent
            magnitude = Self.rounded(product.high, rest: product.low, exponent: exponent)
        } else {
            // The dividend's high half is below 2^63 and so below the divisor: the quotient fits 64 bits.
            let division = power.dividingFullWidth((mantissa >> 1, mantissa << 63))
            let exponent = powerShift - shift - 63 + decimal.exponent
            magnitude = Self.rounded(division.quotient, rest: division.remainder, exponent: exponent)
        }
        self = decimal.isNegative ? -magnitude : magnitude
    }

    /// Returns `(high + r) * 2^exponent` to the nearest, ties to even, where `0 <= r < 1`, and `r` is 0 only if `rest` is.
    /// - Precondition: the result is a normal number, and `high` is at least 2^62.
    private static func rounded(_ high: UInt64, rest: UInt64, exponent: Int) -> Double {
        let shift = high.leadingZeroBitCount
        let sticky: UInt64 = rest == 0 ? 0 : 1
        let bits = high << UInt64(shift)
        let dropped = (bits & 0x7FF) << 1 | sticky
        let significand = bits >> 11
        let roundsUp = dropped > 0x800 || (dropped == 0x800 && significand & 1 == 1)
        let biased = UInt64(1023 + 63 + exponent - shift)
        // The significand's leading one adds 1 to the exponent field below it; rounding up carries the same way.
        return Double(bitPattern: ((biased - 1) << 52) + significand + (roundsUp ? 1 : 0))
    }
}

extension Decimal {
    /// The powers of ten that a double holds exactly.
    ///
    /// An array, since the compiler (6.3) copies an inline one to the stack, all of it, each time that one of its numbers is taken.
    static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// The powers of five that 64 bits hold.
    static let powersOfFive: [UInt64] = [
        1, 5, 25, 125, 625, 3_125, 15_625, 78_125, 390_625, 1_953_125, 9_765_625, 48_828_125, 244_140_625,
        1_220_703_125, 6_103_515_625, 30_517_578_125, 152_587_890_625, 762_939_453_125, 3_814_697_265_625,
        19_073_486_328_125, 95_367_431_640_625, 476_837_158_203_125, 2_384_185_791_015_625, 11_920_928_955_078_125,
        59_604_644_775_390_625, 298_023_223_876_953_125, 1_490_116_119_384_765_625, 7_450_580_596_923_828_125,
    ]
}
