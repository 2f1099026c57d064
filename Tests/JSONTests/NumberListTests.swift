import JSON
import Testing

struct NumberListTests {
    @Test(
        arguments: [
            ("[1,2,3]", [1, 2, 3], [3], .integer), ("[[1,2.5],[3,4]]", [1, 2.5, 3, 4], [2, 2], [.integer, .float]),
            (" [ [ 1 ] , [ 2 ] ] ", [1, 2], [2, 1], .integer), ("3", [3], [], .integer), ("-1.5e2", [-150], [], .float),
            ("[]", [], [0], []), ("[[],[]]", [], [2, 0], []), ("[[[]]]", [], [1, 1, 0], []),
            ("[true,false]", [1, 0], [2], .boolean),
            ("[\"Infinity\",\"-Infinity\",1]", [.infinity, -.infinity, 1], [3], [.nonFinite, .integer]),
            ("[-0.0]", [-0.0], [1], .float), ("[16777217]", [16_777_216], [1], .integer),
            ("[1e39]", [.infinity], [1], .float),
            ("[1e-50,1e-45,1.401298464324817e-45]", [0, .leastNonzeroMagnitude, .leastNonzeroMagnitude], [3], .float),
            ("[0.00000000000000000000000000001]", [1e-29], [1], .float),
            ("[123456789012345678]", [1.2345679e17], [1], .integer),
        ] as [(String, [Float], [Int], JSONElementKinds)]
    )
    func readsRectangularLists(text: String, elements: [Float], shape: [Int], kinds: JSONElementKinds) throws {
        var reader = JSONReader(Array(text.utf8))
        let list = reader.readFloats()
        #expect(list == JSONNumberList(elements: elements, shape: shape, kinds: kinds))
        try reader.finish()
        var doubles = JSONReader(Array(text.utf8))
        #expect(doubles.readDoubles()?.shape == shape)
    }

    @Test(arguments: [("-0", FloatingPointSign.plus), ("[-0]", .plus), ("-0.0", .minus), ("[-0e0]", .minus)])
    func hasANegativeZeroOnlyAsAFloat(text: String, sign: FloatingPointSign) {
        var reader = JSONReader(Array(text.utf8))
        var copy = reader
        #expect(reader.readFloats()?.elements.first?.sign == sign)
        #expect(copy.readDoubles()?.elements.first?.sign == sign)
    }

    @Test func readsNaN() {
        var reader = JSONReader(Array("[\"NaN\"]".utf8))
        #expect(reader.readFloats()?.elements.first?.isNaN == true)
    }

    @Test(arguments: [
        "[[1,2],[3]]", "[1,[2]]", "[[1],2]", "[[],[1]]", "[[[]],[]]", "[[[]],[1]]", "[[1],[[2]]]", "[null]", "[\"x\"]",
        "[\"nan\"]",
        "{}", "[{}]", "[1,]", "[,1]", "[1 2]", "[", "[1", "[1,", "]", "", "[01]", "[1.]", "[.5]", "[+1]", "[-]", "[1e]",
        "[NaN]",
        "[18446744073709551616]", "[1e999]", "[\"NaN]", "[tru]", "[1}", "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "-",
        "[0x1]",
    ])
    func leavesAllElseAndDoesNotMove(text: String) {
        var reader = JSONReader(Array(" \(text)".utf8))
        #expect(reader.readFloats() == nil)
        #expect(reader.readDoubles() == nil)
        #expect(reader.readIntegers() == nil)
        var fresh = JSONReader(Array(" \(text)".utf8))
        #expect((try? reader.readValue()) == (try? fresh.readValue()))
    }

    @Test func stopsAtTheEndOfItsValue() throws {
        var reader = JSONReader(Array("{\"input\": [1, 2], \"x\": [[3]]}".utf8))
        try reader.beginObject()
        #expect(try reader.nextKey() == "input")
        #expect(reader.readFloats()?.elements == [1, 2])
        #expect(try reader.nextKey() == "x")
        #expect(reader.readIntegers()?.shape == [1, 1])
        #expect(try reader.nextKey() == nil)
        try reader.finish()
    }

    @Test func keepsAllBitsOfIntegers() {
        var reader = JSONReader(Array("[9223372036854775807,-9223372036854775808,-0,true,12345678901234567]".utf8))
        #expect(reader.readIntegers()?.elements == [.max, .min, 0, 1, 12_345_678_901_234_567])
    }

    @Test(arguments: ["[1.0]", "[1e2]", "[9223372036854775808]", "[\"NaN\"]", "[1,2.5]"])
    func readsNoFractionsAsIntegers(text: String) {
        var reader = JSONReader(Array(text.utf8))
        #expect(reader.readIntegers() == nil)
        #expect(reader.readFloats() != nil)
    }

    @Test(arguments: ["[[1.25,-2e-3],[3,40000000000]]", "[[12345678.5,1],[true,\"NaN\"]]"])
    func readsNoPrefix(text: String) {
        let bytes = Array(text.utf8)
        for count in bytes.indices {
            var reader = JSONReader(Array(bytes.prefix(count)))
            #expect(reader.readFloats() == nil, "\(count) bytes of \(text)")
        }
    }

    @Test func readsNothingPastItsRange() {
        // The digit after the range would make it 12345678.
        let bytes = Array("1234567812345678".utf8)
        for count in 1...8 {
            var reader = JSONReader(bytes, range: 0..<count)
            #expect(reader.readIntegers()?.elements == [Int64("12345678".prefix(count)) ?? -1])
        }
    }
}
