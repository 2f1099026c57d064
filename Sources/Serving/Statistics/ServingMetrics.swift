package import Metrics

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
    /// The time of products.
    let computeTime: Histogram
    /// The time that calls waited in the compute queue.
    let queueTime: Histogram
    /// Rows of each product.
    let batchRows: Histogram
    /// Calls that shared a product with others.
    let joinedCalls: Counter
    /// Times that a hook ran.
    let hookCalls: Counter

    /// Creates the metrics, and shows them in `registry` if there is one.
    package init(in registry: MetricsRegistry? = nil) {
        let registry = registry ?? MetricsRegistry()
        let calls = registry.counters(
            "callpath_module_calls_total",
            "Calls of modules by how they ended.",
            labels: ["outcome"]
        )
        (answered, failed) = (calls["ok"], calls["error"])
        (refused, dropped) = (calls["refused"], calls["dropped"])
        computeTime = registry.histogram("callpath_compute_seconds", "Time that products of calls took.")
        queueTime = registry.histogram("callpath_queue_wait_seconds", "Time that calls waited in the compute queue.")
        batchRows = registry.histogram(
            "callpath_batch_rows",
            "Rows of each product.",
            bounds: Histogram.sizeBounds
        )
        joinedCalls = registry.counter("callpath_joined_calls_total", "Calls that shared a product with others.")
        hookCalls = registry.counter("callpath_hook_calls_total", "Times that a hook ran.")
    }
}

extension Registry {
    /// Shows in `registry` what this one holds at the moment.
    package func addGauges(to registry: MetricsRegistry) {
        registry.gauge("callpath_modules", "Registered modules.") { [weak self] in self.map { Double($0.facts.modules) }
        }
        registry.gauge("callpath_registry_bytes", "Bytes of modules: objects, parameters, buffers and packed weights.")
        { [weak self] in
            self.map { Double($0.facts.byteCount) }
        }
        registry.gauge("callpath_queue_calls", "Calls waiting in the compute queue.") { [weak self] in
            self.map { Double($0.facts.queuedCalls) }
        }
        registry.gauge("callpath_queue_bytes", "Bytes of inputs waiting in the compute queue.") { [weak self] in
            self.map { Double($0.facts.queuedBytes) }
        }
        registry.gauge("callpath_event_listeners", "Listeners to events.") { [weak self] in
            self.map { Double($0.events.listenerCount) }
        }
    }
}
