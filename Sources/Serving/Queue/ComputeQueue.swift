import Dispatch
import Metrics
import NN
import OrderedCollections
import Synchronization
import Tensors
import Threads

/// Where calls are computed: small ones at once, large ones one batch after another.
///
/// Calls of one module that wait together share a batch. No timer makes a lone call wait: what has come in while a
/// batch was computed is what is joined in the next.
final class ComputeQueue: Sendable {
    /// A computed call.
    struct Done: Sendable {
        var outcome: PreparedCall.Outcome
        var timing: CallTiming
        /// The rows of the batch.
        var rows: Int
        /// The calls that shared it.
        var joined: Int
    }

    fileprivate struct State {
        var waiting: [WaitingCall] = []
        /// Those whose clients may have gone: each is computed alone once nothing else waits, if it is not dropped before.
        var abandoned: [WaitingCall] = []
        /// Whether a thread is at them: one that gives way, beside the others, so that a call that comes then waits for none.
        var isGentle = false
        var byteCount = 0
        /// The threads that compute nothing.
        var idle: [DispatchQueue] = []
        /// The batches under way: calls that could have joined one wait for its end, and are joined themselves.
        var running: Set<WaitingCall.JoinKey> = []
        /// The batches that wait for others to join.
        var gathering: [WaitingCall.JoinKey: Gathering] = [:]
        /// How long batches took lately.
        var usualTime = Duration.zero
    }

    /// A batch that waits for others to join it.
    fileprivate struct Gathering {
        var rows: Int
        /// Signalled when it has all the rows that it may have.
        let isFull = DispatchSemaphore(value: 0)
    }

    private let options: ServingOptions
    private let metrics: ServingMetrics
    private let state: Mutex<State>
    private let timers = DispatchQueue(label: "callpath.compute.deadlines")

    /// Creates a queue with threads of its own.
    ///
    /// A serial queue of Dispatch gets a thread whenever it has work. A concurrent one takes from the threads that all tasks
    /// and queues of the process share, as many as there are processors: batches of minutes on all of them would leave none
    /// for a creation, the reading of a body or the end of the process.
    init(options: ServingOptions, metrics: ServingMetrics) {
        self.options = options
        self.metrics = metrics
        let width = options.computeWidth > 0 ? options.computeWidth : ProcessorCount.available
        state = Mutex(State(idle: (0..<width).map { DispatchQueue(label: "callpath.compute.\($0)") }))
    }

    /// What waits at the moment.
    var level: (calls: Int, byteCount: Int) {
        state.withLock { ($0.count, $0.byteCount) }
    }

    /// Computes `call`, here if it is small.
    /// - Throws: What the call throws; `ServingError.overloaded` when the queue has no room, `.deadlineExpired` when the
    ///   call could not begin in time, `CancellationError` when the task is cancelled while the call waits.
    func compute(
        _ call: PreparedCall,
        priority: Int,
        deadline: ContinuousClock.Instant?,
        origin: (any CallOrigin)? = nil
    ) async throws -> Done {
        guard !isSmall(call.inputs, call.named, for: call.moduleVersion) else {
            return try computeHere(call, deadline: deadline)
        }
        if let deadline, deadline <= .now { throw ServingError.deadlineExpired }
        let waiting = WaitingCall(call, priority: priority, deadline: deadline)
        // Calls that came at the same time are let in first, so that they can join: the others of a loop's turn, and those
        // whose bodies are being read. A call that is alone comes back at once.
        if waiting.joinKey != nil { await Task.yield() }
        let forget = origin?.whenGone { self.putBehind(waiting) }
        defer { forget?() }
        return try await withTaskCancellationHandler {
            await withCheckedContinuation(isolation: #isolation) { continuation in
                waiting.wait(with: continuation)
                enqueue(waiting)
            }
            guard let outcome = waiting.outcome else { throw CancellationError() }
            return try outcome.get()
        } onCancel: {
            waiting.finish(.failure(CancellationError()))
            drop(waiting)
        }
    }

    /// Whether a call is computed sooner than it could be handed to another thread.
    ///
    /// What cannot be told is not small.
    func isSmall(
        _ inputs: [Tensor],
        _ named: OrderedDictionary<String, Value>,
        for moduleVersion: ModuleVersion
    ) -> Bool {
        moduleVersion.cost.workOfFewSteps(for: inputs, named).map { $0 <= options.inlineWork } ?? false
    }

    /// Computes `call` on this thread, and on no other: the other processors have event loops of their own to run.
    func computeHere(_ call: PreparedCall, deadline: ContinuousClock.Instant?) throws -> Done {
        let start = ContinuousClock.now
        if let deadline, deadline <= start { throw ServingError.deadlineExpired }
        return try ProductPlan.withoutHelp { try Batch.computeAlone(call, from: start, metrics: metrics) }
    }

