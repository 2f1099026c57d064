import JSON
import Testing

struct ReaderTests {
    @Test func pullsMembersInOrder() throws {
        var reader = JSONReader(Array(" {\"name\": \"fc\", \"n\": -3, \"on\": true, \"x\": [0.5, null]} ".utf8))
        try reader.beginObject()
        #expect(try reader.nextKey() == "name")
        #expect(try reader.readString() == "fc")
        #expect(try reader.nextKey() == "n")
        #expect(try reader.readInt() == -3)
        #expect(try reader.nextKey() == "on")
        #expect(try reader.readBool())
        #expect(try reader.nextKey() == "x")
        try reader.beginArray()
        #expect(try reader.nextElement())
        #expect(try reader.readNumber() == .double(0.5))
        #expect(try reader.nextElement())
        #expect(reader.pointer == "/x/1")
        try reader.readNull()
        #expect(try !reader.nextElement())
        #expect(try reader.nextKey() == nil)
        try reader.finish()
    }

    @Test func pointsAtTheValueBeingRead() throws {
        var reader = JSONReader(Array("{\"a/b~c\": {\"\": 1}}".utf8))
        #expect(reader.pointer.isEmpty)
        try reader.beginObject()
        _ = try reader.nextKey()
        #expect(reader.pointer == "/a~1b~0c")
        try reader.beginObject()
        _ = try reader.nextKey()
        #expect(reader.pointer == "/a~1b~0c/")
    }

    @Test func readsOnlyItsRange() throws {
        let bytes = Array("xx{\"a\":1}yy".utf8)
        var reader = JSONReader(bytes, range: 2..<9)
        #expect(try reader.readValue() == ["a": 1])
        try reader.finish()
    }

    @Test(arguments: [(JSONKind.string, "1"), (.number, "\"1\""), (.object, "[]"), (.array, "{}"), (.boolean, "null")])
    func refusesAnotherKind(expected: JSONKind, text: String) {
        var reader = JSONReader(Array(text.utf8))
        do throws(JSONError) {
            switch expected {
            case .string: _ = try reader.readString()
            case .number: _ = try reader.readNumber()
            case .object: try reader.beginObject()
            case .array: try reader.beginArray()
            case .boolean: _ = try reader.readBool()
            case .null: try reader.readNull()
            }
            Issue.record("accepted \(text)")
        } catch {
            #expect(!error.isSyntax)
            guard case .kindMismatch(expected, _) = error.reason else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test(arguments: ["nope", "01", "[1,]", "tru"])
    func findsBadSyntaxBeforeAnotherKind(text: String) {
        var reader = JSONReader(Array(text.utf8))
        let error = #expect(throws: JSONError.self) { try reader.readString() }
        #expect(error?.isSyntax == true)
    }

    @Test(arguments: ["1.0", "1e3", "9223372036854775808", "0.5"])
    func readsOnlyIntegersAsInt(text: String) {
        var reader = JSONReader(Array(text.utf8))
        let error = #expect(throws: JSONError.self) { try reader.readInt() }
        #expect(error?.reason == .numberOutOfRange(text))
    }

    @Test(arguments: [
        ("0", JSONNumber.int(0)), ("-0", .int(0)), ("9223372036854775807", .int(.max)),
        ("-9223372036854775808", .int(.min)),
        ("9223372036854775808", .uint(1 << 63)), ("18446744073709551615", .uint(.max)),
        ("18446744073709551616", .bigInteger("18446744073709551616")),
        ("-9223372036854775809", .bigInteger("-9223372036854775809")),
        ("1.0", .double(1)), ("-0.0", .double(-0.0)), ("1e2", .double(100)), ("0.1", .double(0.1)),
        ("1e-400", .double(0)), ("4.9e-324", .double(.leastNonzeroMagnitude)),
        ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)),
        ("2.2250738585072011e-308", .double(.leastNormalMagnitude.nextDown)),
        ("9007199254740993.0", .double(9_007_199_254_740_992)), ("123456789012345678e-5", .double(1234567890123.45678)),
    ])
    func keepsNumbersExact(text: String, expected: JSONNumber) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == .number(expected))
    }

    @Test func keepsAHundredThousandDigits() throws {
        let digits = String(repeating: "7", count: 100_000)
        #expect(try JSONValue(parsing: Array(digits.utf8)) == .number(.bigInteger(digits)))
        let fraction = try JSONValue(parsing: Array("0.\(digits)".utf8))
        #expect(fraction.asDouble == 7.0 / 9.0)
    }

    @Test func refusesANameThatIsTooLong() throws {
        func text(_ count: Int) -> [UInt8] { Array("{\"\(String(repeating: "a", count: count))\":1}".utf8) }
        _ = try JSONValue(parsing: text(JSONReader.maxKeyBytes))
        #expect(throws: JSONError(offset: 1, reason: .keyTooLong(limit: JSONReader.maxKeyBytes))) {
            try JSONValue(parsing: text(JSONReader.maxKeyBytes + 1))
        }
    }

    @Test(arguments: [128, 129, 200, 1000, 100_000])
    func boundsTheDepth(depth: Int) throws {
        let arrays = Array(String(repeating: "[", count: depth).utf8) + Array(String(repeating: "]", count: depth).utf8)
        let objects =
            Array(String(repeating: "{\"a\":", count: depth).utf8) + [UInt8(ascii: "1")]
            + Array(String(repeating: "}", count: depth).utf8)
        for (bytes, width) in [(arrays, 1), (objects, 5)] {
            guard depth > JSONReader.defaultMaxDepth else {
                _ = try JSONValue(parsing: bytes)
                continue
            }
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
            #expect(error == JSONError(offset: 128 * width, reason: .tooDeep(limit: 128)))
        }
    }

    @Test func findsADuplicateAmongManyKeys() {
        let members = (0..<10_000).map { "\"k\($0)\":\($0)" }
        let good = Array("{\(members.joined(separator: ","))}".utf8)
        #expect(throws: Never.self) { try JSONValue(parsing: good) }
        for duplicate in [0, 7, 8, 9, 5_000, 9_999] {
            let bad = Array("{\(members.joined(separator: ",")),\"k\(duplicate)\":0}".utf8)
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bad) }
            #expect(error?.reason == .duplicateKey("k\(duplicate)"))
        }
    }

    @Test func tellsKeysApartByTheirBytes() throws {
        let value = try JSONValue(parsing: Array("{\"\u{E9}\":1,\"e\u{301}\":2}".utf8))
        #expect(value["\u{E9}"]?.asInt == 1)
        #expect(value["e\u{301}"]?.asInt == 2)
    }

    @Test func looksAheadInACopy() throws {
        var reader = JSONReader(Array("[1, {\"type\": \"x\"}]".utf8))
        try reader.beginArray()
        _ = try reader.nextElement()
        var ahead = reader
        try ahead.skipValue()
        _ = try ahead.nextElement()
        #expect(try ahead.readValue() == ["type": "x"])
        #expect(try reader.readInt() == 1)
    }
}
