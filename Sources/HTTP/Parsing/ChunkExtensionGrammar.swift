/// The grammar of chunk extensions, octet by octet: `*( BWS ";" BWS name [ BWS "=" BWS value ] )` (RFC 9112 7.1.1).
struct ChunkExtensionGrammar: Sendable {
    private enum State {
        case beforeSemicolon, beforeName, name, afterName, beforeValue, token, quoted, escaped, afterQuoted
    }

    private var state = State.beforeSemicolon

    /// Whether the line may end here: behind a name or a value, not behind white space.
    var mayEnd: Bool {
        switch state {
        case .name, .token, .afterQuoted: true
        default: false
        }
    }

    /// Takes one octet; returns whether it may stand here.
    mutating func accepts(_ octet: UInt8) -> Bool {
        guard let next = next(octet) else { return false }
        state = next
        return true
    }

    private func next(_ octet: UInt8) -> State? {
        switch state {
        case .beforeSemicolon: separator(octet, whitespace: .beforeSemicolon)
        case .beforeName: octet.isWhitespace ? .beforeName : OctetSet.token.contains(octet) ? .name : nil
        case .name: OctetSet.token.contains(octet) ? .name : separatorOrEquals(octet)
        case .afterName: separatorOrEquals(octet)
        case .beforeValue:
            octet.isWhitespace
                ? .beforeValue
                : octet == UInt8(ascii: "\"") ? .quoted : OctetSet.token.contains(octet) ? .token : nil
        case .token: OctetSet.token.contains(octet) ? .token : separator(octet, whitespace: .beforeSemicolon)
        case .quoted: inQuotes(octet)
        case .escaped: octet.isControl ? nil : .quoted
        case .afterQuoted: separator(octet, whitespace: .beforeSemicolon)
        }
    }

    private func separator(_ octet: UInt8, whitespace: State) -> State? {
        octet == UInt8(ascii: ";") ? .beforeName : octet.isWhitespace ? whitespace : nil
    }

    private func separatorOrEquals(_ octet: UInt8) -> State? {
        octet == UInt8(ascii: "=") ? .beforeValue : separator(octet, whitespace: .afterName)
    }

    private func inQuotes(_ octet: UInt8) -> State? {
        switch octet {
        case UInt8(ascii: "\""): .afterQuoted
        case UInt8(ascii: "\\"): .escaped
        default: octet.isControl ? nil : .quoted
        }
    }
}
