/// Reads a request line and the field lines behind it, up to the blank line.
struct HeadScanner: SectionScanner {
    private(set) var requestLine: RequestLineScanner
    private var fields: FieldSectionScanner
    private var isInFields = false

    /// Creates a scanner at the start of a head.
    init(limits: ServerLimits) {
        self.requestLine = RequestLineScanner(limit: limits.maxRequestLineBytes)
        self.fields = FieldSectionScanner(part: .fieldLine, maxLines: limits.maxFields)
    }

    var position: Int { isInFields ? fields.position : requestLine.position }

    mutating func scan(_ octets: Span<UInt8>) throws(RequestError) -> Bool {
        if !isInFields {
            guard try requestLine.scan(octets) else { return false }
            fields.begin(at: requestLine.position)
            isInFields = true
        }
        return try fields.scan(octets)
    }

    /// Returns what the complete head in `octets` says, and starts anew; throws if its fields contradict each other.
    mutating func takeHead(
        of octets: Span<UInt8>,
        maxBodyBytes: Int
    ) throws(RequestError) -> (head: RequestHead, lines: [RequestFields.Line]) {
        var summary = FieldSummary()
        for line in fields.lines { try summary.note(line, in: octets) }
        let version = requestLine.version
        try summary.checkHost(for: version)
        let head = RequestHead(
            method: requestLine.method,
            version: version,
            target: requestLine.target,
            framing: try summary.framing(for: version, maxBodyBytes: maxBodyBytes),
            keepsAlive: summary.keepsAlive(for: version),
            expectsContinue: try summary.expectsContinue(for: version)
        )
        requestLine.reset()
        isInFields = false
        return (head, fields.takeLines())
    }
}
