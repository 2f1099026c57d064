extension JSONReader {
    /// Returns the kind of the value that comes next, without reading it.
    package mutating func peekKind() throws(JSONError) -> JSONKind {
        switch byteAfterSpace() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
        case UInt8(ascii: "n"): return .null
        default: throw unexpected("a value")
        }
    }

    /// Reads null.
    package mutating func readNull() throws(JSONError) {
        try expect(.null)
        try pass("null")
    }

    /// Reads true or false.
    package mutating func readBool() throws(JSONError) -> Bool {
        try expect(.boolean)
        let value = bytes[offset] == UInt8(ascii: "t")
        try pass(value ? "true" : "false")
        return value
    }

    /// Reads a string.
    package mutating func readString() throws(JSONError) -> String {
        try expect(.string)
        return try readStringToken()
    }

    /// Reads a number.
    package mutating func readNumber() throws(JSONError) -> JSONNumber {
        try expect(.number)
        return try readNumberToken()
    }

    /// Reads an integer literal that fits an `Int`.
    package mutating func readInt() throws(JSONError) -> Int {
        try expect(.number)
        let start = offset
        guard let value = try readNumberToken().integer(as: Int.self) else { throw outOfRange(from: start) }
        return value
    }

    /// Reads an integer literal that fits an `Int` and is not `-0`, which no format of sizes and places has.
    package mutating func readSize() throws(JSONError) -> Int {
        try expect(.number)
        let start = offset
        let value = try readInt()
        guard value != 0 || bytes[start] != UInt8(ascii: "-") else { throw outOfRange(from: start) }
        return value
    }

    /// Checks that a value of `kind` comes next and moves to its first byte.
    mutating func expect(_ kind: JSONKind) throws(JSONError) {
        let got = try peekKind()
        guard got == kind else {
            // What is no JSON at all (`nope`, `01`) is no value of another kind: the syntax error comes first.
            var copy = self
            try copy.skipValue()
            throw JSONError(offset: offset, reason: .kindMismatch(expected: kind, got: got))
        }
    }

    private mutating func pass(_ word: StaticString) throws(JSONError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard offset < end, bytes[offset] == word.utf8Start[index] else { throw unexpected("'\(word)'") }
            offset += 1
        }
    }
}

extension JSONReader {
    /// Passes white space and returns the byte after it, or `nil` at the end of the text.
    mutating func byteAfterSpace() -> UInt8? {
        while offset < end {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            case let byte: return byte
            }
        }
        return nil
    }

    /// The byte to be read next, or `nil` at the end of the text.
    var nextByte: UInt8? { offset < end ? bytes[offset] : nil }

    /// Returns the error for the next byte, where `expected` was due.
    func unexpected(_ expected: String) -> JSONError {
        // RFC 8259, section 8.1: a text starts with no mark. FE and FF open UTF-16, EF the UTF-8 mark.
        let isMark = depth == 0 && offset < end && [0xEF, 0xFE, 0xFF].contains(bytes[offset])
        return JSONError(
            offset: offset,
            reason: isMark ? .byteOrderMark : .unexpected(expected: expected, got: nextByte)
        )
    }

    /// Returns the error for the number that spans from `start` to here.
    func outOfRange(from start: Int) -> JSONError {
        let text = String(decoding: bytes[start..<min(offset, start + 32)], as: UTF8.self)
        return JSONError(offset: start, reason: .numberOutOfRange(text))
    }
}
