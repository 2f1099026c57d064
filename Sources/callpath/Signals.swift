import Dispatch
import Glibc

/// SIGTERM and SIGINT, one after the other.
final class Signals: Sendable {
    private let stream: AsyncStream<Void>
    /// Kept alive, and never touched again after `init`: that is why it is safe to share.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    /// Takes both signals over from their default, which is to end the process.
    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        self.stream = stream
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
    }

    /// Waits for the next signal.
    func next() async {
        var iterator = stream.makeAsyncIterator()
        _ = await iterator.next()
    }
}
