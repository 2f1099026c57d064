/// A number as its literal writes it: `±mantissa * 10^exponent`, with nothing lost.
struct Decimal {
    /// At most eighteen digits, so it fits `Int64` and converts to `Double` in one instruction.
    var mantissa: UInt64 = 0
    var exponent = 0
    var isNegative = false
    /// Whether the literal has neither a fraction nor an exponent.
    var isInteger = true

    /// Returns the bound below which a mantissa takes `digits` digits more.
    @inline(__always) static func limit(_ digits: Int) -> UInt64 { integerPowersOfTen[18 - digits] }

    static let integerPowersOfTen: InlineArray<19, UInt64> = [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
        100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
        10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000,
    ]
}

/// A place in a text, and how to read one decimal there.
///
/// The pointers belong to the caller, who keeps the bytes alive while the cursor lives. Nothing at or past `end` is read.
struct DecimalCursor {
    var position: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>

    init(_ position: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) {
        self.position = position
        self.end = end
    }

    /// The byte at the cursor; 0, which no JSON token holds, at the end.
    @inline(__always) var byte: UInt8 { position < end ? position.pointee : 0 }

    /// Passes one number (RFC 8259, section 6) and returns it; `nil` if there is none or it has more than eighteen digits.
    @inline(__always) mutating func scanDecimal() -> Decimal? {
        var decimal = Decimal()
        if byte == UInt8(ascii: "-") {
            decimal.isNegative = true
            position += 1
        }
        let first = position
        guard scanDigits(into: &decimal.mantissa), position > first else { return nil }
        if first.pointee == UInt8(ascii: "0"), position - first > 1 { return nil }
        if byte == UInt8(ascii: ".") {
            position += 1
            let start = position
            guard scanDigits(into: &decimal.mantissa), position > start else { return nil }
            decimal.exponent = start - position
            decimal.isInteger = false
        }
        if byte | 0x20 == UInt8(ascii: "e") {
            guard let exponent = scanExponent() else { return nil }
            decimal.exponent += exponent
            decimal.isInteger = false
        }
        // An integer has one zero; only `-0.0` and `-0e0` are negative.
        if decimal.isInteger, decimal.mantissa == 0 { decimal.isNegative = false }
        return decimal
    }

    /// Appends the digits at the cursor to `mantissa`, eight at a time; `false` if they could pass eighteen digits.
    @inline(__always) private mutating func scanDigits(into mantissa: inout UInt64) -> Bool {
        while end - position >= 8 {
            let word = EightBytes(loading: position)
            let count = word.digitCount
            if count == 0 { return true }
            guard mantissa < Decimal.limit(count) else { return false }
            mantissa = mantissa * Decimal.integerPowersOfTen[count] + word.value(ofDigits: count)
            position += count
            if count < 8 { return true }
        }
        while byte &- UInt8(ascii: "0") < 10 {
            guard mantissa < Decimal.limit(1) else { return false }
            mantissa = mantissa * 10 + UInt64(byte &- UInt8(ascii: "0"))
            position += 1
        }
        return true
    }

    /// Passes `e`, a sign and digits; an exponent beyond ±99,999 is left to the slow path.
    private mutating func scanExponent() -> Int? {
        position += 1
        let isNegative = byte == UInt8(ascii: "-")
        if isNegative || byte == UInt8(ascii: "+") { position += 1 }
        var magnitude: UInt64 = 0
        let start = position
        guard scanDigits(into: &magnitude), position > start, magnitude < 100_000 else { return nil }
        return isNegative ? -Int(magnitude) : Int(magnitude)
    }
}

/// Eight bytes of text in one register, the first in the lowest byte ("SIMD within a register").
struct EightBytes {
    private let word: UInt64

    @inline(__always) init(loading position: UnsafePointer<UInt8>) {
        word = UInt64(littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt64.self))
    }

    /// How many of the bytes, from the first, are ASCII digits.
    ///
    /// A byte is a digit if its high half is 3 and stays so when 6 is added. Adding can carry only out of a byte that is no
    /// digit, so the bytes below the first such byte are judged rightly.
    @inline(__always) var digitCount: Int {
        let high = word & 0xF0F0_F0F0_F0F0_F0F0
        let shifted = (word &+ 0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0
        let others = (high ^ 0x3030_3030_3030_3030) | (shifted ^ 0x3030_3030_3030_3030)
        return others.trailingZeroBitCount >> 3
    }

    /// Returns the number that the first `count` bytes, all digits, write.
    @inline(__always) func value(ofDigits count: Int) -> UInt64 {
        // The digits move to the high end, so that zeros lead; then pairs, quads and both halves are summed at once.
        var digits = (word ^ 0x3030_3030_3030_3030) &<< UInt64((8 - count) * 8)
        digits = (digits &* 10) &+ (digits >> 8)
        let low = (digits & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
        let high = ((digits >> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
        return (low &+ high) >> 32
    }
}
