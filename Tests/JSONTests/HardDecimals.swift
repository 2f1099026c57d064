import Glibc

/// Decimals that are hard to round: midpoints of neighbours, their own neighbours, subnormals, what overflows a float or
/// underflows both, exponents of any size, and any lengths of digits.
struct HardDecimals {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// Returns the next decimal; its double is finite, so that a list may hold it, and no integer is beyond 64 bits.
    mutating func next() -> String {
        switch random() % 13 {
        case 0: float().description
        case 1: double().description
        case 2: printed(midpoint(), digits: 60)
        case 3: printed(midpoint(), digits: 17)
        case 4: printed(midpoint(), digits: 60) + "1"
        case 5: "\(random() % 1_000_000_000_000_000_000)e\(Int(random() % 80) - 50)"
        case 6: "0." + String(repeating: "0", count: Int(random() % 12)) + "\(random())\(random())"
        case 7: printed(subnormal(), significant: Int(random() % 3) * 60)
        case 8: longDigits()
        case 9: "\(random() % 10_000)e\(Int(random() % 690) - 400)"
        case 10: "0.\(random())\(random() % 2 == 0 ? "e-000" : "E+00")\(random() % 60)"
        case 11: wideMidpoint()
        default: "\(random() % 100_000).\(random() % 10_000_000)"
        }
    }

    mutating func float() -> Float {
        let value = Float(bitPattern: UInt32(truncatingIfNeeded: random()))
        return value.isFinite ? value : 1
    }

    /// Returns a double between 1e-40 and 1e40, with all its digits or a few.
    mutating func ordinaryDouble() -> Double {
        let exponent = Int(random() % 266) - 133
        let fraction = random() % 2 == 0 ? random() >> 12 : (random() >> 12) & ~0xF_FFFF_FFFF
        return Double(sign: .plus, exponent: exponent, significand: Double(bitPattern: 0x3FF << 52 | fraction))
    }

    mutating func double() -> Double {
        let value = Double(bitPattern: random())
        return value.isFinite ? value : 1
    }

    /// Returns the midpoint of two neighbouring floats, or of a float's own double neighbours, which a double holds.
    private mutating func midpoint() -> Double {
        let magnitude = abs(float())
        let low = Double(magnitude)
        let high = Double(magnitude.nextUp)
        guard high.isFinite else { return low }
        let middle = low + (high - low) / 2
        switch random() % 3 {
        case 0: return middle
        case 1: return middle.nextUp
        default: return middle.nextDown
        }
    }

    /// Returns a double that is a subnormal float, a midpoint of two, or itself subnormal.
    private mutating func subnormal() -> Double {
        switch random() % 3 {
        case 0: Double(Float(bitPattern: UInt32(random() % 0x80_0000)))
        case 1: Double(2 * (random() % 0x80_0000) + 1) * 0x1p-150
        default: Double(bitPattern: random() >> (12 + random() % 50))
        }
    }

    /// Returns twenty to some hundreds of digits, with the point somewhere and an exponent that brings it back into range.
    private mutating func longDigits() -> String {
        let pieces = (0...Int(random() % 20)).map { _ in "\(1 + random() % 9_999_999_999_999_999_999)" }
        let digits = pieces.joined()
        let point = 1 + Int(random() % UInt64(digits.count - 1))
        return "\(digits.prefix(point)).\(digits.dropFirst(point))e\(Int(random() % 60) - point - 30)"
    }

    /// Returns the midpoint of two neighbouring doubles with all its digits, on or just beside it.
    private mutating func wideMidpoint() -> String {
        #if arch(x86_64)
        let low = Float80(abs(double()))
        let middle = low + Float80(Double(low).ulp) / 2
        let text = printed([Int32(random() % 2 == 0 ? 17 : 800), middle], "%.*Le")
        guard random() % 2 == 0, let mark = text.firstIndex(of: "e") else { return text }
        return text[..<mark] + "1" + text[mark...]
        #else
        return printed(double(), significant: 800)
        #endif
    }

    /// Returns `value` with so many digits after the point, without a trailing exponent so that digits can follow.
    private func printed(_ value: Double, digits: Int) -> String {
        guard value >= 1e-30, value < 1e17 else { return "\(value.description.split(separator: "e")[0])" }
        return printed([Int32(digits), value], "%.*f")
    }

    /// Returns `value` with so many digits after the first, and an exponent.
    private func printed(_ value: Double, significant: Int) -> String {
        printed([Int32(significant), value], "%.*e")
    }

    private func printed(_ arguments: [any CVarArg], _ format: String) -> String {
        withVaList(arguments) { arguments in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1_024) { buffer in
                guard let base = buffer.baseAddress else { return "0.0" }
                vsnprintf(base, buffer.count, format, arguments)
                return String(cString: base)
            }
        }
    }

    /// SplitMix64.
    private mutating func random() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
