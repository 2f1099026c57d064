import HTTP

/// The requests and answers of one protocol on a connection: asks the handler, and knows what is waited for.
///
/// The connection moves its octets and says when it is its turn. It ends with `close`, behind which nothing reaches it.
protocol Conversation: AnyObject {
    // Reading.

    /// Whether octets that came may be looked at now.
    func mayGoOn(on loop: isolated EventLoop) -> Bool
    /// Whether octets that were read wait to be looked at.
    var hasLeftover: Bool { get }
    /// Takes up a part of what came, and what can be done with it, each of which costs a step.
    func proceed(_ steps: inout Int, on loop: isolated EventLoop)
    /// The client has ended its direction, and all before that is read.
    func endInput(on loop: isolated EventLoop)
    /// The client is about to end its direction, or has gone; true if the connection is of no use any more.
    func peerIsEnding(on loop: isolated EventLoop) -> Bool
    /// Ends what a client that may have gone has in memory, for those who are there; one that reads on is told so.
    func giveWay(on loop: isolated EventLoop)

    // Writing.

    /// Makes ready what is to be sent, in memory that the loop lends for a turn.
    func beginTurn(on loop: isolated EventLoop)
    func endTurn(on loop: isolated EventLoop)
    /// Gives `stream` the next octets; nil if there are none.
    func send(to stream: any ByteStream, on loop: isolated EventLoop) -> Transfer?
    /// The socket has taken what it takes.
    func resumeWriters(on loop: isolated EventLoop)
    /// Octets of answers in memory, as they count against the server's limit.
    var heldAnswerBytes: Int { get }

    // Bodies that come over time.

    /// Whether pieces of the body of `exchange` are still wanted.
    func isStreaming(_ exchange: ExchangeID) -> Bool
    /// Takes a piece of a body; true if the writer should wait before the next.
    func append(_ piece: [UInt8], to exchange: ExchangeID, on loop: isolated EventLoop) -> Bool
    /// Names the fields that follow the body of `exchange`.
    func setTrailers(_ trailers: ResponseFields, of exchange: ExchangeID)
    /// Lets the writer of `exchange` wait until the client has read some, or is gone.
    func wait(for exchange: ExchangeID, with writer: CheckedContinuation<Void, any Error>)
    /// Ends the waiting of the writers of `exchange`, whose work was given up.
    func endWait(for exchange: ExchangeID)

    // Time and the end.

    /// Requests that are being read or answered, or whose answers are not out.
    var owedCount: Int { get }
    /// Whether all is said and sent.
    var isOver: Bool { get }
    /// When the present wait becomes too long.
    func deadline(on loop: isolated EventLoop) -> Instant
    /// The present wait has become too long.
    func expire(on loop: isolated EventLoop)
    /// Lets go of everything; handlers at work are cancelled.
    func close(on loop: isolated EventLoop)
}
