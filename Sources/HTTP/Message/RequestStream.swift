import Synchronization

/// The body of a request that is answered while it comes, over HTTP/2.
///
/// One task reads it. What has come and is not taken holds the client back: its stream's window grows with each `next`.
package final class RequestStream: Sendable {
    /// Why no more octets will come although the body has not ended.
    package enum Failure: Error, Sendable, Equatable {
        /// The client has reset the stream, or the connection is gone.
        case cancelled
        /// Octets were due, and did not come in time.
        case timedOut
        /// The server has no room for more of it.
        case overloaded
        /// The server goes down, and the client owes nothing.
        case draining
    }

    private enum End {
        case whole
        case failed(Failure)
    }

    private struct State {
        var waiting: [UInt8] = []
        var end: End?
        var isDraining = false
        var byteCount = 0
        var dueStart: ContinuousClock.Instant?
        var reader: CheckedContinuation<Void, Never>?

        /// Whether a reader would wait in vain: nothing is due, and the server goes down.
        var isOver: Bool { isDraining && dueStart == nil }
    }

    private let state = Mutex(State())
    private let whenTaken: @Sendable (Int) -> Void

    /// Creates a body of which nothing has come.
    /// - Parameter whenTaken: Called by the reader with the number of octets it took: the window may grow by them.
    package init(whenTaken: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.whenTaken = whenTaken
    }

    /// Waits for octets, and takes all that have come; `nil` at the end of the body.
    ///
    /// - Parameter isDue: Whether the client owes octets, as within a message: only then do the body's timeouts run. Where it
    ///   owes none, a drain ends the body.
    /// - Throws: `Failure` once the octets that came are taken; `CancellationError` in a cancelled task.
    package func next(isDue: Bool = true) async throws -> [UInt8]? {
        while true {
            try Task.checkCancellation()
            if let taken = try take(isDue: isDue) {
                if !taken.isEmpty { whenTaken(taken.count) }
                return taken.isEmpty ? nil : taken
            }
            await withTaskCancellationHandler {
                await withCheckedContinuation { wait($0) }
            } onCancel: {
                wake()
            }
        }
    }

    /// Takes what has come; empty octets at the end, `nil` while nothing is there.
    private func take(isDue: Bool) throws(Failure) -> [UInt8]? {
        let outcome: Result<[UInt8]?, Failure> = state.withLock { state in
            state.dueStart = isDue ? state.dueStart ?? .now : nil
            guard state.waiting.isEmpty else {
                var taken: [UInt8] = []
                swap(&taken, &state.waiting)
                return .success(taken)
            }
            return switch state.end {
            case .whole: .success([])
            case .failed(let failure): .failure(failure)
            case nil: state.isOver ? .failure(.draining) : .success(nil)
            }
        }
        return try outcome.get()
    }

    /// Waits until something comes, the body ends, or the task is cancelled.
    private func wait(_ reader: CheckedContinuation<Void, Never>) {
        let isReady = state.withLock { state in
            guard state.waiting.isEmpty, state.end == nil, !state.isOver, !Task.isCancelled else { return true }
            state.reader = reader
            return false
        }
        if isReady { reader.resume() }
    }

    private func wake() {
        state.withLock { $0.reader.take() }?.resume()
    }
}

// What the server says of it.
extension RequestStream {
    /// Octets that came.
    package var byteCount: Int { state.withLock { $0.byteCount } }

    /// Octets that came and are not taken.
    package var waitingByteCount: Int { state.withLock { $0.waiting.count } }

    /// Whether the reader waits for octets that the client owes.
    package var isDue: Bool { state.withLock { $0.reader != nil && $0.dueStart != nil } }

    /// Since when the client owes octets, while the reader waits for some.
    package var dueStart: ContinuousClock.Instant? { state.withLock { $0.reader == nil ? nil : $0.dueStart } }

    /// Hands over octets that came.
    package func append(_ octets: UnsafeBufferPointer<UInt8>) {
        guard !octets.isEmpty else { return }
        let reader = state.withLock { state in
            if state.end == nil {
                state.waiting.append(contentsOf: octets)
                state.byteCount += octets.count
            }
            return state.reader.take()
        }
        reader?.resume()
    }

    /// Says that the body has come whole.
    package func finish() { end(.whole) }

    /// Says that no more of the body will come.
    package func fail(_ failure: Failure) { end(.failed(failure)) }

    /// Says that the server goes down: what is due is waited for, and nothing else.
    package func drain() {
        let reader = state.withLock { state in
            state.isDraining = true
            return state.isOver ? state.reader.take() : nil
        }
        reader?.resume()
    }

    private func end(_ end: End) {
        let reader = state.withLock { state in
            if state.end == nil { state.end = end }
            return state.reader.take()
        }
        reader?.resume()
    }
}
