/// The shortest decimal that reads back as a given number, and of those the nearest: `digits * 10^exponent`.
///
/// Schubfach (Giulietti, "The Schubfach way to render doubles", 2020): of the decimals with the number's own precision and
/// one digit less, at most two lie near it; three products with a power of ten tell which of them round to it.
struct ShortestDecimal: Equatable {
    var digits: UInt64
    var exponent: Int

    private init(digits: UInt64, exponent: Int) {
        self.digits = digits
        self.exponent = exponent
    }

    /// Chooses among the decimals that are multiples of `10^exponent`.
    ///
    /// All three are in quarters of that: the number, and the bounds within which everything rounds to it.
    @inline(__always) private init<Word: FixedWidthInteger & UnsignedInteger>(
        nearest value: Word,
        from lower: Word,
        through upper: Word,
        exponent: Int
    ) {
        let short = value / 4
        let tens = short / 10
        let (lowTen, highTen) = (lower <= tens * 40, tens * 40 + 40 <= upper)
        if tens > 0, lowTen != highTen {
            self.init(digits: UInt64(tens) + (highTen ? 1 : 0), exponent: exponent + 1)
            return
        }
        let (low, high) = (lower <= short * 4, short * 4 + 4 <= upper)
        let middle = short * 4 + 2
        let roundsUp = low != high ? high : value > middle || (value == middle && short & 1 == 1)
        self.init(digits: UInt64(short) + (roundsUp ? 1 : 0), exponent: exponent)
    }
}

extension ShortestDecimal {
    /// Creates the decimal of a finite float that is not negative.
    @inline(__always) init(_ value: Float) {
        let fraction = value.bitPattern & 0x7F_FFFF
        let biased = Int(value.bitPattern >> 23)
        let significand = biased == 0 ? fraction : fraction | 0x80_0000
        let scale = BinaryScale(exponent: max(biased, 1) - 150, isPowerOfTwo: fraction == 0 && biased > 1)
        if let integer = scale.integer(UInt64(significand), precision: 24) {
            self.init(digits: integer, exponent: 0)
            return
        }
        let power = PowersOfTen.bits[-scale.decimalExponent - PowersOfTen.first]
        let (quarters, isOdd, shift) = (significand << 2, significand & 1, UInt32(scale.shift))
        self.init(
            nearest: Self.product(power, quarters << shift),
            from: Self.product(power, (quarters - scale.lowerGap) << shift) + isOdd,
            through: Self.product(power, (quarters + 2) << shift) - isOdd,
            exponent: scale.decimalExponent
        )
    }

    /// Creates the decimal of a finite double that is not negative; `nil` where no power of ten is at hand.
    @inline(__always) init?(_ value: Double) {
        let fraction = value.bitPattern & 0xF_FFFF_FFFF_FFFF
        let biased = Int(value.bitPattern >> 52)
        let significand = biased == 0 ? fraction : fraction | 0x10_0000_0000_0000
        let scale = BinaryScale(exponent: max(biased, 1) - 1_075, isPowerOfTwo: fraction == 0 && biased > 1)
        if let integer = scale.integer(significand, precision: 53) {
            self.init(digits: integer, exponent: 0)
            return
        }
        let exponents = WidePowersOfTen.exponents
        guard exponents.contains(-scale.decimalExponent) else { return nil }
        let index = 2 * (-scale.decimalExponent - exponents.lowerBound)
        let power = (high: WidePowersOfTen.halves[index], low: WidePowersOfTen.halves[index + 1])
        let (quarters, isOdd, shift) = (significand << 2, significand & 1, UInt64(scale.shift))
        self.init(
            nearest: Self.product(power, quarters << shift),
            from: Self.product(power, (quarters - UInt64(scale.lowerGap)) << shift) + isOdd,
            through: Self.product(power, (quarters + 2) << shift) - isOdd,
            exponent: scale.decimalExponent
        )
    }

    /// Returns the high bits of a product, the last of them set if any below it is ("rounded to odd").
    @inline(__always) private static func product(_ power: UInt64, _ factor: UInt32) -> UInt32 {
        let (high, low) = power.multipliedFullWidth(by: UInt64(factor))
        return UInt32(truncatingIfNeeded: high) | (low >> 32 > 1 ? 1 : 0)
    }

    /// Returns the high bits of a product, the last of them set if any below it is ("rounded to odd").
    @inline(__always) private static func product(_ power: (high: UInt64, low: UInt64), _ factor: UInt64) -> UInt64 {
        let (high, middle) = power.high.multipliedFullWidth(by: factor)
        let (sum, carry) = middle.addingReportingOverflow(power.low.multipliedFullWidth(by: factor).high)
        return (high &+ (carry ? 1 : 0)) | (sum > 1 ? 1 : 0)
    }
}

/// Where the last bit of a number stands, in powers of two and of ten.
private struct BinaryScale {
    /// The last bit counts `2^exponent`.
    let exponent: Int
    /// Whether the number below is only half as far away as the one above.
    let isPowerOfTwo: Bool

    /// `floor(log10(2^exponent))`, or of 3/4 of it for a power of two.
    var decimalExponent: Int { (exponent * 1_262_611 - (isPowerOfTwo ? 524_031 : 0)) >> 22 }

    /// By how many bits to shift a number before it is multiplied by its power of ten.
    var shift: Int { exponent + ((-decimalExponent * 1_741_647) >> 19) + 1 }

    /// From the number to the bound below it, in quarters of its last bit.
    var lowerGap: UInt32 { isPowerOfTwo ? 1 : 2 }

    /// Returns the number if it is an integer of at most `precision` bits, which is its own shortest decimal.
    @inline(__always) func integer(_ significand: UInt64, precision: Int) -> UInt64? {
        guard significand != 0 else { return 0 }
        guard (1 - precision...0).contains(exponent) else { return nil }
        let places = UInt64(-exponent)
        return significand & (1 << places - 1) == 0 ? significand >> places : nil
    }
}
