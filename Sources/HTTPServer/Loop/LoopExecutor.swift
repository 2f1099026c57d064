import Dispatch
import Synchronization

/// Runs the jobs of one event loop in the loop's own turns, on a serial queue.
///
/// A job that arrives while the loop is in a turn (a handler resumed by the compute queue) is taken up by that turn,
/// between two looks at the sockets; a turn that waits for its sockets is interrupted; Dispatch is asked for a new turn only
/// when the loop sleeps.
final class LoopExecutor: SerialExecutor {
    /// A piece of work that entered from outside the loop.
    enum Work: Sendable {
        case job(UnownedJob)
        case closure(@Sendable () -> Void)
    }

    private struct Inbox {
        var work: [Work] = []
        var isAwake = false
        var isWaiting = false
        var turn: (@Sendable () -> Void)?
        var interrupt: (@Sendable () -> Void)?
    }

    private static let queueKey = DispatchSpecificKey<ObjectIdentifier>()

    let queue: DispatchQueue
    private let inbox = Mutex(Inbox())
    private let waiting = Atomic<Int>(0)

    init(label: String) {
        queue = DispatchQueue(label: label)
        queue.setSpecific(key: Self.queueKey, value: ObjectIdentifier(self))
    }

    /// Names the function that Dispatch calls, on the queue, when there is work and the loop sleeps, and the one that
    /// interrupts, from any thread, a turn that waits.
    func onWork(_ turn: (@Sendable () -> Void)?, interrupt: (@Sendable () -> Void)? = nil) {
        inbox.withLock { inbox in
            inbox.turn = turn
            inbox.interrupt = interrupt
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        submit(.job(UnownedJob(job)))
    }

    /// Runs `work` on the loop, after what was submitted before.
    func submit(_ work: Work) {
        let wake = inbox.withLock { inbox -> (@Sendable () -> Void)? in
            inbox.work.append(work)
            waiting.store(inbox.work.count, ordering: .releasing)
            if inbox.isWaiting {
                inbox.isWaiting = false
                return inbox.interrupt
            }
            guard !inbox.isAwake else { return nil }
            inbox.isAwake = true
            let turn = inbox.turn ?? { [self] in self.runAll() }
            return { [queue] in queue.async(execute: turn) }
        }
        wake?()
    }

    var hasWork: Bool { waiting.load(ordering: .acquiring) > 0 }

    /// Says that a turn runs, so that new work need not wake the loop.
    func beginTurn() {
        inbox.withLock { $0.isAwake = true }
    }

    /// Ends the turn, or returns false if work has just come.
    func endTurn() -> Bool {
        inbox.withLock { inbox in
            inbox.isAwake = !inbox.work.isEmpty
            return !inbox.isAwake
        }
    }

    /// Says that the turn is about to wait for its sockets, or returns false if work has just come.
    func beginWait() -> Bool {
        inbox.withLock { inbox in
            inbox.isWaiting = inbox.work.isEmpty && inbox.interrupt != nil
            return inbox.isWaiting
        }
    }

    /// Says that the turn does not wait any more.
    func endWait() {
        inbox.withLock { $0.isWaiting = false }
    }

    /// Runs what has been submitted so far; on the queue only.
    func runWork() {
        guard hasWork else { return }
        let batch = inbox.withLock { inbox in
            waiting.store(0, ordering: .releasing)
            return exchange(&inbox.work, with: [])
        }
        for work in batch {
            switch work {
            case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
            case .closure(let body): body()
            }
        }
    }

    /// A turn of a loop that has no sockets any more.
    private func runAll() {
        repeat { runWork() } while !endTurn()
    }

    func checkIsolated() {
        dispatchPrecondition(condition: .onQueue(queue))
    }

    func isIsolatingCurrentContext() -> Bool? {
        DispatchQueue.getSpecific(key: Self.queueKey) == ObjectIdentifier(self)
    }
}

private func exchange<Value>(_ value: inout Value, with new: Value) -> Value {
    let old = value
    value = new
    return old
}
