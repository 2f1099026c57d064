import JSON
import Testing

struct WriterTests {
    @Test func writesCommasAndColons() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("name", "fc")
        writer.member("on", true)
        writer.member("n", 3)
        writer.member("shape", [2, 3])
        writer.key("list")
        writer.beginArray()
        writer.write(Float(0.1))
        writer.writeNull()
        writer.beginObject()
        writer.endObject()
        writer.endArray()
        writer.endObject()
        #expect(text(writer) == #"{"name":"fc","on":true,"n":3,"shape":[2,3],"list":[0.1,null,{}]}"#)
    }

    @Test(arguments: [
        ("plain", "\"plain\""), ("\"\\/", #""\"\\/""#), ("\n\r\t", #""\n\r\t""#),
        ("\0\u{1F}\u{8}\u{C}", #""\u0000\u001f\b\f""#), ("\u{7F}/", "\"\u{7F}/\""),
        ("é😀\u{2028}", "\"é😀\u{2028}\""),
    ])
    func escapesStrings(value: String, expected: String) throws {
        #expect(String(decoding: JSONValue.string(value).serialized, as: UTF8.self) == expected)
        #expect(try JSONValue(parsing: Array(expected.utf8)) == .string(value))
    }

    @Test func writesTheIntegersOfEveryWidth() {
        var writer = JSONWriter()
        writer.beginArray()
        writer.write(Int64.min)
        writer.write(UInt64.max)
        writer.write(Int8.min)
        writer.write(0)
        writer.write(-10)
        writer.endArray()
        #expect(text(writer) == "[-9223372036854775808,18446744073709551615,-128,0,-10]")
    }

    @Test(
        arguments: [
            (30, "30.0"), (0, "0.0"), (-0.0, "-0.0"), (0.1, "0.1"), (1e-5, "1e-05"), (3.4028235e38, "3.4028235e+38"),
            (.leastNonzeroMagnitude, "1e-45"),
            (16_777_216, "16777216.0"), (-1234.5, "-1234.5"), (0.0001, "0.0001"), (0.00012345678, "0.00012345678"),
            (9.999e-5, "9.999e-05"), (1e15, "1000000000000000.0"),
            (1e16, "1e+16"), (9.8e15, "9800000000000000.0"), (.greatestFiniteMagnitude, "3.4028235e+38"),
            (.leastNormalMagnitude, "1.1754944e-38"), (33_554_432, "33554432.0"), (8_388_608.5, "8388608.0"),
            (0.3, "0.3"), (123456.78, "123456.78"),
        ] as [(Float, String)]
    )
    func writesTheShortestFloat(value: Float, expected: String) {
        var writer = JSONWriter()
        writer.write(value)
        #expect(text(writer) == expected)
    }

    @Test(
        arguments: [
            (30, "30.0"), (0, "0.0"), (-0.0, "-0.0"), (0.1, "0.1"), (1.0 / 3, "0.3333333333333333"), (-1e-5, "-1e-05"),
            (0.0001, "0.0001"), (0.00012345678901234567, "0.00012345678901234567"), (1e15, "1000000000000000.0"),
            (9_007_199_254_740_991, "9007199254740991.0"), (9_007_199_254_740_994, "9007199254740994.0"),
            (1e16, "1e+16"), (1.2345678901234568e17, "1.2345678901234568e+17"), (123456.78, "123456.78"),
            (1e22, "1e+22"), (1e23, "1e+23"), (9.5367431640625e-07, "9.5367431640625e-07"),
            (.leastNonzeroMagnitude, "5e-324"),
            (.greatestFiniteMagnitude, "1.7976931348623157e+308"), (-.leastNormalMagnitude, "-2.2250738585072014e-308"),
            (12345678.901234567, "12345678.901234567"), (99_999_999_999_999.98, "99999999999999.98"),
        ] as [(Double, String)]
    )
    func writesTheShortestDouble(value: Double, expected: String) {
        var writer = JSONWriter()
        writer.write(value)
        #expect(text(writer) == expected)
    }

    @Test func nestsByShape() throws {
        #expect(try nested([1, 2, 3, 4, 5, 6], shape: [2, 3]) == "[[1.0,2.0,3.0],[4.0,5.0,6.0]]")
        #expect(try nested([1, 2], shape: [1, 2, 1]) == "[[[1.0],[2.0]]]")
        #expect(try nested([7], shape: []) == "7.0")
        #expect(try nested([], shape: [0]) == "[]")
        #expect(try nested([], shape: [2, 0]) == "[[],[]]")
        #expect(try nested([], shape: [0, 5]) == "[]")
    }

    @Test(arguments: [[1 << 62, 0], [1 << 40, 1 << 40, 0], [2_000_000, 0, 3]])
    func refusesAFloodOfEmptyLists(shape: [Int]) {
        #expect(throws: JSONWriteError.tooManyEmptyLists(shape: shape, limit: 1_000_000)) {
            try nested([], shape: shape)
        }
    }

    @Test func writesNonFiniteByPolicy() throws {
        let values: [Float] = [.nan, .infinity, -.infinity, 1]
        #expect(try nested(values, shape: [4]) == #"["NaN","Infinity","-Infinity",1.0]"#)
        #expect(try nested(values, shape: [4], .null) == "[null,null,null,1.0]")
        #expect(try nested(values, shape: [4], .tokens) == "[NaN,Infinity,-Infinity,1.0]")
        #expect(throws: JSONWriteError.notFinite(index: 1)) { try nested([1, .nan], shape: [2], .refuse) }
    }

    @Test func writesIntegersAndBooleans() throws {
        var writer = JSONWriter()
        writer.beginArray()
        try [Int8(-1), 2].withUnsafeBufferPointer { elements in try writer.write(elements, shape: [2]) }
        try [true, false].withUnsafeBufferPointer { try writer.write($0, shape: [2, 1]) }
        writer.endArray()
        #expect(text(writer) == "[[-1,2],[[true],[false]]]")
    }

    @Test func keepsTheOrderOfMembers() throws {
        var object = JSONObject()
        for index in 0..<20 { object["k\(index)"] = .number(.int(Int64(index))) }
        object["k3"] = nil
        object["k4"] = "four"
        #expect(object.keys == (0..<20).filter { $0 != 3 }.map { "k\($0)" })
        #expect(object["k4"] == "four")
        #expect(object["k19"] == 19)
        #expect(object["k3"] == nil)
        #expect(try JSONValue(parsing: JSONValue.object(object).serialized) == .object(object))
    }

    private func nested(_ values: [Float], shape: [Int], _ policy: NonFinitePolicy = .strings) throws -> String {
        var writer = JSONWriter()
        try values.withUnsafeBufferPointer { try writer.write($0, shape: shape, nonFinite: policy) }
        return text(writer)
    }

    private func text(_ writer: consuming JSONWriter) -> String { String(decoding: writer.finish(), as: UTF8.self) }
}
