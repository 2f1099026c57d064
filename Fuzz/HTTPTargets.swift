import HTTP
import HTTPTypes

/// A connection's octets: the same requests and the same error, however they are cut.
func fuzzRequest(_ input: [UInt8]) {
    let whole = Outcome(of: input, pieceByteCount: max(input.count, 1))
    for pieceByteCount in [1, 2, 7, 64] where pieceByteCount < input.count {
        precondition(Outcome(of: input, pieceByteCount: pieceByteCount) == whole, "cut into \(pieceByteCount)")
    }
}

/// The fields by which clients say what they take and what they have: all of them with the same value.
func fuzzNegotiation(_ input: [UInt8]) {
    let names = [
        "Accept", "Accept-Encoding", "Content-Type", "If-Match", "If-None-Match", "Forwarded", "X-Forwarded-For",
    ]
    let lines = names.flatMap { Array("\($0): ".utf8) + input + Array("\r\n".utf8) }
    var parser = RequestParser()
    let head = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8) + lines + Array("\r\n".utf8)
    guard case .request(let request)? = try? parser.consume(head.span).event else { return }
    let candidates = ["application/json", "text/plain", "application/octet-stream"].compactMap { MediaType($0) }
    let best = Accept(request.fields).best(of: candidates)
    precondition(best.map { best in candidates.contains { $0.essence == best.essence } } ?? true)
    _ = AcceptEncoding(request.fields).preferred
    _ = MediaType(input[...])?.isJSON
    for field in TrustedProxies.Field.allCases {
        var proxies = TrustedProxies()
        proxies.networks = [IPNetwork("10.0.0.0/8")].compactMap(\.self)
        proxies.field = field
        guard let client = proxies.client(in: request.fields) else { continue }
        precondition(IPAddress(client)?.description == client)
    }
    // One list cannot both hold the current tag and not hold it.
    let verdict = Preconditions(request.fields).verdict(current: EntityTag("1"), isRead: true)
    let other = Preconditions(request.fields).verdict(current: nil, isRead: true)
    precondition(verdict == other || !Preconditions(request.fields).isEmpty)
}

/// The body of a chunked request.
func fuzzChunked(_ input: [UInt8]) {
    fuzzRequest(Array("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8) + input)
}

/// The value of `Host`.
func fuzzHost(_ input: [UInt8]) {
    fuzzRequest(Array("GET /x HTTP/1.1\r\nHost: ".utf8) + input + Array("\r\n\r\n".utf8))
}

/// A path, and what it decodes to.
func fuzzPercentDecoding(_ input: [UInt8]) {
    if let decoded = PercentEncoding.decodedOctets(input) {
        let encoded = decoded.flatMap { octet in Array("%\(hexadecimal(octet))".utf8) }
        precondition(PercentEncoding.decodedOctets(encoded) == decoded)
        let text = PercentEncoding.decoded(input)
        precondition(text.map { Array($0.utf8) == decoded } ?? (String(validating: decoded, as: UTF8.self) == nil))
    }
    let head = Array("GET /".utf8) + input + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    var parser = RequestParser()
    guard case .request(let request)? = try? parser.consume(head.span).event else { return }
    let slashes = request.pathOctets.count { $0 == UInt8(ascii: "/") }
    precondition(request.pathSegments().map { $0.count <= slashes } ?? true)
    _ = request.queryItems()
}

/// A coded body: bounded whatever it claims, and what it decodes to comes back through the coder.
func fuzzContentCoding(_ input: [UInt8]) {
    let limit = 1 << 20
    for coding in ContentCoding.allCases {
        guard let content = try? coding.decoded(input, limit: limit) else { continue }
        precondition(content.count <= limit)
        precondition((try? coding.decoded(input, limit: content.count)) == content)
        guard !content.isEmpty else { continue }
        precondition((try? coding.decoded(input, limit: content.count - 1)) == nil)
    }
}

private func hexadecimal(_ octet: UInt8) -> String {
    let digits = String(octet, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
}

/// What a parser made of a connection's octets.
private struct Outcome: Equatable {
    private struct Message: Equatable {
        let method: String
        let target: String
        let fields: [String]
        let body: [UInt8]
        let keepsAlive: Bool
    }

    private var messages: [Message] = []
    private var error: RequestError?
    /// What is known of the request behind them, or of the one that was refused.
    private var outline: String?

    init(of input: [UInt8], pieceByteCount: Int) {
        var limits = ServerLimits()
        limits.maxBodyBytes = 1 << 16
        var parser = RequestParser(limits: limits)
        var start = 0
        do throws(RequestError) {
            while start < input.count {
                let end = min(start + pieceByteCount, input.count)
                try consume(input[start..<end], with: &parser)
                start = end
            }
        } catch { self.error = error }
        outline = parser.outline.map { "\($0.method.rawValue) \($0.path.map(hexadecimal).joined())" }
    }

    private mutating func consume(_ piece: ArraySlice<UInt8>, with parser: inout RequestParser) throws(RequestError) {
        var rest = Array(piece)
        while !rest.isEmpty {
            let (event, byteCount) = try parser.consume(rest.span)
            guard case .request(let request) = event else {
                precondition(byteCount == rest.count)
                return
            }
            messages.append(
                Message(
                    method: request.method.rawValue,
                    target: request.target,
                    fields: request.fields.pairs.map { "\($0)" },
                    body: request.body,
                    keepsAlive: request.keepsAlive
                )
            )
            rest.removeFirst(byteCount)
        }
    }
}
