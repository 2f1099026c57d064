import Glibc
import JSON
import Testing

/// The C library's conversions are the oracle: they are correctly rounded for texts of any length.
struct RoundingTests {
    /// A debug build computes a fiftieth of what a release build does.
    private static var isDebug: Bool {
        var flag = false
        assert(
            {
                flag = true; return true
            }()
        )
        return flag
    }

    @Test(.timeLimit(.minutes(1))) func agreesWithTheCLibraryOnAMillionHardNumbers() {
        var source = HardDecimals(seed: 0x5EED)
        let rounds = Self.isDebug ? 10 : 1_100
        var mismatches: [String] = []
        for _ in 0..<rounds {
            let texts = (0..<1_000).map { _ in source.next() }
            mismatches += mismatched(texts)
        }
        #expect(mismatches.prefix(5).isEmpty, "\(mismatches.count) mismatches")
    }

    @Test(arguments: [
        "16777217", "16777217.0", "16777217.00000000000000000000000000001", "33554435", "0.1", "1e23",
        "9007199254740993",
        "9007199254740992.9999999999", "1.00000005960464477539062500", "1.000000059604644775390624",
        "3.4028235677973366e38",
        "3.4028235677973365e38", "1.17549435e-38", "7.006492321624085e-46", "7.006492321624086e-46",
        "2.2250738585072012e-308",
        "4.9406564584124654e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "1.7976931348623158e308",
        "89255e-22", "104110013277974872254e-225", "8.41e21", "9e22", "9e-23", "0e99999", "0.000e-99999", "1e22",
        "1e-22",
        "999999999999999999", "9999999999999999999.0", "123456789123456789e27", "123456789123456789e-27", "5e-27",
        "1e27",
    ])
    func agreesOnKnownTraps(text: String) {
        #expect(mismatched([text, "-\(text)"]).isEmpty)
    }

    @Test func writesWhatReadsBack() throws {
        var source = HardDecimals(seed: 7)
        for _ in 0..<(Self.isDebug ? 2_000 : 200_000) {
            let single = source.float(), double = source.double()
            var writer = JSONWriter()
            writer.beginArray()
            writer.write(single)
            writer.write(double)
            writer.endArray()
            let text = String(decoding: writer.finish(), as: UTF8.self).dropFirst().dropLast().split(separator: ",")
                .map(String.init)
            #expect(strtof(text[0], nil) == single && digits(text[0]) == digits(single.description))
        }
    }

    /// Returns the digits that a number's literal shows, without leading and trailing zeros, point and exponent.
    private func digits(_ literal: String) -> String {
        let digits = literal.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
        return String(digits.reversed().drop { $0 == "0" }.reversed())
    }

    /// Returns those texts that do not become the C library's float and double, bit for bit.
    private func mismatched(_ texts: [String]) -> [String] {
        let list = Array("[\(texts.joined(separator: ","))]".utf8)
        var floatReader = JSONReader(list), doubleReader = JSONReader(list)
        guard let floats = floatReader.readFloats()?.elements, let doubles = doubleReader.readDoubles()?.elements else {
            return texts
        }
        return texts.indices.filter { index in
            floats[index].bitPattern != strtof(texts[index], nil).bitPattern
                || doubles[index].bitPattern != strtod(texts[index], nil).bitPattern
        }.map { texts[$0] }
    }
}

/// Decimals that are hard to round: midpoints of neighbours, their own neighbours, extremes, and any lengths of digits.
private struct HardDecimals {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// Returns the next decimal; its double is finite, so that a list may hold it, and no integer is beyond 64 bits.
    mutating func next() -> String {
        switch random() % 8 {
        case 0: float().description
        case 1: double().description
        case 2: printed(midpoint(), digits: 60)
        case 3: printed(midpoint(), digits: 17)
        case 4: printed(midpoint(), digits: 60) + "1"
        case 5: "\(random() % 1_000_000_000_000_000_000)e\(Int(random() % 80) - 50)"
        case 6: "0." + String(repeating: "0", count: Int(random() % 12)) + "\(random())\(random())"
        default: "\(random() % 100_000).\(random() % 10_000_000)"
        }
    }

    mutating func float() -> Float {
        let value = Float(bitPattern: UInt32(truncatingIfNeeded: random()))
        return value.isFinite ? value : 1
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

    /// Returns `value` with so many digits after the first, without a trailing exponent so that digits can follow.
    private func printed(_ value: Double, digits: Int) -> String {
        guard value >= 1e-30, value < 1e17 else { return "\(value.description.split(separator: "e")[0])" }
        return withVaList([Int32(digits), value]) { arguments in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
                guard let base = buffer.baseAddress else { return "0.0" }
                vsnprintf(base, buffer.count, "%.*f", arguments)
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
