import Dispatch
import Synchronization

/// Threads of their own for work that takes its time: so much at once, and what is more waits in its order.
///
/// A serial queue of Dispatch gets a thread whenever it has work. A concurrent one takes from the threads that all tasks of the
/// process share, as many as there are processors: long work on all of them leaves none for those who end the process.
package final class WorkThreads: Sendable {
    private typealias Work = @Sendable () -> Void

    private struct State {
        /// The threads that do nothing.
        var idle: [DispatchQueue]
        /// What waits, the next one last, and what came behind that, the last one last.
        var next: [Work] = []
        var later: [Work] = []
    }

    private let state: Mutex<State>

    /// Creates so many threads, which are named after `label`.
    package init(_ label: String, width: Int) {
        state = Mutex(State(idle: (0..<max(1, width)).map { DispatchQueue(label: "\(label).\($0)") }))
    }

    /// Does `work` beside that of others, and returns what it gives.
    package func run<Value: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withCheckedContinuation(isolation: #isolation) { continuation in
            begin { continuation.resume(returning: Result(catching: work)) }
        }
        return try result.get()
    }

    private func begin(_ work: @escaping Work) {
        let thread: DispatchQueue? = state.withLock { state in
            guard let thread = state.idle.popLast() else {
                state.later.append(work)
                return nil
            }
            return thread
        }
        guard let thread else { return }
        thread.async {
            work()
            while let work = self.takeNext(on: thread) { work() }
        }
    }

    /// Takes out what has waited longest; without any, `thread` is idle.
    private func takeNext(on thread: DispatchQueue) -> Work? {
        state.withLock { state in
            if state.next.isEmpty { (state.next, state.later) = (state.later.reversed(), []) }
            guard let work = state.next.popLast() else {
                state.idle.append(thread)
                return nil
            }
            return work
        }
    }
}
