import HTTPTypes

/// The field lines of a request as HTTP/2 brings them, one by one and decoded (RFC 9113 8.3): becomes the head of a `Request`.
///
/// What HTTP/2 itself forbids is refused before it comes here. The rest is held to what holds for HTTP/1.1.
package struct FieldBlock: Sendable {
    /// What the fields say.
    package struct Head: Sendable {
        let head: RequestHead
        let fields: RequestFields

        /// Enough to say no in the right form.
        package var outline: RequestOutline {
            RequestOutline(method: head.method, path: fields.octets[head.target.path], fields: fields)
        }

        /// Whether the client waits for `100 Continue` before it sends the body.
        package var expectsContinue: Bool { head.expectsContinue }

        /// Returns the request, with its body or with a stream that brings it.
        package func request(
            body: [UInt8],
            stream: RequestStream?,
            client: Client?,
            arrival: ContinuousClock.Instant
        ) -> Request {
            Request(head: head, fields: fields, body: body, stream: stream, client: client, arrival: arrival)
        }
    }

    private let limits: ServerLimits
    private var octets: [UInt8] = []
    private var lines: [RequestFields.Line] = []
    private var method: Range<Int>?
    private var path: Range<Int>?
    private var authority: Range<Int>?
    /// The size of the list: names, values and 32 for each line (RFC 9113 6.5.2); beyond the limit nothing more is kept.
    package private(set) var byteCount = 0
    private var failure: RequestError?

    /// Creates a block of which nothing has come.
    package init(limits: ServerLimits) {
        self.limits = limits
    }

    /// Adds a line.
    package mutating func append(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
        if byteCount == 0 { octets.reserveCapacity(Self.usualByteCount) }
        byteCount += name.count + value.count + 32
        guard failure == nil else { return }
        guard byteCount <= limits.maxHeadBytes else {
            failure = .headTooLarge(limit: limits.maxHeadBytes)
            return
        }
        guard name.first == UInt8(ascii: ":") else { return appendLine(name: name, value: value) }
        switch name.count {
        case 7 where name.span.equals(":method"): method = append(value)
        case 5 where name.span.equals(":path"): path = append(value)
        case 10 where name.span.equals(":authority"):
            appendLine(
                name: UnsafeBufferPointer(start: Self.host.utf8Start, count: Self.host.utf8CodeUnitCount),
                value: value
            )
            authority = lines.last?.value
        default: break
        }
    }

    private static let host: StaticString = "host"
    /// What most blocks hold at most: they are read into one piece of memory.
    private static let usualByteCount = 224

    private mutating func append(_ value: UnsafeBufferPointer<UInt8>) -> Range<Int> {
        let start = octets.count
        octets.append(contentsOf: value)
        return start..<octets.count
    }

    private mutating func appendLine(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
        guard lines.count < limits.maxFields else {
            failure = .tooManyFields(limit: limits.maxFields)
            return
        }
        if let authority, name.span.equals("host") { return compareHost(value, with: authority) }
        if lines.isEmpty { lines.reserveCapacity(8) }
        let (name, value) = (append(name), append(value))
        lines.append(
            RequestFields.Line(
                nameStart: UInt32(truncatingIfNeeded: name.lowerBound),
                nameEnd: UInt32(truncatingIfNeeded: name.upperBound),
                valueStart: UInt32(truncatingIfNeeded: value.lowerBound),
                valueEnd: UInt32(truncatingIfNeeded: value.upperBound)
            )
        )
    }

    /// A Host beside `:authority` says nothing new, or is refused (RFC 9113 8.3.1).
    private mutating func compareHost(_ value: UnsafeBufferPointer<UInt8>, with authority: Range<Int>) {
        guard octets[authority].elementsEqual(value) else {
            failure = .differentHost
            return
        }
    }

    /// What is known of the request; `nil` before its target has come.
    package var outline: RequestOutline? {
        guard let method, let path else { return nil }
        let target = TargetRange(originForm: path, in: octets.span)
        let name = HTTPRequest.Method(octets: octets.span.extracting(method)) ?? .get
        return RequestOutline(method: name, path: octets[target.path])
    }

    /// Reads the whole block.
    package func head() throws(RequestError) -> Head {
        if let failure { throw failure }
        let octets = octets.span
        guard let method, let name = HTTPRequest.Method(octets: octets.extracting(method)) else {
            throw .malformed(.requestLine)
        }
        guard name != .connect else { throw .connectRefused }
        guard let path, !path.isEmpty else { throw .malformed(.requestTarget) }
        // What the line would be long over HTTP/1.1.
        guard method.count + path.count + 10 <= limits.maxRequestLineBytes else {
            throw .targetTooLong(limit: limits.maxRequestLineBytes)
        }
        let isAsterisk = path.count == 1 && octets[path.lowerBound] == UInt8(ascii: "*")
        guard octets[path.lowerBound] == UInt8(ascii: "/") || isAsterisk,
            octets.extracting(path).firstIndex(from: 0, notIn: .target) == path.count
        else { throw .malformed(.requestTarget) }
        let target = try TargetRange(of: name, at: path, in: octets)
        var summary = FieldSummary()
        for line in lines { try summary.note(line, in: octets) }
        try summary.checkHost(for: .http2)
        let head = RequestHead(
            method: name,
            version: .http2,
            target: target,
            framing: try summary.framing(for: .http2, maxBodyBytes: limits.maxBodyBytes),
            keepsAlive: true,
            expectsContinue: try summary.expectsContinue(for: .http2)
        )
        return Head(head: head, fields: RequestFields(octets: self.octets, lines: lines))
    }
}

/// The trailers of a request, which are read and dropped.
package struct TrailerBlock: Sendable {
    private let limits: ServerLimits
    private var byteCount = 0
    private var count = 0
    /// Why the request is refused for them.
    package private(set) var failure: RequestError?

    /// Creates a block of which nothing has come.
    package init(limits: ServerLimits) {
        self.limits = limits
    }

    /// Adds a line; those that would change framing or routing if somebody merged them are refused.
    package mutating func append(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
        byteCount += name.count + value.count + 32
        count += 1
        if name.span.equals("content-length") || name.span.equals("transfer-encoding") || name.span.equals("host") {
            failure = failure ?? .forbiddenTrailer
        }
        if byteCount > limits.maxTrailerBytes { failure = failure ?? .trailersTooLarge(limit: limits.maxTrailerBytes) }
        if count > limits.maxFields { failure = failure ?? .tooManyFields(limit: limits.maxFields) }
    }
}
