import Glibc

/// A two-way stream of octets over a non-blocking socket: the one place that tells plain from TLS.
///
/// A stream lives on one loop and never waits: what cannot be done now is `.wouldBlock`, and the next report of the
/// socket is the time to try again, whichever direction it is about (TLS may have to write in order to read).
protocol ByteStream: AnyObject {
    /// The socket's number, to watch it.
    var number: Int32 { get }
    /// Whether a read that fills only part of its buffer has emptied the socket.
    var shortReadEmpties: Bool { get }

    /// Does what has to come before the first octet: nothing, or a handshake.
    func open() -> Opening
    /// Reads what is there, at most `buffer.count` octets.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer
    /// Writes a first part of `pieces`.
    func write(_ pieces: UnsafeBufferPointer<iovec>) -> Transfer
    /// Tells the peer that no more octets will come; reading goes on.
    func endWriting()
    /// Whether the opening chose HTTP/2; nil if it chooses nothing, and the first octets do.
    var choseHTTP2: Bool? { get }
    /// Copies the first octets that wait to `buffer`, and leaves them where they are; only where the opening chose nothing.
    func peek(into buffer: UnsafeMutableRawBufferPointer) -> Transfer
    /// The name that the peer has proved to own.
    var peerName: String? { get }
}

/// How an opening stands.
enum Opening: Equatable {
    case done
    case wouldBlock
    /// An HTTP request came where a handshake is due; nothing of it has been read.
    case plainText
    /// The reason in words, if there was a handshake to fail.
    case failed(reason: String?)
}

/// What became of a read or a write.
enum Transfer: Equatable {
    /// At least one octet was moved.
    case moved(Int)
    case wouldBlock
    /// The peer has ended its direction in good order.
    case ended
    /// The connection is broken.
    case failed
}

extension ByteStream {
    var choseHTTP2: Bool? { false }

    func peek(into buffer: UnsafeMutableRawBufferPointer) -> Transfer { .failed }
}
