package import Models
import Synchronization
package import Tensors

/// A registered hook, and what it has gathered: it outlives the versions of the module it stands on.
package final class HookRecord: Sendable {
    /// The number in the one count of the process.
    package let id: Int
    /// What was asked for, with the path in the module to which it belongs.
    package let description: HookDescription
    private let budget: HookBudget
    private let gathered = Mutex(Gathered())

    private struct Gathered {
        var capture: Tensor?
        var summary = TensorSummary()
    }

    /// Creates the record of a hook whose own tensors `budget` has counted already.
    init(id: Int, description: HookDescription, budget: HookBudget) {
        self.id = id
        self.description = description
        self.budget = budget
    }

    deinit {
        budget.release(description.byteCount + gathered.withLock { $0.capture?.byteCount ?? 0 })
    }

    /// The last tensor that a `capture` hook saw.
    package var lastCapture: Tensor? { gathered.withLock(\.capture) }

    /// What a `statistics` hook has counted; `nil` for other actions.
    package var statistics: TensorSummary? {
        guard case .statistics = description.action else { return nil }
        return gathered.withLock(\.summary)
    }

    /// Forgets what was gathered.
    package func reset() {
        let old = gathered.withLock { gathered in
            defer { gathered = Gathered() }
            return gathered.capture
        }
        budget.release(old?.byteCount ?? 0)
    }

    /// Keeps `tensor` as the last one, unless all hooks together would hold too much.
    func keep(_ tensor: Tensor) {
        guard budget.take(tensor.byteCount) else { return }
        let old = gathered.withLock { gathered in
            defer { gathered.capture = tensor }
            return gathered.capture
        }
        budget.release(old?.byteCount ?? 0)
    }

    func count(_ summary: TensorSummary) {
        gathered.withLock { $0.summary.merge(summary) }
    }
}

/// The bytes that registered hooks may hold together.
final class HookBudget: Sendable {
    let limit: Int
    private let used = Atomic<Int>(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Returns whether `bytes` more may be held, and counts them if so.
    func take(_ bytes: Int) -> Bool {
        let sum = used.add(bytes, ordering: .relaxed).newValue
        guard sum > limit else { return true }
        used.subtract(bytes, ordering: .relaxed)
        return false
    }

    /// Counts bytes that are held whatever the limit is.
    func takeAnyway(_ bytes: Int) {
        used.add(bytes, ordering: .relaxed)
    }

    func release(_ bytes: Int) {
        used.subtract(bytes, ordering: .relaxed)
    }
}

/// A hook as a client sees it.
package struct ListedHook: Sendable {
    /// The path of the module on which it runs, from the module that was asked; `nil` for a global one.
    package let module: String?
    /// The hook.
    package let record: HookRecord

    /// The number by which it is found.
    package var id: Int { record.id }

    /// What was asked for, with the path from the module that was asked.
    package var description: HookDescription {
        var description = record.description
        description.module = module ?? ""
        return description
    }
}
