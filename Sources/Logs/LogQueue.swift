import Dispatch
package import Logging
import Metrics
import Synchronization

/// Takes log lines without ever making their writer wait for the output: they gather in a buffer that goes out behind its back.
///
/// The buffer goes out when it is large, at once after a warning, and soon in any case. What comes while it is full is
/// dropped and counted, as is what the output does not take, and the count is logged as soon as there is room.
package final class LogQueue: Sendable {
    private struct State: ~Copyable {
        var buffer = LogBuffer()
        /// A buffer that was written, kept for its memory.
        var spare = LogBuffer()
        var clock = TimeOfDay()
        /// Lines dropped that no line has told of.
        var dropped = 0
        /// Whether something waits that should go out at once.
        var isUrgent = false
        var isTimed = false
        var isDraining = false
    }

    /// The most bytes that wait (default: 4 MiB).
    package let capacity: Int
    private let format: LogFormat
    private let delay: Duration
    private let write: @Sendable ([UInt8]) -> Int
    private let now: @Sendable () -> Int64
    private let queue = DispatchQueue(label: "callpath.log", qos: .utility)
    private let state = Mutex(State())
    private let droppedTotal = Atomic(0)

    /// The bytes that go out at once.
    private static let largeBuffer = 65_536
    /// What lets a line go out at once.
    private static let urgentLevel = Logger.Level.warning

    /// Creates a queue that hands its lines to `write`, which may block, and returns how many bytes of them were lost.
    ///
    /// By default they go to standard error. `now` gives the nanoseconds since 1970.
    package init(
        format: LogFormat,
        capacity: Int = 4 << 20,
        delay: Duration = .milliseconds(250),
        write: @escaping @Sendable ([UInt8]) -> Int = StandardError.write,
        now: @escaping @Sendable () -> Int64 = { Int64(WallClock.nanoseconds) }
    ) {
        self.format = format
        self.capacity = capacity
        self.delay = delay
        self.now = now
        self.write = write
    }

    /// How many lines were dropped since the start.
    package var droppedCount: Int { droppedTotal.load(ordering: .relaxed) }

    /// Adds what swift-log gave.
    package func append(_ entry: LogEntry) {
        append(entry.level, label: entry.label, message: entry.message) { entry.write(to: &$0) }
    }

    /// Adds a line with the members that `body` adds, or drops it if too much waits; never blocks on the output.
    package func append(
        _ level: Logger.Level,
        label: String,
        message: String,
        _ body: (inout LogLine) -> Void
    ) {
        let next: Next = state.withLock { state in
            guard state.buffer.count < capacity else {
                state.dropped += 1
                droppedTotal.add(1, ordering: .relaxed)
                return .nothing
            }
            add(level, label: label, message: message, to: &state, body)
            if level >= Self.urgentLevel { state.isUrgent = true }
            return Self.next(&state)
        }
        perform(next)
    }

    /// What follows a change of the buffer.
    private enum Next { case nothing, drain, timer }

    private static func next(_ state: inout State) -> Next {
        guard !state.isDraining, !state.buffer.isEmpty else { return .nothing }
        if state.isUrgent || state.buffer.count >= largeBuffer {
            state.isDraining = true
            return .drain
        }
        guard !state.isTimed else { return .nothing }
        state.isTimed = true
        return .timer
    }

    private func perform(_ next: Next) {
        switch next {
        case .nothing: break
        case .drain: queue.async { self.drain() }
        case .timer:
            queue.asyncAfter(deadline: .now() + delay / .seconds(1)) {
                self.state.withLock { $0.isTimed = false }
                self.drain()
            }
        }
    }

    private func add(
        _ level: Logger.Level,
        label: String,
        message: String,
        to state: inout State,
        _ body: (inout LogLine) -> Void
    ) {
        var line = LogLine(format)
        swap(&line.buffer, &state.buffer)
        line.begin(at: now(), of: &state.clock, level: level, label: label, message: message)
        body(&line)
        line.end()
        swap(&line.buffer, &state.buffer)
    }

    /// Waits until all that was added before is written, or `patience` is at its end.
    ///
    /// An output that nobody reads must not keep a process from ending.
    package func flush(patience: Duration = .seconds(2)) {
        let done = DispatchSemaphore(value: 0)
        queue.async {
            self.drain()
            done.signal()
        }
        _ = done.wait(timeout: .now() + patience / .seconds(1))
    }

    /// Writes what waits; runs on the queue only.
    private func drain() {
        let bytes = take()
        if !bytes.isEmpty {
            let lost = write(bytes)
            if lost > 0 { countLost(bytes.suffix(lost)) }
        }
        perform(
            state.withLock { state in
                state.isDraining = false
                return Self.next(&state)
            }
        )
    }

    /// Counts the lines of which not all went out; the output that lost them is not told of them.
    private func countLost(_ bytes: ArraySlice<UInt8>) {
        droppedTotal.add(bytes.count { $0 == UInt8(ascii: "\n") }, ordering: .relaxed)
    }

    /// Returns what waits.
    private func take() -> [UInt8] {
        var full = state.withLock { state in
            tellOfDropped(in: &state)
            (state.isDraining, state.isUrgent) = (true, false)
            var full = LogBuffer()
            swap(&full, &state.spare)
            swap(&full, &state.buffer)
            return full
        }
        let bytes = full.bytes
        full.removeAll()
        state.withLock { swap(&full, &$0.spare) }
        return bytes
    }

    private func tellOfDropped(in state: inout State) {
        guard state.dropped > 0 else { return }
        let count = state.dropped
        state.dropped = 0
        add(.warning, label: "callpath.log", message: "log lines were dropped", to: &state) { $0.add("count", count) }
    }
}
