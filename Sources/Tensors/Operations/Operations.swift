import Synchronization

/// Sees each operation that a call performs, in order.
public protocol OperationObserver: Sendable {
    /// Called after the operation that ATen calls `name` made a result of `shape` in `duration`.
    func didPerform(_ name: String, shape: Shape, duration: Duration)
}

/// Watching operations; while nobody watches, an operation pays one relaxed load for it.
public enum Operations {
    @TaskLocal static var observer: (any OperationObserver)?
    private static let observerCount = Atomic<Int>(0)

    /// Runs `body` and shows its operations to `observer`.
    public static func observed<Result>(
        by observer: any OperationObserver,
        _ body: () throws -> Result
    ) rethrows -> Result {
        observerCount.wrappingAdd(1, ordering: .relaxed)
        defer { observerCount.wrappingSubtract(1, ordering: .relaxed) }
        return try $observer.withValue(observer, operation: body)
    }

    /// Runs `body` unwatched, for sums that are made under a lock, where no foreign code may run.
    static func unobserved(_ body: () throws(TensorError) -> Tensor) throws(TensorError) -> Tensor {
        guard areObserved else { return try body() }
        return try withoutObserver(body).get()
    }

    private static func withoutObserver<Outcome>(
        _ body: () throws(TensorError) -> Outcome
    ) -> Result<Outcome, TensorError> {
        $observer.withValue(nil) {
            do throws(TensorError) { return .success(try body()) } catch { return .failure(error) }
        }
    }

    /// Whether anyone at all watches operations.
    @inline(__always)
    static var areObserved: Bool { observerCount.load(ordering: .relaxed) > 0 }

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
        guard let observer else { return try body() }
        let start = ContinuousClock.now
        // The operations that this one is made of are its own affair.
        let result = try withoutObserver(body).get()
        observer.didPerform("\(name)", shape: result[keyPath: shape], duration: ContinuousClock.now - start)
        return result
    }
}
