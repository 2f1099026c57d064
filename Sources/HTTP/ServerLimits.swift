/// Every bound that the network wing keeps, with its unit and its default.
///
/// The parser keeps the sizes, the server the counts and the times.
package struct ServerLimits: Sendable, Equatable {
    /// Octets of a request line without its CRLF, of which RFC 9112 3 asks for 8,000; beyond: 414.
    package var maxRequestLineBytes = 8_192
    /// Octets of a head, from request line to blank line; beyond: 431.
    package var maxHeadBytes = 32_768
    /// Field lines of a head, and again of a trailer section; beyond: 431.
    package var maxFields = 128
    /// Octets of a body without its framing; beyond: 413, before it is read where its length is announced.
    package var maxBodyBytes = 67_108_864
    /// Octets of a body once its content coding is taken off; beyond: 413.
    package var maxDecodedBodyBytes = 33_554_432
    /// Octets of all chunk extensions of one body; beyond: 413.
    package var maxChunkExtensionBytes = 4_096
    /// Octets of a trailer section; beyond: 431.
    package var maxTrailerBytes = 8_192

    /// The time from the first octet of a head to its last; beyond: 408.
    package var headTimeout = Duration.seconds(10)
    /// The time between two arrivals of octets of a body; beyond: 408.
    package var bodyIdleTimeout = Duration.seconds(10)
    /// The time that a whole body may take; beyond: 408.
    package var bodyTimeout = Duration.seconds(120)
    /// The time that a connection may wait for its next request; beyond: closed without an answer.
    package var idleTimeout = Duration.seconds(75)
    /// The time in which a client must take some octets of a pending answer; beyond: closed.
    package var writeTimeout = Duration.seconds(30)
    /// The time that a TLS handshake may take; beyond: closed.
    package var handshakeTimeout = Duration.seconds(10)
    /// The time between two arrivals of octets after the last answer of a connection; beyond: closed.
    package var lingerIdleTimeout = Duration.seconds(2)
    /// The time that octets after the last answer of a connection are read and dropped; beyond: closed.
    package var lingerTimeout = Duration.seconds(30)

    /// Connections open at once; beyond: 503.
    package var maxConnections = 10_000
    /// Connections beyond `maxConnections` that are open to be told so; beyond: they wait in the kernel's backlog.
    package var maxOverflowConnections = 64
    /// TLS handshakes under way at once; beyond: closed.
    package var maxHandshakes = 1_024
    /// Octets of answers that a connection may have waiting; beyond: its next requests are not read.
    package var maxPendingOutputBytes = 262_144
    /// Octets of unfinished and unanswered large bodies of all connections together; beyond: 503.
    package var maxHeldBodyBytes = 536_870_912
    /// Octets of answers of all connections together that wait for their readers; beyond: 503 for a large one, and a
    /// connection whose answers wait is not read.
    package var maxHeldAnswerBytes = 1_073_741_824
    /// Streams of one HTTP/2 connection at once; beyond: REFUSED_STREAM.
    package var maxStreams = 128
    /// Streams of all HTTP/2 connections together; beyond: REFUSED_STREAM.
    package var maxOpenStreams = 16_384
    /// Requests and reads of one connection before the others of its loop get a turn.
    package var stepsPerTurn = 16

    /// Creates the default limits.
    package init() {}
}