    private func enqueue(_ call: WaitingCall) {
        let limits = options.limits
        var refused: [WaitingCall] = []
        var isGentle = false
        let thread: DispatchQueue? = state.withLock { state in
            if call.isOver { return nil }
            if !call.isAbandoned { refused = state.makeRoom(for: call, within: limits) }
            guard state.hasRoom(for: call, within: limits) else {
                refused.append(call)
                return nil
            }
            state.insert(call)
            guard !call.isAbandoned else {
                isGentle = state.beginGently()
                return nil
            }
            state.gather(call, upTo: options.maxBatchRows)
            return state.idle.popLast()
        }
        if isGentle { workGently() }
        if !refused.isEmpty {
            let refusal = ServingError.overloaded(retryAfter: state.withLock { $0.timeToEmpty })
            for call in refused { call.finish(.failure(refusal)) }
        }
        guard !call.isOver else { return }
        if let deadline = call.deadline { expire(call, at: deadline) }
        if let thread { thread.async { self.work(on: thread) } }
    }

    /// Ends the wait of `call` at its deadline.
    ///
    /// A timer outlives its call, so none is long: distant deadlines must not gather memory.
    private func expire(_ call: WaitingCall, at deadline: ContinuousClock.Instant) {
        let wait = min(ContinuousClock.now.duration(to: deadline), .seconds(1))
        timers.asyncAfter(deadline: .now() + .nanoseconds(max(0, wait.wholeNanoseconds))) { [weak self, weak call] in
            guard let self, let call, !call.isOver else { return }
            guard deadline <= .now else { return expire(call, at: deadline) }
            call.expire()
            drop(call)
        }
    }

    /// Takes a call that is over out of the queue.
    private func drop(_ call: WaitingCall) {
        state.withLock { state in
            if call.isOver { state.remove(call) }
        }
    }

    /// Puts a call whose client may have gone behind all others.
    private func putBehind(_ call: WaitingCall) {
        let isGentle = state.withLock { state in
            call.abandon()
            if state.remove(call) { state.insert(call) }
            return state.beginGently()
        }
        if isGentle { workGently() }
    }

    // MARK: Workers

    /// Computes one batch after another until nothing waits that could begin.
    private func work(on thread: DispatchQueue) {
        while let (calls, key) = take(on: thread) {
            let batch = Batch(key.map { waitForOthers(calls, $0) } ?? calls, metrics: metrics)
            let start = ContinuousClock.now
            batch.compute()
            finished(key, after: start.duration(to: .now))
        }
    }

    /// Takes out the calls of the next batch, and what others must have in common with them to wait for its end.
    ///
    /// Without any, `thread` is idle.
    private func take(on thread: DispatchQueue) -> (calls: [WaitingCall], key: WaitingCall.JoinKey?)? {
        var isGentle = false
        let next: (calls: [WaitingCall], key: WaitingCall.JoinKey?)? = state.withLock { state in
            if let first = state.waiting.first(where: { $0.joinKey.map { !state.running.contains($0) } ?? true }) {
                if let key = first.joinKey { state.running.insert(key) }
                return (state.remove(first: first, upTo: options.maxBatchRows), first.joinKey)
            }
            state.idle.append(thread)
            isGentle = state.beginGently()
            return nil
        }
        if isGentle { workGently() }
        return next
    }

    /// Computes calls that nobody may wait for, as long as nothing else does and a thread has nothing to do.
    private func workGently() {
        GentleThread.begin { [self] in
            while let call = takeAbandoned() {
                // Helpers are those of all, and do not give way.
                ProductPlan.withoutHelp { Batch([call], metrics: metrics).compute() }
            }
        }
    }

    private func takeAbandoned() -> WaitingCall? {
        state.withLock { state in
            guard state.mayBeGentle, let call = state.abandoned.first else {
                state.isGentle = false
                return nil
            }
            state.remove(call)
            return call
        }
    }

    /// With a delay as an option: gives others the time to join `calls`.
    private func waitForOthers(_ calls: [WaitingCall], _ key: WaitingCall.JoinKey) -> [WaitingCall] {
        guard options.batchDelay > .zero, let first = calls.first else { return calls }
        let rows = calls.reduce(0) { $0 + $1.rows }
        let rest = ContinuousClock.now.duration(to: first.arrival + options.batchDelay)
        guard rest > .zero, rows < options.maxBatchRows else { return calls }
        let gathering = state.withLock { $0.beginGathering(key, rows: rows) }
        if gathering.rows < options.maxBatchRows {
            _ = gathering.isFull.wait(timeout: .now() + .nanoseconds(rest.wholeNanoseconds))
        }
        return calls
            + state.withLock { state in
                state.gathering[key] = nil
                return state.remove(key, upTo: options.maxBatchRows - rows)
            }
    }

