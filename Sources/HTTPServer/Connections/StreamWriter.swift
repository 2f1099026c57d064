import HTTP

/// Lets a handler write the body of one answer, from whatever task it likes.
///
/// It knows its connection by token and its exchange by number, so one that outlives its answer can only fail.
struct StreamWriter: BodyWriter {
    let loop: EventLoop
    let token: ConnectionTable.Token
    let exchange: ExchangeID

    func write(_ bytes: [UInt8]) async throws {
        try await loop.write(bytes, for: self)
    }

    func setTrailers(_ trailers: ResponseFields) async throws {
        await loop.setTrailers(trailers, for: self)
    }
}

extension EventLoop {
    fileprivate func setTrailers(_ trailers: ResponseFields, for writer: StreamWriter) {
        connections[writer.token]?.setTrailers(trailers, of: writer.exchange)
    }

    fileprivate func write(_ bytes: [UInt8], for writer: StreamWriter) async throws {
        try Task.checkCancellation()
        guard let connection = connections[writer.token], connection.isStreaming(writer.exchange) else {
            throw CancellationError()
        }
        guard connection.append(bytes, to: writer.exchange, on: self) else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation(isolation: self) {
                connection.wait(for: writer.exchange, with: $0)
            }
        } onCancel: { [executor] in
            // Behind this turn, in which the wait begins: a client that reads nothing keeps no work that was given up.
            executor.submit(
                .closure { self.assumeIsolated { $0.connections[writer.token]?.endWait(for: writer.exchange) } }
            )
        }
    }
}
