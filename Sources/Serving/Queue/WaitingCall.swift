import OrderedCollections
import Synchronization
import Tensors

/// A call in the compute queue, and the client that waits for it.
final class WaitingCall: Sendable {
    /// What calls must have in common to share a batch.
    struct JoinKey: Hashable, Sendable {
        /// What is the same of an input of each call.
        struct Input: Hashable, Sendable {
            let dtype: DType
            /// The axes after the first, or all of a row.
            let sizes: [Int]
        }

        let moduleVersion: ObjectIdentifier
        let inputs: [Input]
        /// Whether the input has one axis that is a row.
        let isOneRow: Bool
    }

    private enum State {
        case new
        case waiting(CheckedContinuation<Void, Never>)
        case running(CheckedContinuation<Void, Never>)
        case over(Result<ComputeQueue.Done, any Error>)
    }

    let call: PreparedCall
    /// Smaller goes first.
    let rank: Int
    let deadline: ContinuousClock.Instant?
    let byteCount: Int
    let rows: Int
    /// `nil` when the call must be alone.
    let joinKey: JoinKey?
    let arrival = ContinuousClock.now
    private let state = Mutex(State.new)
    private let isLetGo = Atomic<Bool>(false)

    init(_ call: PreparedCall, priority: Int, deadline: ContinuousClock.Instant?) {
        self.call = call
        self.deadline = deadline
        rank = priority > 0 ? priority : .max
        byteCount = (call.tensors + call.mode.gradOutputs).reduce(0) { $0 + $1.byteCount }
        joinKey = Self.joinKey(of: call)
        rows = Self.rows(of: call)
    }

    private static func joinKey(of call: PreparedCall) -> JoinKey? {
        guard call.isPlain, let inputs = call.inOrder, let rows = inputs.first?.shape.first,
            inputs.allSatisfy({ $0.shape.first == rows })
        else { return nil }
        let joining = call.moduleVersion.profile.joining(of: inputs)
        guard joining != .never else { return nil }
        let isOneRow = joining == .oneRow
        return JoinKey(
            moduleVersion: ObjectIdentifier(call.moduleVersion),
            inputs: inputs.map { input in
                JoinKey.Input(dtype: input.dtype, sizes: Array(input.shape.dropFirst(isOneRow ? 0 : 1)))
            },
            isOneRow: isOneRow
        )
    }

    /// The rows that a call counts in statistics: the first axis, where it is a batch.
    static func rows(of call: PreparedCall) -> Int {
        guard let inputs = call.inOrder, call.moduleVersion.profile.isBatch(inputs) else { return 1 }
        return inputs.first?.shape.first ?? 1
    }

    /// How the call ended; `nil` while it waits or runs.
    var outcome: Result<ComputeQueue.Done, any Error>? {
        state.withLock { if case .over(let result) = $0 { result } else { nil } }
    }

    /// Whether the client has gone or was told already.
    var isOver: Bool { outcome != nil }

    /// Whether the client may not wait for it any more: it comes behind those whose clients do, and joins none of them.
    var isAbandoned: Bool { isLetGo.load(ordering: .acquiring) }

    func abandon() {
        isLetGo.store(true, ordering: .releasing)
    }

    /// Lets `continuation` wait for the end, which may be there already.
    func wait(with continuation: CheckedContinuation<Void, Never>) {
        let isOver = state.withLock { state in
            guard case .new = state else { return true }
            state = .waiting(continuation)
            return false
        }
        if isOver { continuation.resume() }
    }

    /// Returns whether the call still waits, and is taken up now.
    func begin() -> Bool {
        state.withLock { state in
            guard case .waiting(let continuation) = state else { return false }
            state = .running(continuation)
            return true
        }
    }

    /// Ends the call, unless it has ended.
    func finish(_ result: Result<ComputeQueue.Done, any Error>) {
        end(with: result) { _ in true }
    }

    /// Ends the call as too late if it still waits.
    func expire() {
        end(with: .failure(ServingError.deadlineExpired)) { $0 }
    }

    private func end(
        with result: Result<ComputeQueue.Done, any Error>,
        if allows: (_ stillWaits: Bool) -> Bool
    ) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            switch state {
            case .waiting(let continuation) where allows(true), .running(let continuation) where allows(false):
                state = .over(result)
                return continuation
            case .new:
                state = .over(result)
                return nil
            default: return nil
            }
        }
        waiter?.resume()
    }
}
