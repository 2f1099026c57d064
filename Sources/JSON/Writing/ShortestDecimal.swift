/// The shortest decimal that reads back as a given float, and of those the nearest: `digits * 10^exponent`.
///
/// Schubfach (Giulietti, "The Schubfach way to render doubles", 2020): of the decimals with the float's own precision and one
/// digit less, at most two lie near it; three products with a power of ten tell which of them round to it.
struct ShortestDecimal: Equatable {
    var digits: UInt32
    var exponent: Int

    /// Creates the decimal of a finite float that is not negative.
    @inline(__always) init(_ value: Float) {
        let fraction = value.bitPattern & 0x7F_FFFF
        let biased = Int(value.bitPattern >> 23)
        let significand = biased == 0 ? fraction : fraction | 0x80_0000
        let binaryExponent = max(biased, 1) - 150
        guard significand != 0 else {
            self.init(digits: 0, exponent: 0)
            return
        }
        // Integers below 2^24 are their own digits.
        if (-23...0).contains(binaryExponent), significand & (1 << UInt32(-binaryExponent) - 1) == 0 {
            self.init(digits: significand >> UInt32(-binaryExponent), exponent: 0)
            return
        }
        self.init(significand, binaryExponent: binaryExponent, isPowerOfTwo: fraction == 0 && biased > 1)
    }

    private init(digits: UInt32, exponent: Int) {
        self.digits = digits
        self.exponent = exponent
    }

    /// - Parameter isPowerOfTwo: Whether the float below is only half as far away as the one above.
    private init(_ significand: UInt32, binaryExponent: Int, isPowerOfTwo: Bool) {
        // floor(log10(2^binaryExponent)), or of 3/4 of it for a power of two.
        let exponent = (binaryExponent * 1_262_611 - (isPowerOfTwo ? 524_031 : 0)) >> 22
        let shift = UInt32(binaryExponent + ((-exponent * 1_741_647) >> 19) + 1)
        let power = PowersOfTen.bits[-exponent - PowersOfTen.first]
        // In quarters: the float itself, and the two midpoints within which everything rounds to it.
        let value = Self.product(power, (significand << 2) << shift)
        let isOdd = significand & 1
        let lower = Self.product(power, (significand << 2 - (isPowerOfTwo ? 1 : 2)) << shift) + isOdd
        let upper = Self.product(power, (significand << 2 + 2) << shift) - isOdd

        let short = value / 4
        let tens = short / 10
        let (lowTen, highTen) = (lower <= tens * 40, tens * 40 + 40 <= upper)
        if tens > 0, lowTen != highTen {
            self.init(digits: tens + (highTen ? 1 : 0), exponent: exponent + 1)
            return
        }
        let (low, high) = (lower <= short * 4, short * 4 + 4 <= upper)
        let middle = short * 4 + 2
        let roundsUp = low != high ? high : value > middle || (value == middle && short & 1 == 1)
        self.init(digits: short + (roundsUp ? 1 : 0), exponent: exponent)
    }

    /// Returns the high bits of a product, the last of them set if any below it is ("rounded to odd").
    @inline(__always) private static func product(_ power: UInt64, _ factor: UInt32) -> UInt32 {
        let (high, low) = power.multipliedFullWidth(by: UInt64(factor))
        return UInt32(truncatingIfNeeded: high) | (low >> 32 > 1 ? 1 : 0)
    }
}
