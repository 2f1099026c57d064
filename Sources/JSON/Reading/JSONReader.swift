/// A pull parser over the bytes of one text: strict RFC 8259, bounded in depth, every error with its offset.
///
/// The caller says what it expects and gets it or a `JSONError`:
/// ```swift
/// var reader = JSONReader(body)
/// try reader.beginObject()
/// while let key = try reader.nextKey() {
///     if key == "name" { name = try reader.readString() } else { try reader.skipValue() }
/// }
/// try reader.finish()
/// ```
/// It is a value: a copy looks ahead, and assigning the copy back rewinds.
package struct JSONReader: Sendable {
    /// How deeply arrays and objects may nest unless the caller says otherwise.
    package static let defaultMaxDepth = 128
    /// The longest name of a member, in bytes: names are kept, compared and repeated in errors.
    package static let maxKeyBytes = 16_384

    let bytes: [UInt8]
    let end: Int
    private let maxDepth: Int
    /// How many arrays and objects the reader is inside of.
    private(set) var depth = 0
    /// The innermost of them, if there is one, and the others: most texts are one object, which takes no array.
    private var frame = Frame(isObject: false)
    private var outerFrames: [Frame] = []

    /// The offset, in bytes, of the next byte to be read.
    package internal(set) var offset: Int

    /// Creates a reader of a whole text.
    package init(_ bytes: [UInt8], maxDepth: Int = Self.defaultMaxDepth) {
        self.init(bytes, range: 0..<bytes.count, maxDepth: maxDepth)
    }

    /// Creates a reader of the text that fills `range` of `bytes`.
    /// - Precondition: `range` lies within `bytes`.
    package init(_ bytes: [UInt8], range: Range<Int>, maxDepth: Int = Self.defaultMaxDepth) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        self.bytes = bytes
        self.offset = range.lowerBound
        self.end = range.upperBound
        self.maxDepth = maxDepth
    }

    /// The JSON pointer (RFC 6901) of the value being read; empty at the root.
    /// - Complexity: O(depth).
    package var pointer: String {
        guard depth > 0 else { return "" }
        return (outerFrames + [frame]).map { "/" + $0.token }.joined()
    }

    /// Enters the object that comes next.
    package mutating func beginObject() throws(JSONError) {
        try expect(.object)
        try push(Frame(isObject: true))
    }

    /// Moves to the next member of the object entered last and returns its name, or leaves the object and returns `nil`.
    package mutating func nextKey() throws(JSONError) -> String? {
        precondition(depth > 0 && frame.isObject, "nextKey() outside an object")
        guard try advance(toClose: UInt8(ascii: "}")) else { return nil }
        let start = offset
        guard byteAfterSpace() == UInt8(ascii: "\"") else { throw unexpected("a string") }
        let key = try readStringToken()
        guard key.utf8.count <= Self.maxKeyBytes else {
            throw JSONError(offset: keyOffset(from: start), reason: .keyTooLong(limit: Self.maxKeyBytes))
        }
        guard byteAfterSpace() == UInt8(ascii: ":") else { throw unexpected("':'") }
        offset += 1
        guard frame.insert(key) else {
            throw JSONError(offset: keyOffset(from: start), reason: .duplicateKey(key))
        }
        return key
    }

    /// Enters the array that comes next.
    package mutating func beginArray() throws(JSONError) {
        try expect(.array)
        try push(Frame(isObject: false))
    }

    /// Moves to the next element of the array entered last, or leaves the array and returns `false`.
    package mutating func nextElement() throws(JSONError) -> Bool {
        precondition(depth > 0 && !frame.isObject, "nextElement() outside an array")
        return try advance(toClose: UInt8(ascii: "]"))
    }

    /// Checks that nothing but white space is left.
    package mutating func finish() throws(JSONError) {
        guard let byte = byteAfterSpace() else { return }
        throw JSONError(offset: offset, reason: .trailingText(byte))
    }

    private mutating func push(_ frame: consuming Frame) throws(JSONError) {
        guard depth < maxDepth else { throw JSONError(offset: offset, reason: .tooDeep(limit: maxDepth)) }
        if depth > 0 { outerFrames.append(self.frame) }
        self.frame = frame
        depth += 1
        offset += 1
    }

    /// Passes the comma before the next item and returns `true`, or passes the closing bracket and returns `false`.
    private mutating func advance(toClose close: UInt8) throws(JSONError) -> Bool {
        let isFirst = frame.count == 0
        let byte = byteAfterSpace()
        if byte == close {
            leave()
            return false
        }
        frame.count += 1
        if isFirst { return true }
        guard byte == UInt8(ascii: ",") else {
            throw unexpected("',' or '\(Character(Unicode.Scalar(close)))'")
        }
        offset += 1
        return true
    }

    private mutating func leave() {
        if let outer = outerFrames.popLast() { frame = outer }
        depth -= 1
        offset += 1
    }

    private func keyOffset(from start: Int) -> Int {
        var copy = self
        copy.offset = start
        _ = copy.byteAfterSpace()
        return copy.offset
    }
}

extension JSONReader {
    /// An array or object that the reader is inside.
    struct Frame: Sendable {
        let isObject: Bool
        /// How many members or elements have begun.
        var count = 0
        private var keys = KeySet()

        init(isObject: Bool) { self.isObject = isObject }

        /// The reference token (RFC 6901) of the item being read.
        var token: String { isObject ? escapedKey : String(count - 1) }

        /// Notes a member's name; `false` if it was there.
        mutating func insert(_ key: String) -> Bool { keys.insert(key) }

        private var escapedKey: String {
            var token = ""
            for scalar in (keys.last ?? "").unicodeScalars {
                switch scalar {
                case "~": token += "~0"
                case "/": token += "~1"
                default: token.unicodeScalars.append(scalar)
                }
            }
            return token
        }
    }

    /// The names seen in one object: no memory for the first, a hash set from the ninth.
    struct KeySet: Sendable {
        private static let mostFew = 8
        private(set) var last: String?
        private var few: [String] = []
        private var many: Set<ExactString> = []

        mutating func insert(_ key: String) -> Bool {
            guard let previous = last else {
                last = key
                return true
            }
            last = key
            if many.isEmpty {
                if few.isEmpty { few.reserveCapacity(Self.mostFew) }
                few.append(previous)
                guard !few.contains(where: { ExactString($0) == ExactString(key) }) else { return false }
                if few.count == Self.mostFew { many = Set(few.map(ExactString.init)) }
                return true
            }
            many.insert(ExactString(previous))
            return !many.contains(ExactString(key))
        }
    }
}
