import Glibc

/// What a connection holds after its end, so that the socket is closed at once and not when the last task lets go.
final class ClosedStream: ByteStream, Sendable {
    static let shared = ClosedStream()

    let number: Int32 = -1
    let shortReadEmpties = true
    let peerName: String? = nil

    func open() -> Opening { .failed(reason: nil) }
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer { .failed }
    func write(_ pieces: UnsafeBufferPointer<iovec>) -> Transfer { .failed }
    func endWriting() {}
}
