/// What a server tells each client at the start, and the bounds that it keeps.
package struct HTTP2Settings: Sendable, Equatable {
    /// Streams of one connection at once; beyond: REFUSED_STREAM.
    package var maxStreams: Int
    /// Octets of a body that a client may send before some are taken.
    package var streamWindow = 1 << 20
    /// Octets of all bodies of a connection that a client may send before some are taken.
    package var connectionWindow = 4 << 20
    /// Octets of a field list, as HTTP/2 counts them, at which the connection ends; much less is answered with 431.
    package var maxListBytes = 262_144

    package init(maxStreams: Int) {
        self.maxStreams = maxStreams
    }
}

/// Why a connection or a stream ends (RFC 9113 7).
package enum HTTP2ErrorCode: UInt32, Sendable {
    case noError = 0
    case protocolError = 1
    case internalError = 2
    case refusedStream = 7
    case cancel = 8
    case enhanceYourCalm = 11
}
