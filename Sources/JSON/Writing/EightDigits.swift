/// Eight decimal digits in one register, the first in the lowest byte, as text lies in memory.
enum EightDigits {
    /// `0` in each byte.
    static let zeros: UInt64 = 0x3030_3030_3030_3030

    /// Returns the digits, as numbers, of `value`, which is below 10^8; zeros lead.
    ///
    /// Halves, quarters and eighths are divided at once: each quotient takes the lower part of its field, each remainder the upper.
    @inline(__always) static func split(_ value: UInt64) -> UInt64 {
        let halves = (value / 10_000) | (value % 10_000) << 32
        let hundreds = ((halves &* 10_486) >> 20) & 0x0000_007F_0000_007F
        let quarters = hundreds | (halves &- hundreds &* 100) << 16
        let tens = ((quarters &* 103) >> 10) & 0x000F_000F_000F_000F
        return tens | (quarters &- tens &* 10) << 8
    }
}

/// Writes text at a pointer; each function returns where the text ends.
///
/// They may overwrite what lies behind the text: from where they are given on, `TextPointer.room` bytes must be theirs.
typealias TextPointer = UnsafeMutablePointer<UInt8>

extension TextPointer {
    /// More bytes than any number takes, with what is overwritten behind it.
    static var room: Int { 48 }

    @inline(__always) func write(_ byte: UInt8) -> TextPointer {
        pointee = byte
        return self + 1
    }

    @inline(__always) func write(_ text: StaticString) -> TextPointer {
        update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        return self + text.utf8CodeUnitCount
    }

    /// Writes an integer in decimal.
    @inline(__always) func write(decimal value: some FixedWidthInteger) -> TextPointer {
        let magnitude = UInt64(value.magnitude)
        let start = value < 0 ? write(UInt8(ascii: "-")) : self
        if magnitude < 100_000_000 { return start.write(leading: magnitude) }
        let (high, low) = magnitude.quotientAndRemainder(dividingBy: 100_000_000)
        if high < 100_000_000 { return start.write(leading: high).write(eight: low) }
        let (highest, middle) = high.quotientAndRemainder(dividingBy: 100_000_000)
        return start.write(leading: highest).write(eight: middle).write(eight: low)
    }

    /// Writes a number below 10^8 without leading zeros.
    @inline(__always) private func write(leading value: UInt64) -> TextPointer {
        let digits = EightDigits.split(value)
        let zeros = min(digits.trailingZeroBitCount / 8, 7)
        store(digits &>> UInt64(zeros * 8) | EightDigits.zeros)
        return self + (8 - zeros)
    }

    @inline(__always) private func write(eight value: UInt64) -> TextPointer {
        store(EightDigits.split(value) | EightDigits.zeros)
        return self + 8
    }

    @inline(__always) func store(_ word: some FixedWidthInteger & BitwiseCopyable) {
        UnsafeMutableRawPointer(self).storeBytes(of: word.littleEndian, as: type(of: word.littleEndian))
    }
}
