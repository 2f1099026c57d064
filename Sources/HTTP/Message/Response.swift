package import HTTPTypes

/// What a handler answers; framing, `Date` and `Connection` are the server's business.
package struct Response: Sendable {
    /// The final status; 1xx is never sent through here.
    package var status: HTTPResponse.Status
    /// The fields that the handler wants to be seen; framing fields among them are dropped.
    package var fields: ResponseFields
    /// The content; dropped for HEAD, 204 and 304.
    package var body: ResponseBody
    /// The fields that follow the content, over HTTP/2 alone; an answer that has some says no `Content-Length`.
    ///
    /// Behind no content they join `fields` in one block that ends the stream (gRPC's Trailers-Only). Content that comes over
    /// time may name others, by `BodyWriter.setTrailers`.
    package var trailers: ResponseFields?
    /// When its client has no use for it any more, over HTTP/2 alone: an answer that is half sent then is given up.
    package var deadline: ContinuousClock.Instant? {
        get { end?.instant }
        set { end = newValue.map(End.init) }
    }

    /// An object, since few answers have one: an instant is three words, with which the compiler copies the whole answer, and so
    /// its fields, where it is handed on.
    private var end: End?

    private final class End: Sendable {
        let instant: ContinuousClock.Instant

        init(_ instant: ContinuousClock.Instant) { self.instant = instant }
    }

    /// Creates an answer.
    package init(
        status: HTTPResponse.Status,
        fields: ResponseFields = [:],
        body: ResponseBody = .none,
        trailers: ResponseFields? = nil
    ) {
        self.status = status
        self.fields = fields
        self.body = body
        self.trailers = trailers
    }
}

/// The content of an answer, by who holds its octets.
package enum ResponseBody: Sendable {
    /// No content: `Content-Length: 0` where the status may have content.
    case none
    /// Octets made for this answer.
    case bytes([UInt8])
    /// Octets that live elsewhere, sent without a copy.
    case shared(SharedBytes)
    /// Octets that come over time: sent chunked, or until the end of the connection to an HTTP/1.0 client.
    case stream(@Sendable (any BodyWriter) async throws -> Void)

    /// The number of octets, if it is known before they are made.
    package var count: Int? {
        switch self {
        case .none: 0
        case .bytes(let bytes): bytes.count
        case .shared(let shared): shared.buffer.count
        case .stream: nil
        }
    }

    /// Whether the octets come over time.
    package var isStream: Bool { count == nil }
}

/// Takes the octets of a body that comes over time.
package protocol BodyWriter: Sendable {
    /// Sends `bytes`; suspends while the client is slow.
    ///
    /// Throws `CancellationError` when the client has gone or a drain ends the stream.
    func write(_ bytes: [UInt8]) async throws

    /// Names the fields that follow the content once it has ended, over HTTP/2 alone; the last call holds.
    func setTrailers(_ trailers: ResponseFields) async throws
}

extension BodyWriter {
    /// Leaves the fields out: HTTP/1.1 clients do not ask for any.
    package func setTrailers(_ trailers: ResponseFields) async throws {}
}
