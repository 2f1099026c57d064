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

    /// Takes the signals over, and returns when none can be lost any more.
    ///
    /// Dispatch starts to watch on a thread of its own; until it does, a signal has its default effect.
    init(_ numbers: [Int32]) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        self.stream = stream
        var sources: [any DispatchSourceSignal] = []
        for number in numbers {
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            await withCheckedContinuation { watched in
                source.setRegistrationHandler { watched.resume() }
                source.resume()
            }
            sources.append(source)
        }
        self.sources = sources
    }

    /// Waits for the next signal; false if the task is cancelled first.
    @discardableResult
    func next() async -> Bool {
        var iterator = stream.makeAsyncIterator()
        return await iterator.next() != nil
    }
}
