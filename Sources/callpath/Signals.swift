import Dispatch
import Glibc

/// Signals that the process takes over from their default, one after the other.
final class Signals: Sendable {
    private let stream: AsyncStream<Void>
    /// Kept alive, and never touched again after `init`: that is why it is safe to share.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    /// Those that ask the process to end.
    static let ending = [SIGTERM, SIGINT]
    /// The one that asks it to read its files again.
    static let reloading = [SIGHUP]

    init(_ numbers: [Int32]) {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        self.stream = stream
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
    }

    /// Waits for the next signal; false if the task is cancelled first.
    @discardableResult
    func next() async -> Bool {
        var iterator = stream.makeAsyncIterator()
        return await iterator.next() != nil
    }
}
