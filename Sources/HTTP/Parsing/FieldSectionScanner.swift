/// Finds the field lines of a section up to the blank line that ends it (RFC 9112 5).
///
/// Strict where the standard allows a choice: no folded lines, no bare LF, no white space before the colon.
struct FieldSectionScanner: SectionScanner {
    private enum State {
        case lineStart, name, valueStart, value, lineEnd, sectionEnd
    }

    private(set) var position: Int
    /// The lines so far.
    private(set) var lines: [RequestFields.Line] = []
    private var state = State.lineStart
    private var nameStart = 0
    private var nameEnd = 0
    private var valueStart = 0
    private let part: RequestError.Part
    private let maxLines: Int

    /// Creates a scanner for the section that begins at `position`.
    init(at position: Int, part: RequestError.Part, maxLines: Int) {
        self.position = position
        self.part = part
        self.maxLines = maxLines
    }

    mutating func scan(_ octets: Span<UInt8>) throws(RequestError) -> Bool {
        while position < octets.count {
            switch state {
            case .lineStart: try beginLine(octets[position])
            case .name: try scanName(octets)
            case .valueStart: skipWhitespace(octets)
            case .value: try scanValue(octets)
            case .lineEnd: try expectLineFeed(octets[position], then: .lineStart)
            case .sectionEnd:
                try expectLineFeed(octets[position], then: .lineStart)
                return true
            }
        }
        return false
    }

    private mutating func beginLine(_ octet: UInt8) throws(RequestError) {
        if octet == .carriageReturn {
            state = .sectionEnd
            position += 1
            return
        }
        guard lines.count < maxLines else { throw .tooManyFields(limit: maxLines) }
        guard OctetSet.token.contains(octet) else { throw .malformed(part) }
        if lines.isEmpty { lines.reserveCapacity(16) }
        nameStart = position
        state = .name
    }

    private mutating func scanName(_ octets: Span<UInt8>) throws(RequestError) {
        position = octets.firstIndex(from: position, notIn: .token)
        guard position < octets.count else { return }
        guard octets[position] == UInt8(ascii: ":") else { throw .malformed(part) }
        nameEnd = position
        position += 1
        state = .valueStart
    }

    private mutating func skipWhitespace(_ octets: Span<UInt8>) {
        while position < octets.count, octets[position].isWhitespace { position += 1 }
        guard position < octets.count else { return }
        valueStart = position
        state = .value
    }

    private mutating func scanValue(_ octets: Span<UInt8>) throws(RequestError) {
        position = octets.firstControl(from: position)
        guard position < octets.count else { return }
        guard octets[position] == .carriageReturn else { throw .malformed(part) }
        var valueEnd = position
        while valueEnd > valueStart, octets[valueEnd - 1].isWhitespace { valueEnd -= 1 }
        lines.append(
            RequestFields.Line(
                nameStart: UInt32(truncatingIfNeeded: nameStart),
                nameEnd: UInt32(truncatingIfNeeded: nameEnd),
                valueStart: UInt32(truncatingIfNeeded: valueStart),
                valueEnd: UInt32(truncatingIfNeeded: valueEnd)
            )
        )
        position += 1
        state = .lineEnd
    }

    private mutating func expectLineFeed(_ octet: UInt8, then next: State) throws(RequestError) {
        guard octet == .lineFeed else { throw .malformed(part) }
        position += 1
        state = next
    }
}
