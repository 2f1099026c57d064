package import HTTPTypes

/// One HTTP request: a checked head, and a body without its framing, whole unless `stream` brings it.
///
/// A class, as it is handed on often.
package final class Request: Sendable {
    /// The version that the client speaks; a higher 1.x counts as 1.1 (RFC 9112 2.3).
    package enum Version: Sendable, Equatable {
        case http1_0, http1_1, http2
    }

    /// The method, any token; which ones are implemented is for the handler to say.
    package let method: HTTPRequest.Method
    /// The version of the request line, or of the connection.
    package let version: Version
    /// The field lines in the order they came; trailers are not among them.
    package let fields: RequestFields
    /// The content, with chunked framing taken off and content codings still on.
    package let body: [UInt8]
    /// The content of a request that is answered while it comes; `body` is empty then.
    ///
    /// Only over HTTP/2, where the server's `streamsBody` asks for it and the content did not come along with the head.
    package let stream: RequestStream?
    /// Octets of the content, as far as it has come.
    package var contentByteCount: Int { stream?.byteCount ?? body.count }
    /// Whether the client lets the connection live on after the answer (RFC 9112 9.3).
    package let keepsAlive: Bool
    /// Who sent it; `nil` for callers inside the process.
    package let client: Client?
    /// When its first octet arrived.
    package let arrival: ContinuousClock.Instant
    private let targetRange: TargetRange

    init(
        head: RequestHead,
        fields: RequestFields,
        body: [UInt8],
        stream: RequestStream? = nil,
        client: Client?,
        arrival: ContinuousClock.Instant
    ) {
        method = head.method
        version = head.version
        keepsAlive = head.keepsAlive
        targetRange = head.target
        self.fields = fields
        self.body = body
        self.stream = stream
        self.client = client
        self.arrival = arrival
    }

    /// Creates a request as a client would send it, for tests and for callers inside the process.
    ///
    /// `target` is in origin-form and not checked; framing fields are left to the caller.
    package init(
        method: HTTPRequest.Method,
        target: String,
        version: Version = .http1_1,
        fields: HTTPFields = [:],
        body: [UInt8] = [],
        stream: RequestStream? = nil
    ) {
        let octets = Array(target.utf8)
        self.method = method
        self.version = version
        self.fields = RequestFields(prefix: octets, fields)
        keepsAlive = true
        targetRange = TargetRange(originForm: 0..<octets.count, in: octets.span)
        self.body = body
        self.stream = stream
        client = nil
        arrival = .now
    }

    /// Creates a copy of `request` from the client that its sender speaks for.
    package convenience init(_ request: Request, client: Client) {
        self.init(request, body: request.body, stream: request.stream, client: client)
    }

    /// Creates a copy of `request` with another body.
    package convenience init(_ request: Request, body: [UInt8]) {
        self.init(request, body: body, stream: nil, client: request.client)
    }

    private init(_ request: Request, body: [UInt8], stream: RequestStream?, client: Client?) {
        method = request.method
        version = request.version
        fields = request.fields
        keepsAlive = request.keepsAlive
        targetRange = request.targetRange
        self.body = body
        self.stream = stream
        self.client = client
        arrival = request.arrival
    }

    /// Creates a copy of `request` that lacks the first `count` octets of its path.
    package init(_ request: Request, droppingFromPath count: Int) {
        method = request.method
        version = request.version
        fields = request.fields
        keepsAlive = request.keepsAlive
        var target = request.targetRange
        target.path = min(target.path.lowerBound + count, target.path.upperBound)..<target.path.upperBound
        targetRange = target
        body = request.body
        stream = request.stream
        client = request.client
        arrival = request.arrival
    }

    /// The path and query as sent, beginning with `/`; `*` for `OPTIONS *`, in O(n).
    package var target: String {
        query.map { "\(path)?\($0)" } ?? path
    }

    /// The path before any decoding; `/` where an absolute-form has none, in O(n).
    package var path: String {
        String(decoding: pathOctets, as: UTF8.self)
    }

    /// The octets of `path`, without a copy.
    package var pathOctets: ArraySlice<UInt8> {
        targetRange.path.isEmpty ? Self.root : fields.octets[targetRange.path]
    }

    private static let root = [UInt8(ascii: "/")][...]

    /// What follows the first `?`, before any decoding, in O(n).
    package var query: String? {
        targetRange.query.map { String(decoding: fields.octets[$0], as: UTF8.self) }
    }

    /// The octets of `query` as they came, without a copy.
    package var queryOctets: ArraySlice<UInt8> {
        targetRange.query.map { fields.octets[$0] } ?? []
    }
}