    private func finished(_ key: WaitingCall.JoinKey?, after duration: Duration) {
        state.withLock { state in
            if let key { state.running.remove(key) }
            state.usualTime = state.usualTime * 0.8 + duration * 0.2
        }
    }
}

extension ComputeQueue.State {
    /// The calls that wait.
    fileprivate var count: Int { waiting.count + abandoned.count }

    /// Whether nobody who waits for an answer would miss a processor.
    fileprivate var mayBeGentle: Bool { waiting.isEmpty && !idle.isEmpty }

    /// Whether a thread has to begin on the calls that nobody may wait for.
    fileprivate mutating func beginGently() -> Bool {
        guard !isGentle, mayBeGentle, !abandoned.isEmpty else { return false }
        isGentle = true
        return true
    }

    fileprivate func hasRoom(for call: WaitingCall, within limits: ServingLimits) -> Bool {
        count < limits.maxQueuedCalls && byteCount + call.byteCount <= limits.maxQueuedBytes
    }

    /// Takes out calls that nobody may wait for, the oldest first, until there is room for one that somebody waits for.
    fileprivate mutating func makeRoom(for call: WaitingCall, within limits: ServingLimits) -> [WaitingCall] {
        var removed: [WaitingCall] = []
        guard call.byteCount <= limits.maxQueuedBytes else { return [] }
        while !hasRoom(for: call, within: limits), let oldest = abandoned.first {
            remove(oldest)
            removed.append(oldest)
        }
        return removed
    }

    fileprivate mutating func insert(_ call: WaitingCall) {
        byteCount += call.byteCount
        guard !call.isAbandoned else { return abandoned.append(call) }
        let place = waiting.lastIndex { $0.rank <= call.rank }.map { $0 + 1 } ?? 0
        waiting.insert(call, at: place)
    }

    /// Takes a call out; false if it does not wait here.
    @discardableResult
    fileprivate mutating func remove(_ call: WaitingCall) -> Bool {
        if let place = waiting.firstIndex(where: { $0 === call }) {
            waiting.remove(at: place)
        } else if let place = abandoned.firstIndex(where: { $0 === call }) {
            abandoned.remove(at: place)
        } else {
            return false
        }
        byteCount -= call.byteCount
        return true
    }

    /// A guess at how long the queue takes to get through what waits: between one second and thirty.
    fileprivate var timeToEmpty: Duration {
        min(max(usualTime * waiting.count, .seconds(1)), .seconds(30))
    }

    /// Begins to count the rows of a batch that has `rows` and of the calls that wait to join it.
    fileprivate mutating func beginGathering(_ key: WaitingCall.JoinKey, rows: Int) -> ComputeQueue.Gathering {
        let others = waiting.lazy.filter { $0.joinKey == key }.reduce(0) { $0 + $1.rows }
        let gathering = ComputeQueue.Gathering(rows: rows + others)
        self.gathering[key] = gathering
        return gathering
    }

    /// Counts the rows of `call`, and ends the wait of the batch that they fill.
    fileprivate mutating func gather(_ call: WaitingCall, upTo rows: Int) {
        guard let key = call.joinKey, var gathering = gathering[key] else { return }
        gathering.rows += call.rows
        self.gathering[key] = gathering
        if gathering.rows >= rows { gathering.isFull.signal() }
    }

    /// Removes `first` and those that can join it, of `rows` rows together at most unless the first has more.
    fileprivate mutating func remove(first: WaitingCall, upTo rows: Int) -> [WaitingCall] {
        guard let place = waiting.firstIndex(where: { $0 === first }) else { return [] }
        waiting.remove(at: place)
        byteCount -= first.byteCount
        guard let key = first.joinKey else { return [first] }
        return [first] + remove(key, upTo: rows - first.rows)
    }

    /// Removes calls that can be joined under `key`, in order, as long as they have `rows` rows together at most.
    fileprivate mutating func remove(_ key: WaitingCall.JoinKey, upTo rows: Int) -> [WaitingCall] {
        var (room, taken) = (rows, [WaitingCall]())
        waiting.removeAll { call in
            guard call.joinKey == key, call.rows <= room else { return false }
            room -= call.rows
            taken.append(call)
            return true
        }
        byteCount -= taken.reduce(0) { $0 + $1.byteCount }
        return taken
    }
}
