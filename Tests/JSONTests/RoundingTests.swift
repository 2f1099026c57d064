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

    @Test(.timeLimit(.minutes(1))) func writesTheShortestThatReadsBack() throws {
        var source = HardDecimals(seed: 7)
        for round in 0..<(Self.isDebug ? 2_000 : 200_000) {
            let single = source.float()
            // Doubles of any size, and those that a client has: near 1, some of them with few digits.
            let double = round % 2 == 0 ? source.double() : source.ordinaryDouble()
            let text = try literals { writer in
                writer.write(single)
                writer.write(double)
            }
            #expect(strtof(text[0], nil) == single && digits(text[0]) == digits(single.description))
            #expect(strtod(text[1], nil) == double && digits(text[1]) == digits(double.description))
        }
    }

    // Powers of two have uneven neighbours; their neighbours have one bit that matters.
    @Test func writesThePowersOfTwoAndTheirNeighbours() throws {
        for exponent in -1074...1023 {
            let power = Double(sign: .plus, exponent: exponent, significand: 1)
            for double in [power, power.nextUp, power.nextDown] {
                let text = try literals { $0.write(double) }[0]
                #expect(strtod(text, nil) == double && digits(text) == digits(double.description))
            }
        }
    }

    private func literals(_ write: (inout JSONWriter) -> Void) throws -> [String] {
        var writer = JSONWriter()
        writer.beginArray()
        write(&writer)
        writer.endArray()
        let text = writer.finish()
        _ = try JSONValue(parsing: text)
        return String(decoding: text, as: UTF8.self).dropFirst().dropLast().split(separator: ",").map(String.init)
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
