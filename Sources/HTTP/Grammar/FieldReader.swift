/// Reads the small grammars that field values are written in (RFC 9110 5.6).
///
/// A cursor over octets that come from a client: every read may fail, none may trap.
struct FieldReader {
    private var rest: ArraySlice<UInt8>

    /// Creates a reader at the start of `octets`.
    init(_ octets: ArraySlice<UInt8>) {
        rest = octets
    }

    /// Whether nothing is left.
    var isAtEnd: Bool { rest.isEmpty }

    /// Skips SP and HTAB.
    mutating func skipWhitespace() {
        rest = rest.drop(while: \.isWhitespace)
    }

    /// Eats `octet` if it is next, and returns whether it was.
    mutating func eat(_ octet: UInt8) -> Bool {
        guard rest.first == octet else { return false }
        rest.removeFirst()
        return true
    }

    /// Eats one octet and returns it, or `nil` at the end.
    mutating func next() -> UInt8? {
        rest.popFirst()
    }

    /// Eats a token and returns it as it is, or `nil` if none is next.
    mutating func token() -> ArraySlice<UInt8>? {
        let token = rest.prefix { OctetSet.token.contains($0) }
        guard !token.isEmpty else { return nil }
        rest = rest[token.endIndex...]
        return token
    }

    /// Eats a token or a quoted string and returns what it means, or `nil` if neither is next.
    mutating func tokenOrQuotedString() -> [UInt8]? {
        rest.first == UInt8(ascii: "\"") ? quotedString() : token().map { Array($0) }
    }

    private mutating func quotedString() -> [UInt8]? {
        var text: [UInt8] = []
        var rest = rest.dropFirst()
        while var octet = rest.popFirst(), !octet.isControl {
            if octet == UInt8(ascii: "\"") {
                self.rest = rest
                return text
            }
            if octet == UInt8(ascii: "\\") {
                guard let escaped = rest.popFirst(), !escaped.isControl else { return nil }
                octet = escaped
            }
            text.append(octet)
        }
        return nil
    }

    /// Eats what follows up to the next comma that is not in quotes, and that comma.
    ///
    /// For lists: a member that could not be read is skipped, the others count.
    mutating func skipToNextMember() {
        while let octet = rest.first, octet != UInt8(ascii: ",") {
            guard octet == UInt8(ascii: "\""), quotedString() != nil else {
                rest.removeFirst()
                continue
            }
        }
        rest = rest.dropFirst()
    }

    /// Eats `; name=value` pairs up to something else and returns them, names in lower case; `nil` if one is malformed.
    mutating func parameters() -> [(name: String, value: String)]? {
        var parameters: [(name: String, value: String)] = []
        while true {
            skipWhitespace()
            guard eat(UInt8(ascii: ";")) else { return parameters }
            skipWhitespace()
            guard let name = token() else { continue }
            guard eat(UInt8(ascii: "=")), let value = tokenOrQuotedString() else { return nil }
            parameters.append((name.lowercasedText, String(decoding: value, as: UTF8.self)))
        }
    }
}

extension ArraySlice where Element == UInt8 {
    /// These octets as text, ASCII letters in lower case.
    var lowercasedText: String {
        String(decoding: map(\.asciiLowercase), as: UTF8.self)
    }
}
