import Dispatch
import Glibc
import Logging
import Synchronization

/// Takes log entries without ever making their writer wait, and writes them behind its back.
///
/// What comes while the queue is full is dropped and counted, and the count is logged as soon as there is room.
package final class LogQueue: Sendable {
    private struct State {
        var entries: [LogEntry] = []
        var dropped = 0
        var isDraining = false
    }

    /// The most entries that wait (default: 8,192).
    package let capacity: Int
    private let format: LogFormat
    private let write: @Sendable ([UInt8]) -> Void
    private let queue = DispatchQueue(label: "callpath.log", qos: .utility)
    private let state = Mutex(State())
    private let droppedTotal = Atomic(0)

    /// Creates a queue that hands its lines to `write`, which may block; by default to standard error.
    package init(
        format: LogFormat,
        capacity: Int = 8192,
        write: @escaping @Sendable ([UInt8]) -> Void = LogQueue.writeToStandardError
    ) {
        self.format = format
        self.capacity = capacity
        self.write = write
    }

    /// How many entries were dropped since the start.
    package var droppedCount: Int { droppedTotal.load(ordering: .relaxed) }

    /// Adds an entry, or drops it if too many wait; never blocks on the output.
    package func append(_ entry: LogEntry) {
        let startsDraining = state.withLock { state in
            guard state.entries.count < capacity else {
                state.dropped += 1
                droppedTotal.add(1, ordering: .relaxed)
                return false
            }
            state.entries.append(entry)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if startsDraining { queue.async { self.drain() } }
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

    private func drain() {
        while let (entries, dropped) = take() {
            var bytes: [UInt8] = []
            for entry in entries { format.append(entry, to: &bytes) }
            if dropped > 0 {
                let notice = LogEntry(
                    level: .warning,
                    label: "callpath.log",
                    message: "log lines were dropped",
                    metadata: ["count": "\(dropped)"]
                )
                format.append(notice, to: &bytes)
            }
            write(bytes)
        }
    }

    private func take() -> (entries: [LogEntry], dropped: Int)? {
        state.withLock { state in
            guard !state.entries.isEmpty || state.dropped > 0 else {
                state.isDraining = false
                return nil
            }
            defer { (state.entries, state.dropped) = ([], 0) }
            return (state.entries, state.dropped)
        }
    }

    /// Writes all of `bytes` to standard error.
    package static func writeToStandardError(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
