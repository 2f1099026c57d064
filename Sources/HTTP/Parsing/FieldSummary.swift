/// What the fields of a head say about its framing and its connection.
struct FieldSummary {
    private var hasHost = false
    private var contentLength: UInt64?
    private var transferCoding: TransferCoding?
    private var asksForClose = false
    private var asksForKeepAlive = false
    private var expectation: Expectation?

    private enum TransferCoding { case chunked, unknown, ambiguous }
    private enum Expectation { case continuation, unknown }

    /// Takes note of `line` if it is one of the five fields that matter here; all have names of different lengths.
    mutating func note(_ line: RequestFields.Line, in octets: Span<UInt8>) throws(RequestError) {
        let name = octets.extracting(line.name)
        let value = octets.extracting(line.value)
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"): try noteHost(value)
        case 6 where name.equalsIgnoringCase("expect"): noteExpectation(value)
        case 10 where name.equalsIgnoringCase("connection"): noteConnection(value)
        case 14 where name.equalsIgnoringCase("content-length"): try noteLength(value)
        case 17 where name.equalsIgnoringCase("transfer-encoding"): noteTransferCoding(value)
        default: break
        }
    }

    private mutating func noteHost(_ value: Span<UInt8>) throws(RequestError) {
        guard !hasHost else { throw .severalHosts }
        guard Authority.isValid(value) else { throw .invalidHost }
        hasHost = true
    }

    private mutating func noteExpectation(_ value: Span<UInt8>) {
        let isKnown = value.equalsIgnoringCase("100-continue") && expectation != .unknown
        expectation = isKnown ? .continuation : .unknown
    }

    private mutating func noteConnection(_ value: Span<UInt8>) {
        var start = 0
        while start <= value.count {
            let end = (start..<value.count).first { value[$0] == UInt8(ascii: ",") } ?? value.count
            let option = value.extracting(value.trimmed(start..<end))
            if option.equalsIgnoringCase("close") { asksForClose = true }
            if option.equalsIgnoringCase("keep-alive") { asksForKeepAlive = true }
            start = end + 1
        }
    }

    /// Only digits, and only once: lists and repetitions of equal lengths are allowed to be refused (RFC 9110 8.6).
    private mutating func noteLength(_ value: Span<UInt8>) throws(RequestError) {
        guard contentLength == nil else { throw .severalContentLengths }
        guard !value.isEmpty else { throw .invalidContentLength }
        var length: UInt64 = 0
        var isHuge = false
        for index in value.indices {
            guard value[index].isDigit else { throw .invalidContentLength }
            let (tens, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(value[index] - 0x30))
            isHuge = isHuge || overflow || carry
            length = sum
        }
        contentLength = isHuge ? .max : length
    }

    private mutating func noteTransferCoding(_ value: Span<UInt8>) {
        if transferCoding == nil, value.equalsIgnoringCase("chunked") {
            transferCoding = .chunked
        } else if transferCoding == nil, Self.endsWithChunked(value) {
            transferCoding = .unknown
        } else {
            transferCoding = .ambiguous
        }
    }

    /// Returns whether `value` is several codings of which the last is `chunked`: framed well, but not for us.
    private static func endsWithChunked(_ value: Span<UInt8>) -> Bool {
        guard let comma = value.indices.last(where: { value[$0] == UInt8(ascii: ",") }) else { return false }
        return value.extracting(value.trimmed(comma + 1..<value.count)).equalsIgnoringCase("chunked")
    }

    /// HTTP/1.1 and 2 need one `Host`, HTTP/1.0 may do without (RFC 9112 3.2).
    func checkHost(for version: Request.Version) throws(RequestError) {
        guard hasHost || version == .http1_0 else { throw .missingHost }
    }

    /// Returns how the body ends; what could be read in two ways is refused (RFC 9112 6.1 and 6.3).
    func framing(for version: Request.Version, maxBodyBytes: Int) throws(RequestError) -> BodyFraming {
        if let transferCoding {
            guard contentLength == nil, version != .http1_0, transferCoding != .ambiguous else {
                throw .ambiguousFraming
            }
            guard transferCoding == .chunked else { throw .unknownTransferCoding }
            return .chunked
        }
        guard let length = Int(exactly: contentLength ?? 0), length <= maxBodyBytes else {
            throw .bodyTooLarge(limit: maxBodyBytes)
        }
        return .length(length)
    }

    /// HTTP/1.1 lives on unless told to close; HTTP/1.0 closes unless asked to live on (RFC 9112 9.3).
    func keepsAlive(for version: Request.Version) -> Bool {
        !asksForClose && (version != .http1_0 || asksForKeepAlive)
    }

    /// Returns whether the client waits for `100 Continue`; HTTP/1.0 has no such thing (RFC 9110 10.1.1).
    func expectsContinue(for version: Request.Version) throws(RequestError) -> Bool {
        guard version != .http1_0, let expectation else { return false }
        guard expectation == .continuation else { throw .unknownExpectation }
        return true
    }
}
