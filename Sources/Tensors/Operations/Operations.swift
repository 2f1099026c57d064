internal import CThread

/// Sees each operation that a call performs, in order.
public protocol OperationObserver: Sendable {
    /// Called after the operation that ATen calls `name` made a result of `shape` in `duration`.
    func didPerform(_ name: String, shape: Shape, duration: Duration)
}

/// Watching the operations of the running call; while nobody watches, an operation pays one look at the thread's state for it.
public enum Operations {
    /// What the state of a thread can refer to: a class around any observer.
    private final class Observation {
        let observer: any OperationObserver

        init(by observer: any OperationObserver) {
            self.observer = observer
        }
    }

    /// Runs `body`, which cannot wait, and shows its operations to `observer`.
    public static func observed<Result>(
        by observer: any OperationObserver,
        _ body: () throws -> Result
    ) rethrows -> Result {
        let observation = Observation(by: observer)
        defer { withExtendedLifetime(observation) {} }
        return try run(seenBy: Unmanaged.passUnretained(observation).toOpaque(), body)
    }

    /// Runs `body` unwatched, for sums that are made under a lock, where no foreign code may run.
    static func unobserved(_ body: () throws(TensorError) -> Tensor) throws(TensorError) -> Tensor {
        guard areObserved else { return try body() }
        return try run(seenBy: nil, body)
    }

    private static func run<Outcome, Failure: Error>(
        seenBy observation: UnsafeRawPointer?,
        _ body: () throws(Failure) -> Outcome
    ) throws(Failure) -> Outcome {
        let call = cthread_running_call()
        let outer = call.pointee.observation
        defer { call.pointee.observation = outer }
        call.pointee.observation = observation
        return try body()
    }

    /// Whether anyone watches the operations of the running call.
    @inline(__always)
    static var areObserved: Bool { cthread_running_call().pointee.observation != nil }

    /// Performs one operation, named as ATen names it.
    @inline(__always)
    static func perform(
        _ name: StaticString,
        _ body: () throws(TensorError) -> Tensor
    ) throws(TensorError) -> Tensor {
        guard areObserved else { return try body() }
        return try performObserved(name, \.shape, body)
    }

    /// Performs one operation that gives, beside its result, what going backward needs.
    @inline(__always)
    static func perform<Saved>(
        _ name: StaticString,
        _ body: () throws(TensorError) -> (Tensor, Saved)
    ) throws(TensorError) -> (Tensor, Saved) {
        guard areObserved else { return try body() }
        return try performObserved(name, \.0.shape, body)
    }

    @inline(never)
    private static func performObserved<Outcome>(
        _ name: StaticString,
        _ shape: KeyPath<Outcome, Shape>,
        _ body: () throws(TensorError) -> Outcome
    ) throws(TensorError) -> Outcome {
        guard let observation = cthread_running_call().pointee.observation else { return try body() }
        let observer = Unmanaged<Observation>.fromOpaque(observation).takeUnretainedValue().observer
        let start = ContinuousClock.now
        // The operations that this one is made of are its own affair.
        let result = try run(seenBy: nil, body)
        observer.didPerform("\(name)", shape: result[keyPath: shape], duration: ContinuousClock.now - start)
        return result
    }
}
