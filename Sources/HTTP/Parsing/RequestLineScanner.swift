import HTTPTypes

/// Reads a request line and the few empty lines that may stand before it (RFC 9112 2.2 and 3).
struct RequestLineScanner: Sendable {
    /// Empty lines that are skipped before a request line; each costs a client two octets, so few are plenty.
    static let maxEmptyLines = 4

    enum State {
        case lineStart, emptyLine, method, target, version, lineEnd
    }

    private(set) var position = 0
    private(set) var state = State.lineStart
    private var emptyLineCount = 0
    private(set) var partStart = 0
    private let limit: Int

    /// The parts of the line; what they hold before the line's end is not yet theirs.
    private(set) var method = HTTPRequest.Method.get
    private(set) var target = TargetRange(path: 0..<0)
    private(set) var version = Request.Version.http1_1

    /// Creates a scanner that takes lines of at most `limit` octets without their end.
    init(limit: Int) {
        self.limit = limit
    }

    /// Starts anew.
    mutating func reset() {
        self = RequestLineScanner(limit: limit)
    }

    /// Reads on from `position`; returns whether the line ends there.
    mutating func scan(_ octets: Span<UInt8>) throws(RequestError) -> Bool {
        let bound = limit + 2 * (emptyLineCount + 1)
        let line = octets.extracting(first: min(octets.count, bound))
        while position < line.count {
            switch state {
            case .lineStart: try beginLine(line[position])
            case .emptyLine:
                try expect(.lineFeed, line)
                state = .lineStart
                return try scan(octets)
            case .method: try scanMethod(line)
            case .target: try scanTarget(line)
            case .version: try scanVersion(line)
            case .lineEnd:
                try expect(.lineFeed, line)
                return true
            }
        }
        guard position < bound else { throw .targetTooLong(limit: limit) }
        return false
    }

    private mutating func expect(_ octet: UInt8, _ line: Span<UInt8>) throws(RequestError) {
        guard line[position] == octet else { throw .malformed(.requestLine) }
        position += 1
    }

    private mutating func beginLine(_ octet: UInt8) throws(RequestError) {
        if octet == .carriageReturn, emptyLineCount < Self.maxEmptyLines {
            emptyLineCount += 1
            position += 1
            state = .emptyLine
            return
        }
        guard OctetSet.token.contains(octet) else { throw .malformed(.requestLine) }
        partStart = position
        state = .method
    }

    private mutating func scanMethod(_ line: Span<UInt8>) throws(RequestError) {
        position = line.firstIndex(from: position, notIn: .token)
        guard position < line.count else { return }
        let name = line.extracting(partStart..<position)
        try expect(.space, line)
        guard let method = HTTPRequest.Method(octets: name) else { throw .malformed(.requestLine) }
        self.method = method
        partStart = position
        state = .target
    }

    private mutating func scanTarget(_ line: Span<UInt8>) throws(RequestError) {
        position = line.firstIndex(from: position, notIn: .target)
        guard position < line.count else { return }
        let range = partStart..<position
        try expect(.space, line)
        guard !range.isEmpty else { throw .malformed(.requestLine) }
        target = try TargetRange(of: method, at: range, in: line)
        partStart = position
        state = .version
    }

    private mutating func scanVersion(_ line: Span<UInt8>) throws(RequestError) {
        let longest = line.extracting(first: min(partStart + 8, line.count))
        position = longest.firstIndex(from: position, notIn: .visible)
        guard position < line.count else { return }
        let name = line.extracting(partStart..<position)
        try expect(.carriageReturn, line)
        version = try Request.Version(octets: name)
        state = .lineEnd
    }
}

extension Request.Version {
    /// Reads `HTTP/1.x`, in which a minor version above 1 counts as 1 (RFC 9112 2.3).
    fileprivate init(octets: Span<UInt8>) throws(RequestError) {
        guard octets.count == 8, octets.extracting(first: 5).equals("HTTP/"),
            octets[5].isDigit, octets[6] == UInt8(ascii: "."), octets[7].isDigit
        else { throw .malformed(.requestLine) }
        guard octets[5] == UInt8(ascii: "1") else { throw .unsupportedVersion }
        self = octets[7] == UInt8(ascii: "0") ? .http1_0 : .http1_1
    }
}

extension HTTPRequest.Method {
    /// Creates the method that `octets`, a token, names; the usual ones without making a string.
    init?(octets: Span<UInt8>) {
        switch octets.count {
        case 3 where octets.equals("GET"): self = .get
        case 3 where octets.equals("PUT"): self = .put
        case 4 where octets.equals("POST"): self = .post
        case 4 where octets.equals("HEAD"): self = .head
        case 6 where octets.equals("DELETE"): self = .delete
        case 7 where octets.equals("OPTIONS"): self = .options
        default: self.init(octets.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
        }
    }
}
