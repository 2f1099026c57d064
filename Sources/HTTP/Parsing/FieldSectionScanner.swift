/// Finds the field lines of a section up to the blank line that ends it (RFC 9112 5).
///
/// Strict where the standard allows a choice: no folded lines, no bare LF, no white space before the colon.
struct FieldSectionScanner: SectionScanner {
    private enum State {
        case lineStart, name, valueStart, value, lineEnd, sectionEnd
    }

    /// Lines that there is room for from the start; most heads have fewer.
    private static let usualLineCount = 16

    private(set) var position = 0
    /// The lines so far.
    private(set) var lines: [RequestFields.Line] = []
    private var state = State.lineStart
    private var nameStart = 0
    private var nameEnd = 0
    private var valueStart = 0
    private let part: RequestError.Part
    private let maxLines: Int

    /// Creates a scanner at the start of a section of at most `maxLines` lines.
    init(part: RequestError.Part, maxLines: Int) {
        self.part = part
        self.maxLines = maxLines
    }

    /// Returns the lines of a section that is complete, and starts anew.
    mutating func takeLines() -> [RequestFields.Line] {
        var taken: [RequestFields.Line] = []
        swap(&taken, &lines)
        self = FieldSectionScanner(part: part, maxLines: maxLines)
        return taken
    }

    /// Lets the section begin at `position`, behind something else.
    mutating func begin(at position: Int) {
        self.position = position
    }

    mutating func scan(_ octets: Span<UInt8>) throws(RequestError) -> Bool {
        var index = position
        defer { position = index }
        while index < octets.count {
            switch state {
            case .lineStart:
                if octets[index] == .carriageReturn {
                    index &+= 1
                    state = .sectionEnd
                    continue
                }
                try beginLine(octets[index], at: index)
                fallthrough
            case .name:
                index = octets.firstIndex(from: index, notIn: .token)
                guard index < octets.count else { continue }
                guard octets[index] == UInt8(ascii: ":") else { throw .malformed(part) }
                nameEnd = index
                index &+= 1
                state = .valueStart
                fallthrough
            case .valueStart:
                while index < octets.count, octets[index].isWhitespace { index &+= 1 }
                guard index < octets.count else { continue }
                valueStart = index
                state = .value
                fallthrough
            case .value:
                index = octets.firstControl(from: index)
                guard index < octets.count else { continue }
                guard octets[index] == .carriageReturn else { throw .malformed(part) }
                endLine(octets, at: index)
                index &+= 1
                state = .lineEnd
            case .lineEnd, .sectionEnd:
                guard octets[index] == .lineFeed else { throw .malformed(part) }
                index &+= 1
                if state == .sectionEnd { return true }
                state = .lineStart
            }
        }
        return false
    }

    private mutating func beginLine(_ octet: UInt8, at index: Int) throws(RequestError) {
        guard lines.count < maxLines else { throw .tooManyFields(limit: maxLines) }
        guard OctetSet.token.contains(octet) else { throw .malformed(part) }
        if lines.isEmpty { lines.reserveCapacity(Self.usualLineCount) }
        nameStart = index
        state = .name
    }

    private mutating func endLine(_ octets: Span<UInt8>, at index: Int) {
        var valueEnd = index
        while valueEnd > valueStart, octets[valueEnd &- 1].isWhitespace { valueEnd &-= 1 }
        lines.append(
            RequestFields.Line(
                nameStart: UInt32(truncatingIfNeeded: nameStart),
                nameEnd: UInt32(truncatingIfNeeded: nameEnd),
                valueStart: UInt32(truncatingIfNeeded: valueStart),
                valueEnd: UInt32(truncatingIfNeeded: valueEnd)
            )
        )
    }
}
