/// Takes the framing off a chunked body (RFC 9112 7.1).
///
/// Strict where leniency has let requests be smuggled: only CRLF ends a line, sizes are bare hexadecimal digits, and
/// extensions follow their grammar and are bounded.
struct ChunkDecoder: Sendable {
    /// Digits of a chunk size, leading zeros included.
    static let maxSizeDigits = 16

    private enum State: Equatable {
        case size, sizeExtension, sizeEnd, data, dataReturn, dataEnd, trailers, done
    }

    private var state = State.size
    private var size = 0
    private var digitCount = 0
    private var extensionByteCount = 0
    private var extensionGrammar = ChunkExtensionGrammar()
    private var trailers: Gathered<FieldSectionScanner>
    private let limits: ServerLimits

    /// Creates a decoder at the start of a body.
    init(limits: ServerLimits) {
        self.limits = limits
        let scanner = FieldSectionScanner(part: .trailer, maxLines: limits.maxFields)
        let overflow = RequestError.trailersTooLarge(limit: limits.maxTrailerBytes)
        self.trailers = Gathered(scanner, limit: limits.maxTrailerBytes, overflow: overflow)
    }

    /// Whether the body is complete, trailers included.
    var isDone: Bool { state == .done }

    /// Eats `input` up to the end of the body and appends the data in it to `body`; returns how many octets were eaten.
    mutating func consume(_ input: Span<UInt8>, into body: inout [UInt8]) throws(RequestError) -> Int {
        var index = 0
        while index < input.count, state != .done {
            switch state {
            case .data: index += takeData(input.extracting(index...), into: &body)
            case .trailers: index += try takeTrailers(input.extracting(index...))
            default:
                try step(input[index], bodyByteCount: body.count)
                index += 1
            }
        }
        return index
    }

    private mutating func step(_ octet: UInt8, bodyByteCount: Int) throws(RequestError) {
        switch state {
        case .size: try stepInSize(octet, bodyByteCount: bodyByteCount)
        case .sizeExtension: try stepInExtension(octet)
        case .sizeEnd: try expect(.lineFeed, octet, then: size == 0 ? .trailers : .data)
        case .dataReturn: try expect(.carriageReturn, octet, then: .dataEnd)
        case .dataEnd: try expect(.lineFeed, octet, then: .size)
        case .data, .trailers, .done: break
        }
    }

    private mutating func expect(_ expected: UInt8, _ octet: UInt8, then next: State) throws(RequestError) {
        guard octet == expected else { throw .malformed(.chunk) }
        state = next
        digitCount = 0
    }

    private mutating func stepInSize(_ octet: UInt8, bodyByteCount: Int) throws(RequestError) {
        if let digit = octet.hexadecimalValue {
            guard digitCount < Self.maxSizeDigits else { throw .malformed(.chunk) }
            let (scaled, overflow) = (digitCount == 0 ? 0 : size).multipliedReportingOverflow(by: 16)
            size = scaled | Int(digit)
            guard !overflow, size <= limits.maxBodyBytes - bodyByteCount else {
                throw .bodyTooLarge(limit: limits.maxBodyBytes)
            }
            digitCount += 1
            return
        }
        guard digitCount > 0 else { throw .malformed(.chunk) }
        if octet == .carriageReturn {
            state = .sizeEnd
        } else {
            extensionGrammar = ChunkExtensionGrammar()
            state = .sizeExtension
            try stepInExtension(octet)
        }
    }

    private mutating func stepInExtension(_ octet: UInt8) throws(RequestError) {
        if octet == .carriageReturn, extensionGrammar.mayEnd {
            state = .sizeEnd
            return
        }
        extensionByteCount += 1
        guard extensionByteCount <= limits.maxChunkExtensionBytes else {
            throw .chunkExtensionsTooLarge(limit: limits.maxChunkExtensionBytes)
        }
        guard extensionGrammar.accepts(octet) else { throw .malformed(.chunk) }
    }

    private mutating func takeData(_ input: Span<UInt8>, into body: inout [UInt8]) -> Int {
        let count = min(size, input.count)
        body.append(input.extracting(first: count))
        size -= count
        if size == 0 { state = .dataReturn }
        return count
    }

    /// Reads and drops the trailers; those that would change framing or routing if somebody merged them are refused.
    private mutating func takeTrailers(_ input: Span<UInt8>) throws(RequestError) -> Int {
        let (byteCount, section) = try trailers.consume(input)
        guard let section else { return byteCount }
        for line in trailers.scanner.lines {
            let name = section.span.extracting(line.name)
            guard !name.equalsIgnoringCase("content-length"), !name.equalsIgnoringCase("transfer-encoding"),
                !name.equalsIgnoringCase("host")
            else { throw .forbiddenTrailer }
        }
        state = .done
        return byteCount
    }
}
