import JSON
import Testing

/// RFC 8259 to the letter: what must be accepted, and what must be refused and where.
struct GrammarTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1", "-12", "1.5", "-0.25", "1e3", "1E+3", "1e-3", "1.5e-7",
        "12345678901234567890",
        "\"\"", "\"a\"", "[]", "{}", "[1,2]", "[[],[[]]]", "{\"a\":{\"b\":[null]}}", " \t\r\n1 \t\r\n", "[ 1 , 2 ]",
        "{ \"a\" : 1 , \"b\" : 2 }", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u00e9\\u20AC\"", "\"\\ud83d\\ude00\"",
        "\"\\u0000\"",
        "\"é€😀\"", "{\"\":0}", "\"\u{7F}\"", "\"\u{FEFF}\"", "1e-999", "[1.0E+2,true]", "{\"é\":1,\"e\u{301}\":2}",
    ])
    func acceptsWhatIsJSON(text: String) throws {
        _ = try JSONValue(parsing: Array(text.utf8))
        var reader = JSONReader(Array(text.utf8))
        try reader.skipValue()
        try reader.finish()
    }

    @Test(arguments: [
        ("", 0), (" ", 1), ("{", 1), ("[", 1), ("[1", 2), ("[1,", 3), ("{\"a\"", 4), ("{\"a\":", 5), ("{\"a\":1", 6),
        ("{\"a\":1,", 7), ("[1,]", 3), ("[,1]", 1), ("[1,,2]", 3), ("[1 2]", 3), ("{\"a\":1,}", 7), ("{,}", 1),
        ("{a:1}", 1),
        ("{'a':1}", 1), ("{\"a\" 1}", 5), ("{\"a\":1 \"b\":2}", 7), ("{1:2}", 1), ("{\"a\"}", 4), ("]", 0), ("}", 0),
        ("[}", 1),
        ("{]", 1), ("[1}", 2), ("'a'", 0), ("a", 0), ("hello", 0), ("nul", 3), ("nulL", 3), ("truth", 3), ("True", 0),
        ("NaN", 0),
        ("nan", 1), ("Infinity", 0), ("-Infinity", 1), ("-NaN", 1), ("01", 1), ("-01", 2), ("00", 1), ("+1", 0),
        (".5", 0),
        ("1.", 2), ("1.e3", 2), ("-", 1), ("--1", 1), ("1e", 2), ("1e+", 3), ("0x1", 1), ("1_000", 1), ("0e", 2),
        ("-.5", 1),
        ("1 2", 2), ("{} x", 3), ("[]]", 2), ("1,", 1), ("/*c*/1", 0), ("1//c", 1), ("#", 0), ("\"", 1), ("\"a", 2),
        ("\"\\", 2), ("\"\\x\"", 2), ("\"\\u12\"", 5), ("\"\\u12G4\"", 5), ("\"\\", 2), ("\"\\a\"", 2), ("\"\n\"", 1),
        ("\"\t\"", 1), ("\"\0\"", 1), ("\"\u{1F}\"", 1), ("\0", 0), ("1\0", 1), ("\u{FEFF}1", 0), ("\u{A0}1", 0),
        ("\u{2028}1", 0),
        ("\"\\ud800\"", 1), ("\"\\udc00\"", 1), ("\"\\ud800\\ud800\"", 1), ("\"\\ud800x\"", 1), ("\"\\ud800\\n\"", 1),
        ("[\"\\uD800\\u0041\"]", 2), ("\u{0C}1", 0), ("[1\u{0B}]", 2), ("1e999", 0), ("[-1e400]", 1),
        ("[1.7976931348623159e308]", 1),
    ])
    func refusesWhatIsNot(text: String, offset: Int) {
        expectFailure(of: Array(text.utf8), at: offset)
    }

    @Test(
        arguments: [
            ([0x22, 0xFF, 0x22], 1), ([0x22, 0xC0, 0xAF, 0x22], 1), ([0x22, 0xE0, 0x80, 0xAF, 0x22], 1),
            ([0x22, 0xED, 0xA0, 0x80, 0x22], 1), ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], 1),
            ([0x22, 0xF5, 0x80, 0x80, 0x80, 0x22], 1),
            ([0x22, 0x61, 0x80, 0x22], 2), ([0x22, 0xC3, 0x22], 1), ([0x22, 0xE2, 0x82, 0x22], 1),
            ([0x22, 0xF0, 0x9F, 0x98], 1),
            ([0xC3, 0xA9], 0), ([0xEF, 0xBB, 0xBF, 0x31], 0), ([0xFE, 0xFF, 0x00, 0x31], 0),
            ([0xFF, 0xFE, 0x31, 0x00], 0),
            ([0x7B, 0x00, 0x7D, 0x00], 1), ([0x00, 0x7B], 0), ([0x31, 0xFF], 1),
        ] as [([UInt8], Int)]
    )
    func refusesWhatIsNotUTF8(bytes: [UInt8], offset: Int) {
        expectFailure(of: bytes, at: offset)
    }

    @Test func namesWhatIsWrong() {
        let rows: [(String, JSONError.Reason)] = [
            ("[1 2]", .unexpected(expected: "',' or ']'", got: UInt8(ascii: "2"))),
            ("{\"a\":1", .unexpected(expected: "',' or '}'", got: nil)),
            ("{\"a\":1,\"a\":2}", .duplicateKey("a")),
            ("{\"a\":1,\"\\u0061\":2}", .duplicateKey("a")),
            ("1 x", .trailingText(UInt8(ascii: "x"))),
            ("\u{FEFF}1", .byteOrderMark),
            ("\"\\ud800\"", .loneSurrogate),
            ("\"\u{1}\"", .controlCharacter(1)),
            ("\"\\q\"", .invalidEscape(UInt8(ascii: "q"))),
            ("1e999", .numberOutOfRange("1e999")),
        ]
        for (text, reason) in rows { #expect(failure(of: Array(text.utf8))?.reason == reason, "\(text)") }
    }

    @Test func saysItInWords() {
        #expect(failure(of: Array("[1 x".utf8))?.description == "expected ',' or ']', got 'x' at byte 3")
        #expect(failure(of: Array("[1".utf8))?.description == "expected ',' or ']', got the end of the text at byte 2")
    }

    @Test(arguments: [
        "{\"a\":[1,-2.5e3,true,false,null,\"x\\u00e9\\ud83d\\ude00\"],\"b\":{\"c\":[]},\"é\":\"\\n\"}",
        "[[1.5,2.5],[3.5,\"NaN\"]]", "\"text\"", "[null]",
    ])
    func everyPrefixIsAnErrorAtItsEnd(text: String) throws {
        let bytes = Array(text.utf8)
        _ = try JSONValue(parsing: bytes)
        for count in bytes.indices {
            let error = failure(of: Array(bytes.prefix(count)))
            #expect(error != nil, "\(count) bytes of \(text)")
            #expect(error?.isSyntax == true)
        }
    }

    @Test func everyByteChangedNeverCrashes() {
        let bytes = Array("{\"a\":[1,-2.5e3,true,null,\"x\\u00e9\\ud83d\\ude00é\"],\"b\":{}}".utf8)
        for index in bytes.indices {
            for byte in UInt8.min ... .max {
                var changed = bytes
                changed[index] = byte
                let parsed = try? JSONValue(parsing: changed)
                // What is accepted must be a fixed point: written and read again it is the same value.
                if let parsed { #expect((try? JSONValue(parsing: parsed.serialized)) == parsed) }
            }
        }
    }

    private func expectFailure(of bytes: [UInt8], at offset: Int) {
        #expect(failure(of: bytes)?.offset == offset)
        var reader = JSONReader(bytes)
        #expect(throws: JSONError.self) {
            try reader.skipValue()
            try reader.finish()
        }
    }

    private func failure(of bytes: [UInt8]) -> JSONError? {
        do throws(JSONError) {
            _ = try JSONValue(parsing: bytes)
            return nil
        } catch { return error }
    }
}
