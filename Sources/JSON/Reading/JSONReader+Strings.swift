// A string is scanned first, which checks it wholly, and decoded after: a skipped string is checked and never built.
extension JSONReader {
    /// Reads the string that starts at the next byte, its opening quote.
    mutating func readStringToken() throws(JSONError) -> String {
        let start = offset + 1
        let hasEscapes = try scanString()
        let content = bytes[start..<offset - 1]
        return hasEscapes ? Self.decodeEscapes(content) : String(decoding: content, as: UTF8.self)
    }

    /// Passes the string that starts at the next byte, its opening quote; returns whether it holds escapes.
    mutating func scanString() throws(JSONError) -> Bool {
        offset += 1
        var hasEscapes = false
        while let byte = nextByte {
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return hasEscapes
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try scanEscape()
            case 0..<0x20: throw JSONError(offset: offset, reason: .controlCharacter(byte))
            case 0x80...: try scanMultibyte(lead: byte)
            default: offset += 1
            }
        }
        throw unexpected("'\"'")
    }

    /// Passes one character of two to four octets, by the table of well-formed sequences (Unicode 3.9, table 3-7).
    private mutating func scanMultibyte(lead: UInt8) throws(JSONError) {
        let second: ClosedRange<UInt8>
        let count: Int
        switch lead {
        case 0xC2...0xDF: (second, count) = (0x80...0xBF, 2)
        case 0xE0: (second, count) = (0xA0...0xBF, 3)
        case 0xED: (second, count) = (0x80...0x9F, 3)
        case 0xE1...0xEF: (second, count) = (0x80...0xBF, 3)
        case 0xF0: (second, count) = (0x90...0xBF, 4)
        case 0xF1...0xF3: (second, count) = (0x80...0xBF, 4)
        case 0xF4: (second, count) = (0x80...0x8F, 4)
        default: throw JSONError(offset: offset, reason: .invalidUTF8)
        }
        guard offset + count <= end, second ~= bytes[offset + 1],
            bytes[offset + 2..<offset + count].allSatisfy({ 0x80...0xBF ~= $0 })
        else { throw JSONError(offset: offset, reason: .invalidUTF8) }
        offset += count
    }

    private mutating func scanEscape() throws(JSONError) {
        let start = offset
        offset += 1
        switch nextByte {
        case UInt8(ascii: "u"):
            offset += 1
            try scanUnicodeEscape(from: start)
        case let byte? where Self.escaped(byte) != nil: offset += 1
        case let byte?: throw JSONError(offset: offset, reason: .invalidEscape(byte))
        case nil: throw unexpected("an escape")
        }
    }

    private mutating func scanUnicodeEscape(from start: Int) throws(JSONError) {
        let unit = try scanHex()
        guard UTF16.isSurrogate(unit) else { return }
        guard UTF16.isLeadSurrogate(unit), nextByte == UInt8(ascii: "\\") else { throw loneSurrogate(at: start) }
        offset += 1
        guard nextByte == UInt8(ascii: "u") else { throw loneSurrogate(at: start) }
        offset += 1
        guard UTF16.isTrailSurrogate(try scanHex()) else { throw loneSurrogate(at: start) }
    }

    private func loneSurrogate(at offset: Int) -> JSONError { JSONError(offset: offset, reason: .loneSurrogate) }

    private mutating func scanHex() throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = nextByte, let digit = Self.hexValue(byte) else { throw unexpected("a hexadecimal digit") }
            unit = unit << 4 | digit
            offset += 1
        }
        return unit
    }
}

extension JSONReader {
    /// Returns the string that scanned `content` stands for.
    private static func decodeEscapes(_ content: ArraySlice<UInt8>) -> String {
        var units: [UInt8] = []
        units.reserveCapacity(content.count)
        var rest = content
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                units.append(byte)
                continue
            }
            if let plain = escaped(escape) {
                units.append(plain)
            } else {
                units.append(contentsOf: String(popScalar(&rest)).utf8)
            }
        }
        return String(decoding: units, as: UTF8.self)
    }

    /// Removes the digits of one `\u` escape, or of a pair of them, and returns the character they name.
    private static func popScalar(_ rest: inout ArraySlice<UInt8>) -> Character {
        let lead = popHex(&rest)
        guard UTF16.isLeadSurrogate(lead) else { return Character(Unicode.Scalar(lead) ?? "\u{FFFD}") }
        rest.removeFirst(2)
        let pair = UTF16.decode(UTF16.EncodedScalar([lead, popHex(&rest)]))
        return Character(pair)
    }

    private static func popHex(_ rest: inout ArraySlice<UInt8>) -> UInt16 {
        defer { rest.removeFirst(4) }
        return rest.prefix(4).reduce(0) { $0 << 4 | (hexValue($1) ?? 0) }
    }

    /// Returns what `\` and `byte` stand for, `u` apart.
    private static func escaped(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    private static func hexValue(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
