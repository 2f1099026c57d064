import HTTP

/// Lets a handler write the body of one answer, from whatever task it likes.
///
/// It knows its connection by token and answer by number, so one that outlives its answer can only fail.
struct StreamWriter: BodyWriter {
    let loop: EventLoop
    let token: ConnectionTable.Token
    let answerNumber: Int
    let isChunked: Bool

    func write(_ bytes: [UInt8]) async throws {
        try await loop.write(bytes, for: self)
    }
}

extension EventLoop {
    fileprivate func write(_ bytes: [UInt8], for writer: StreamWriter) async throws {
        try Task.checkCancellation()
        guard let connection = connections[writer.token], connection.answerNumber == writer.answerNumber else {
            throw CancellationError()
        }
        // An empty chunk would end the body.
        guard !bytes.isEmpty, connection.appendPiece(bytes, isChunked: writer.isChunked, on: self) else { return }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            guard connection.phase != .closed else { return continuation.resume(throwing: CancellationError()) }
            connection.waitingWriters.append(continuation)
        }
    }
}
