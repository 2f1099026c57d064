import HTTPTypes

/// Questions about octets that the parser asks of every head.
extension Span where Element == UInt8 {
    /// Returns whether these octets are `lowercase`, which is in lower case, but for the case of ASCII letters.
    func equalsIgnoringCase(_ lowercase: StaticString) -> Bool {
        equalsIgnoringCase(UnsafeBufferPointer(start: lowercase.utf8Start, count: lowercase.utf8CodeUnitCount))
    }

    /// Returns whether these octets are `lowercase`, which is in lower case, but for the case of ASCII letters.
    func equalsIgnoringCase(_ lowercase: UnsafeBufferPointer<UInt8>) -> Bool {
        guard count == lowercase.count else { return false }
        var index = 0
        while index < count, self[index].isLetter(lowercase[index]) { index &+= 1 }
        return index == count
    }

    /// Returns whether these octets are `text`.
    package func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let expected = text.utf8Start
        var index = 0
        while index < count, self[index] == expected[index] { index &+= 1 }
        return index == count
    }

    /// Returns whether these octets are exactly those of `text`; for literals `equals` is quicker.
    package func equals(string text: String) -> Bool {
        guard text.utf8.count == count else { return false }
        return withUnsafeBufferPointer { octets in
            // Native strings lend their octets without a copy.
            text.utf8.withContiguousStorageIfAvailable { expected in
                var index = 0
                while index < octets.count, octets[index] == expected[index] { index &+= 1 }
                return index == octets.count
            } ?? octets.elementsEqual(text.utf8)
        }
    }

    /// Returns the first index from `start` on whose octet is not in `set`, or `count`.
    func firstIndex(from start: Int, notIn set: OctetSet) -> Int {
        precondition(start >= 0)
        let places = set.places
        var index = start
        while index < count, places[Int(self[index])] == UInt8(ascii: "1") { index &+= 1 }
        return index
    }

    /// Returns the first index from `start` on whose octet is a control other than HTAB, or `count` (RFC 9110 5.5).
    ///
    /// Eight octets at a time: an octet below 0x20 borrows into its top bit, and DEL becomes zero under the mask. A
    /// borrow can only spoil octets above the first hit, and only the first hit counts.
    func firstControl(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var index = start
        while index &+ 8 <= count {
            let word = UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self))
            let masked = word ^ (ones &* 0x7F)
            let isDelete = (masked &- ones) & ~masked
            let isLow = (word &- ones &* 0x20) & ~word
            let hits = (isDelete | isLow) & (ones &* 0x80)
            guard hits != 0 else {
                index &+= 8
                continue
            }
            index &+= hits.trailingZeroBitCount / 8
            guard self[index] == .horizontalTab else { return index }
            index &+= 1
        }
        while index < count, !self[index].isControl { index &+= 1 }
        return index
    }

    /// Returns `range` without the white space at either end of it.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, self[start].isWhitespace { start += 1 }
        while end > start, self[end - 1].isWhitespace { end -= 1 }
        return start..<end
    }

    /// Returns these octets as an array.
    func copied() -> [UInt8] {
        withUnsafeBufferPointer { Array($0) }
    }
}

extension Array where Element == UInt8 {
    /// Returns whether `name` stands at `start`, but for the case of ASCII letters.
    func isName(_ name: HTTPField.Name, at start: Int) -> Bool {
        withUnsafeBufferPointer { octets in
            // The names that the program knows are native strings: their octets lie in one piece.
            name.canonicalName.utf8.withContiguousStorageIfAvailable { expected in
                guard start >= 0, expected.count <= octets.count - start else { return false }
                var index = 0
                while index < expected.count, octets[start &+ index].isLetter(expected[index]) { index &+= 1 }
                return index == expected.count
            } ?? false
        }
    }
}

extension UInt8 {
    static let horizontalTab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20

    /// This octet, in lower case if it is an ASCII letter.
    @inline(__always) var asciiLowercase: UInt8 {
        self &- 0x41 < 26 ? self | 0x20 : self
    }

    /// Returns whether this octet is `lowercase`, which is in lower case, but for the case of ASCII letters.
    @inline(__always) func isLetter(_ lowercase: UInt8) -> Bool {
        self == lowercase || asciiLowercase == lowercase
    }

    /// Whether this is a control that no field value may hold: all but HTAB.
    @inline(__always) var isControl: Bool {
        self < 0x20 && self != .horizontalTab || self == 0x7F
    }

    /// Whether this is SP or HTAB, the white space of RFC 9110 5.6.3.
    @inline(__always) var isWhitespace: Bool {
        self == .space || self == .horizontalTab
    }

    /// Whether this is an ASCII digit.
    @inline(__always) var isDigit: Bool { self &- 0x30 < 10 }

    /// The value of this hexadecimal digit.
    @inline(__always) var hexadecimalValue: UInt8? {
        if isDigit { return self &- 0x30 }
        let letter = asciiLowercase &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }
}
