import HashTreeCollections
package import Metrics
import Store
import Synchronization

/// What a registry counts for the whole process.
package struct ServingMetrics: Sendable {
    /// Calls that gave an answer.
    let answered: Counter
    /// Calls that failed.
    let failed: Counter
    /// Calls for which the queue had no room or no time.
    let refused: Counter
    /// Calls whose client went away.
    let dropped: Counter
    /// The time of batches.
    let computeTime: Histogram
    /// The time that calls waited in the compute queue.
    let queueTime: Histogram
    /// Rows of each batch.
    let batchRows: Histogram
    /// Calls that shared a batch with others.
    let joinedCalls: Counter
    /// Times that a hook ran.
    let hookCalls: Counter
    /// The time of commits of the store; `nil` without one.
    let commitTime: Histogram?
    /// Changes that the store took.
    let storedChanges: Counter?
    /// The time of loads of cold modules.
    let coldLoadTime: Histogram?

    /// Creates the metrics, and shows them in `registry` if there is one.
    package init(in registry: MetricsRegistry? = nil, hasStore: Bool = false) {
        let registry = registry ?? MetricsRegistry()
        let calls = registry.counters(
            "callpath_module_calls_total",
            "Calls of modules by how they ended.",
            labels: ["outcome"]
        )
        (answered, failed) = (calls["ok"], calls["error"])
        (refused, dropped) = (calls["refused"], calls["dropped"])
        computeTime = registry.histogram("callpath_compute_seconds", "Time that batches of calls took.")
        queueTime = registry.histogram("callpath_queue_wait_seconds", "Time that calls waited in the compute queue.")
        batchRows = registry.histogram(
            "callpath_batch_rows",
            "Rows of each batch.",
            bounds: Histogram.sizeBounds
        )
        joinedCalls = registry.counter("callpath_joined_calls_total", "Calls that shared a batch with others.")
        hookCalls = registry.counter("callpath_hook_calls_total", "Times that a hook ran.")
        commitTime =
            hasStore ? registry.histogram("callpath_store_commit_seconds", "Time of commits of the store.") : nil
        coldLoadTime =
            hasStore ? registry.histogram("callpath_cold_load_seconds", "Time of loads of cold modules.") : nil
        storedChanges =
            hasStore ? registry.counter("callpath_store_changes_total", "Changes that the store took.") : nil
    }
}
