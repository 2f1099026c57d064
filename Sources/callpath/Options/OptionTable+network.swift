import HTTP
import HTTPServer

extension OptionTable {
    /// The limits of `ServerLimits`.
    static let network: [ServeOption] = sizes + times + counts

    private static let sizes: [ServeOption] = [
        .bytes("max-body-bytes", "a request's body", \.server.limits.maxBodyBytes),
        .bytes("max-decoded-body-bytes", "a body once its coding is off", \.server.limits.maxDecodedBodyBytes),
        .bytes("max-head-bytes", "a request's head", \.server.limits.maxHeadBytes),
        .bytes("max-request-line-bytes", "a request's first line", \.server.limits.maxRequestLineBytes),
        .bytes("max-trailer-bytes", "a trailer section", \.server.limits.maxTrailerBytes),
        .bytes("max-chunk-extension-bytes", "the chunk extensions of a body", \.server.limits.maxChunkExtensionBytes),
        .bytes(
            "max-pending-output-bytes",
            "answers that a connection has waiting",
            \.server.limits.maxPendingOutputBytes
        ),
        .bytes("max-held-body-bytes", "large bodies in memory, all together", \.server.limits.maxHeldBodyBytes),
        .bytes("max-held-answer-bytes", "answers waiting for readers, together", \.server.limits.maxHeldAnswerBytes),
        ServeOption("max-fields", "field lines of a head", \.server.limits.maxFields, .atLeast(1)),
    ]

    private static let times: [ServeOption] = [
        ServeOption("head-timeout", "time for a whole head to arrive", \.server.limits.headTimeout),
        ServeOption("body-idle-timeout", "time between two parts of a body", \.server.limits.bodyIdleTimeout),
        ServeOption("body-timeout", "time for a whole body to arrive", \.server.limits.bodyTimeout),
        ServeOption("idle-timeout", "time to wait for the next request", \.server.limits.idleTimeout),
        ServeOption("write-timeout", "time for a client to take some of its answer", \.server.limits.writeTimeout),
        ServeOption("handshake-timeout", "time for a TLS handshake", \.server.limits.handshakeTimeout),
        ServeOption("linger-timeout", "time to read on after the last answer", \.server.limits.lingerTimeout),
        ServeOption("linger-idle-timeout", "time between two parts of that", \.server.limits.lingerIdleTimeout),
    ]

    private static let counts: [ServeOption] = [
        ServeOption("max-connections", "connections at once", \.server.limits.maxConnections, .atLeast(1)),
        ServeOption(
            "max-overflow-connections",
            "connections beyond, told so with 503",
            \.server.limits.maxOverflowConnections,
            .atLeast(0)
        ),
        ServeOption("max-handshakes", "TLS handshakes at once", \.server.limits.maxHandshakes, .atLeast(1)),
        ServeOption("http2", "HTTP/2 beside HTTP/1.1, on the same ports", \.server.speaksHTTP2),
        ServeOption("max-streams", "HTTP/2 streams of a connection at once", \.server.limits.maxStreams, .atLeast(1)),
        ServeOption(
            "max-open-streams",
            "HTTP/2 streams of all connections together",
            \.server.limits.maxOpenStreams,
            .atLeast(1)
        ),
        ServeOption(
            "steps-per-turn",
            "requests of one connection before others get a turn",
            \.server.limits.stepsPerTurn,
            .atLeast(1)
        ),
    ]
}
