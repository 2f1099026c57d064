/// Turns the octets of a connection into requests, however they are cut.
///
/// A pure state machine: it owns no socket, keeps only what an unfinished request needs, and looks at each octet of a
/// head once. An error is final: the connection is to be answered and closed.
package struct RequestParser: Sendable {
    /// How far `consume` came.
    package enum Event: Sendable {
        /// Every octet was eaten and the request is not complete.
        case needsMore
        /// As `needsMore`, and the client waits for `100 Continue`; said once per request.
        case wantsContinue
        /// One request is complete; octets behind it were not eaten.
        case request(Request)
    }

    private let limits: ServerLimits

    /// Creates a parser at the start of a connection.
    package init(limits: ServerLimits = ServerLimits()) {
        self.limits = limits
    }

    /// Whether no octet of an unfinished request has been eaten: the connection is idle.
    package var isIdle: Bool { true }

    /// Whether the head is complete and the body is not: its own timeouts apply.
    package var isReadingBody: Bool { false }

    /// Eats `input` up to the end of one request.
    /// - Returns: What is known now, and how many octets of `input` were eaten: all of them but behind a request.
    package mutating func consume(
        _ input: Span<UInt8>
    ) throws(RequestError) -> (event: Event, byteCount: Int) {
        (.needsMore, input.count)
    }
}
