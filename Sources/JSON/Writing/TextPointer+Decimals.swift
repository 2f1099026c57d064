extension TextPointer {
    /// Writes a decimal of at most nine digits with its point where Python puts it.
    @inline(__always) func write(_ decimal: ShortestDecimal) -> TextPointer {
        let (high, low) = decimal.digits.quotientAndRemainder(dividingBy: 100_000_000)
        let all = UInt128(EightDigits.split(low)) << 8 | UInt128(high)
        let leadingZeros = min(all.trailingZeroBitCount / 8, 8)
        let digits = all &>> UInt128(leadingZeros * 8)
        let count = max(16 - digits.leadingZeroBitCount / 8, 1)
        // The point stands behind so many digits; sixteen of them can be written, zeros behind the last.
        let point = 9 - leadingZeros + decimal.exponent
        let ascii = digits | UInt128(EightDigits.zeros) << 64 | UInt128(EightDigits.zeros)
        switch point {
        case 1...16: return write(ascii, count: count, point: point)
        case -3...0: return write("0.000").advanced(by: -3 - point).write(ascii, count: count)
        default: return write(ascii, count: count, exponent: point - 1)
        }
    }

    @inline(__always) private func write(_ ascii: UInt128, count: Int) -> TextPointer {
        store(ascii)
        return self + count
    }

    /// Writes `12.5`.
    @inline(__always) private func write(_ ascii: UInt128, count: Int, point: Int) -> TextPointer {
        store(ascii)
        let zero = UInt128(UInt8(ascii: "0"))
        let fraction = point < count ? ascii &>> UInt128(point * 8) : zero
        return (self + point).write(UInt8(ascii: ".")).write(fraction, count: Swift.max(count - point, 1))
    }

    /// Writes `1.25e-07`.
    private func write(_ ascii: UInt128, count: Int, exponent: Int) -> TextPointer {
        store(ascii)
        var end = self + 1
        if count > 1 { end = end.write(UInt8(ascii: ".")).write(ascii >> 8, count: count - 1) }
        return end.write(exponent: exponent)
    }

    /// Writes `e-07`: two digits at least, and more than two only for doubles that the standard library writes.
    private func write(exponent: Int) -> TextPointer {
        let (tens, ones) = exponent.magnitude.quotientAndRemainder(dividingBy: 10)
        return write(exponent < 0 ? "e-" : "e+")
            .write(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: tens))
            .write(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: ones))
    }
}

extension TextPointer {
    /// Writes a decimal of at most seventeen digits with its point where Python puts it.
    @inline(__always) func write(wide decimal: ShortestDecimal) -> TextPointer {
        guard decimal.digits != 0 else { return write("0.0") }
        // The digits move up until there are seventeen: one, and the sixteen of `rest`.
        let length = DecimalLength.of(decimal.digits)
        let (first, rest) = (decimal.digits &* DecimalLength.powersOfTen[17 - length])
            .quotientAndRemainder(dividingBy: DecimalLength.powersOfTen[16])
        let (high, low) = rest.quotientAndRemainder(dividingBy: 100_000_000)
        let values = UInt128(EightDigits.split(low)) << 64 | UInt128(EightDigits.split(high))
        let count = 17 - values.leadingZeroBitCount / 8
        let ascii = values | UInt128(EightDigits.zeros) << 64 | UInt128(EightDigits.zeros)
        let digit = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: first)
        // The point stands behind so many digits.
        let point = length + decimal.exponent
        switch point {
        case 1...16:
            write(digit).store(ascii)
            return (self + point).write(UInt8(ascii: "."))
                .write(ascii &>> UInt128((point - 1) * 8), count: Swift.max(count - point, 1))
        case -3...0:
            return write("0.000").advanced(by: -3 - point).write(digit).write(ascii, count: count - 1)
        default:
            let end = write(digit)
            let fraction = count > 1 ? end.write(UInt8(ascii: ".")).write(ascii, count: count - 1) : end
            return fraction.write(exponent: point - 1)
        }
    }
}

/// How many decimal digits a number has.
private enum DecimalLength {
    static let powersOfTen: InlineArray<18, UInt64> = [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
        100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
        10_000_000_000_000_000, 100_000_000_000_000_000,
    ]

    /// Returns the digits of `value`, which is at least 1 and below 10^17.
    @inline(__always) static func of(_ value: UInt64) -> Int {
        // The bits times log10(2) are the digits or one less.
        let estimate = ((64 - value.leadingZeroBitCount) * 1_233) >> 12
        return estimate + (value >= powersOfTen[estimate] ? 1 : 0)
    }
}
