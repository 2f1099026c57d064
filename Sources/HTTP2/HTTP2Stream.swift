package import HTTP

/// One request and its answer on an HTTP/2 connection.
package final class HTTP2Stream {
    /// Where the request stands.
    enum Reading {
        case head
        case body
        /// It has come whole, or no more of it is looked at.
        case ended
    }

    package let id: Int32
    /// When its head came, and octets of its body last, in nanoseconds of the server's clock.
    package let start: Int64
    package internal(set) var lastArrival: Int64
    /// When the client last took some of the answer, or the answer began to wait.
    package internal(set) var lastTaken: Int64
    let arrival = ContinuousClock.now

    @exclusivity(unchecked) var reading = Reading.head
    @exclusivity(unchecked) var block: FieldBlock
    var trailerBlock: TrailerBlock?
    package internal(set) var head: FieldBlock.Head?
    @exclusivity(unchecked) var body: [UInt8] = []
    /// Why the request is refused.
    var refusal: Refusal?
    /// The sender, told when the stream ends before its answer does.
    var client: Client?
    /// Whether the window grows only as octets are taken.
    var isUnconsumed = false
    /// Brings the body of a request that is answered while it comes.
    package internal(set) var incoming: RequestStream?
    /// Octets of the body in memory.
    package internal(set) var heldBodyBytes = 0
    /// Octets of the body so far.
    var bodyByteCount = 0
    /// Whether the client may still send.
    var isRemoteOpen = true

    /// Whether the head of the answer is out.
    package internal(set) var isAnswered = false
    @exclusivity(unchecked) var outgoing = OutgoingContent()
    var trailers: ResponseFields?
    /// When the client has no use for the answer any more, in nanoseconds of the server's clock.
    package internal(set) var deadline = Int64.max
    /// Whether the last frame of the answer is out.
    var isSent = false
    /// Whether the stream is over, for whatever reason.
    package internal(set) var isClosed = false
    /// Whether it counts against the limits of streams.
    package var isCounted = true
    /// Whether a request or a refusal was handed out: nothing else is to be said of it.
    var isHandedOut = false

    init(id: Int32, limits: ServerLimits, now: Int64) {
        self.id = id
        start = now
        lastArrival = now
        lastTaken = now
        block = FieldBlock(limits: limits)
    }

    /// What is known of the request.
    package var outline: RequestOutline? { head?.outline ?? block.outline }

    /// Whether octets of the body are awaited by the server, not by a reader.
    package var awaitsBody: Bool { reading == .body && incoming == nil && !isHandedOut }

    /// Octets of the answer that the client has not taken.
    package var waitingByteCount: Int { outgoing.count }

    /// Whether pieces of the answer may still come.
    package var isStreaming: Bool { isAnswered && !outgoing.isComplete && !isClosed }
}
