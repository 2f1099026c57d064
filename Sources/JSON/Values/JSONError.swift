/// A text that is not JSON, or JSON that is not what the caller asked for.
package struct JSONError: Error, Equatable, Sendable {
    /// The offset, in bytes from the start of the text, of the byte that is wrong.
    package let offset: Int
    /// What is wrong there.
    package let reason: Reason

    /// Creates an error.
    package init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    /// A way in which a byte of a text can be wrong.
    package enum Reason: Equatable, Sendable {
        /// A byte, or the end of the text (`nil`), where something else was due.
        case unexpected(expected: String, got: UInt8?)
        /// A byte after the one value that a text may hold.
        case trailingText(UInt8)
        /// A byte order mark, or the zero octets of UTF-16 (RFC 8259, section 8.1).
        case byteOrderMark
        /// An array or object nested deeper than `limit`.
        case tooDeep(limit: Int)
        /// A member's name of more than `limit` bytes.
        case keyTooLong(limit: Int)
        /// A second member of the same name in one object.
        case duplicateKey(String)
        /// An octet that no UTF-8 text has at this place.
        case invalidUTF8
        /// Half of a surrogate pair, which names no character.
        case loneSurrogate
        /// A control character that should have been escaped.
        case controlCharacter(UInt8)
        /// A backslash before a byte that it cannot escape.
        case invalidEscape(UInt8)
        /// A number beyond `Double`, or beyond the integer type asked for; the text is cut to 32 characters.
        case numberOutOfRange(String)
        /// A well-formed value of another kind than the caller reads.
        case kindMismatch(expected: JSONKind, got: JSONKind)
    }

    /// Whether the text is no JSON at all, rather than JSON with the wrong content.
    package var isSyntax: Bool {
        switch reason {
        case .kindMismatch, .numberOutOfRange: false
        default: true
        }
    }
}

extension JSONError: CustomStringConvertible {
    /// The fault and its place in one line, fit for a client to read.
    package var description: String { "\(reason) at byte \(offset)" }
}

extension JSONError.Reason: CustomStringConvertible {
    /// The fault in words, expected before actual.
    package var description: String {
        switch self {
        case .unexpected(let expected, let got): "expected \(expected), got \(Self.name(got))"
        case .trailingText(let byte): "expected the end of the text, got \(Self.name(byte))"
        case .byteOrderMark: "expected UTF-8 without a byte order mark"
        case .tooDeep(let limit): "nested deeper than \(limit)"
        case .keyTooLong(let limit): "name of more than \(limit) bytes"
        case .duplicateKey(let key): "duplicate key \"\(key)\""
        case .invalidUTF8: "invalid UTF-8"
        case .loneSurrogate: "lone surrogate"
        case .controlCharacter(let byte): "unescaped control character \(Self.name(byte))"
        case .invalidEscape(let byte): "invalid escape \(Self.name(byte))"
        case .numberOutOfRange(let text): "number out of range: \(text)"
        case .kindMismatch(let expected, let got): "expected \(expected), got \(got)"
        }
    }

    private static func name(_ byte: UInt8?) -> String {
        guard let byte else { return "the end of the text" }
        return 0x21...0x7e ~= byte ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
    }
}
