import Synchronization

/// Work that is done at the same time, and whose results are taken in the order in which it was given.
///
/// One task gives, and one takes.
final class OrderedWork<Result: Sendable>: Sendable {
    private enum Side {
        case giver, taker
    }

    private struct State {
        var waiting: [Task<Result, any Error>] = []
        var byteCounts: [Int] = []
        var isFinished = false
        /// The two tasks, as far as they wait.
        var sleepers: [Side: CheckedContinuation<Void, Never>] = [:]
    }

    private let width: Int
    private let maxByteCount: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - width: Pieces of work that are given and whose results are not taken.
    ///   - maxByteCount: The octets of all of them; one alone may have more.
    init(width: Int, maxByteCount: Int) {
        self.width = width
        self.maxByteCount = maxByteCount
    }

    private func isFull(_ state: State) -> Bool {
        state.waiting.count >= width || state.byteCounts.reduce(0, +) >= maxByteCount
    }

    /// Waits until there is room for another piece of work; returns false once all is cancelled.
    func hasRoom() async -> Bool {
        while true {
            let (isFinished, isFull) = state.withLock { ($0.isFinished, self.isFull($0)) }
            guard !isFinished, !Task.isCancelled else { return false }
            guard isFull else { return true }
            await wait(.giver) { $0.isFinished || !self.isFull($0) }
        }
    }

    func append(byteCount: Int, _ work: @escaping @Sendable () async throws -> Result) {
        let isFinished = state.withLock(\.isFinished)
        guard !isFinished else { return }
        let task = Task { try await work() }
        wake { state in
            state.waiting.append(task)
            state.byteCounts.append(byteCount)
        }
    }

    /// Says that no more work is given.
    func finish() {
        wake { $0.isFinished = true }
    }

    /// Ends all work whose result was not taken.
    func cancel() {
        var dropped: [Task<Result, any Error>] = []
        wake { state in
            state.isFinished = true
            swap(&dropped, &state.waiting)
            state.byteCounts = []
        }
        for task in dropped { task.cancel() }
    }

    /// Waits for the result of the oldest work, and takes it; nil behind the last.
    func next() async throws -> Result? {
        while true {
            let (oldest, isFinished) = state.withLock { ($0.waiting.first, $0.isFinished) }
            if let oldest {
                let result = try await withTaskCancellationHandler {
                    try await oldest.value
                } onCancel: {
                    oldest.cancel()
                }
                wake { state in
                    guard !state.waiting.isEmpty else { return }
                    state.waiting.removeFirst()
                    state.byteCounts.removeFirst()
                }
                return result
            }
            guard !isFinished else { return nil }
            try Task.checkCancellation()
            await wait(.taker) { $0.isFinished || !$0.waiting.isEmpty }
        }
    }

    private func wait(_ side: Side, until isDone: (State) -> Bool) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !isDone(state), !Task.isCancelled else { return true }
                    state.sleepers[side] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: side) }?.resume()
        }
    }

    private func wake(_ change: (inout sending State) -> Void) {
        let sleepers = state.withLock { state in
            change(&state)
            defer { state.sleepers = [:] }
            return state.sleepers.values.map(\.self)
        }
        for sleeper in sleepers { sleeper.resume() }
    }
}
