import Dispatch
import Glibc
import Logs
import Metrics
import Synchronization

/// Signals that the process takes over from their default, one after the other.
final class Signals: Sendable {
    private let stream: AsyncStream<Int32>
    /// Kept alive, and never touched again after `init`: that is why it is safe to share.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]
    /// Has a thread whenever it needs one, however busy those are that the rest of the process shares.
    private static let queue = DispatchQueue(label: "callpath.signals")

    /// Those that ask the process to end.
    static let ending = [SIGTERM, SIGINT]
    /// The one that asks it to read its files again.
    static let reloading = [SIGHUP]
    /// Those that supervisors and log rotation send, and whose default would end the process.
    static let ignored = [SIGUSR1, SIGUSR2]

    /// Takes the signals over, and returns when none can be lost any more.
    ///
    /// Dispatch starts to watch on a thread of its own; until it does, a signal has its default effect.
    /// - Parameter arrival: Told at once of each signal, and how many have come with it, whatever the tasks are at.
    init(_ numbers: [Int32], arrival: @escaping @Sendable (_ count: Int) -> Void = { _ in }) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        self.stream = stream
        let counter = Counter()
        var sources: [any DispatchSourceSignal] = []
        for number in numbers {
            let source = DispatchSource.makeSignalSource(signal: number, queue: Self.queue)
            source.setEventHandler {
                arrival(counter.increment())
                continuation.yield(number)
            }
            await withCheckedContinuation { watched in
                source.setRegistrationHandler { watched.resume() }
                source.resume()
            }
            sources.append(source)
        }
        self.sources = sources
    }

    /// Waits for the next signal; nil if the task is cancelled first, which ends the waiting for good.
    @discardableResult
    func next() async -> Int32? {
        var iterator = stream.makeAsyncIterator()
        return await iterator.next()
    }

    /// Ends the process after `delay` if nothing has ended it before: no blocked thread may keep it.
    ///
    /// `farewell` runs just before, and must not take long.
    static func endProcess(after delay: Duration, _ farewell: @escaping @Sendable () -> Void) {
        let end = DispatchTime.now() + .nanoseconds(delay.wholeNanoseconds)
        queue.asyncAfter(deadline: end) {
            farewell()
            _exit(EXIT_SUCCESS)
        }
    }

    private final class Counter: Sendable {
        private let count = Atomic<Int>(0)
        func increment() -> Int { count.add(1, ordering: .relaxed).newValue }
    }
}

/// All the signals that a server takes over.
struct ServerSignals {
    let endings, reloads, ignored: Signals
    private let arrival = Arrival()

    /// How long a process lives that is told to end while it starts: until its log is out.
    private static let startingLimit = Duration.milliseconds(300)
    /// How long the lines that are not out yet may keep it even then: nobody may be reading them.
    private static let logLimit = Duration.milliseconds(300)

    /// Takes them over; from the first signal that asks for the end on, the process lives for `limit` at most.
    ///
    /// While it starts, as when it reads a large registry, nobody is served, and there is nothing to wait for.
    init(limit: Duration, log: LogQueue) async {
        endings = await Signals(Signals.ending) { [arrival] count in
            let isServing = arrival.tell()
            Signals.endProcess(after: !isServing ? Self.startingLimit : count == 1 ? limit : .seconds(1)) {
                log.flush(patience: Self.logLimit)
            }
        }
        reloads = await Signals(Signals.reloading)
        ignored = await Signals(Signals.ignored)
    }

    /// Tells that from here on the end is graceful; `arrival` runs where a signal that asks for it comes, whatever the tasks
    /// are at.
    func beginServing(_ arrival: @escaping @Sendable () -> Void) { self.arrival.set(arrival) }

    /// What is done where a signal comes, once something is.
    private final class Arrival: Sendable {
        private let body = Mutex<(@Sendable () -> Void)?>(nil)

        func set(_ body: @escaping @Sendable () -> Void) { self.body.withLock { $0 = body } }

        /// Runs it, and returns whether there is one.
        func tell() -> Bool {
            guard let body = body.withLock({ $0 }) else { return false }
            body()
            return true
        }
    }
}
