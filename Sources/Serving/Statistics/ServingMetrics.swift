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
        computeTime = registry.histogram("callpath_compute_seconds", "Time that products of calls took.")
        queueTime = registry.histogram("callpath_queue_wait_seconds", "Time that calls waited in the compute queue.")
        batchRows = registry.histogram(
            "callpath_batch_rows",
            "Rows of each product.",
            bounds: Histogram.sizeBounds
        )
        joinedCalls = registry.counter("callpath_joined_calls_total", "Calls that shared a product with others.")
        hookCalls = registry.counter("callpath_hook_calls_total", "Times that a hook ran.")
        commitTime =
            hasStore ? registry.histogram("callpath_store_commit_seconds", "Time of commits of the store.") : nil
        coldLoadTime =
            hasStore ? registry.histogram("callpath_cold_load_seconds", "Time of loads of cold modules.") : nil
        storedChanges =
            hasStore ? registry.counter("callpath_store_changes_total", "Changes that the store took.") : nil
    }
}

extension Registry {
    /// Shows in `registry` what this one holds at the moment.
    package func addGauges(to registry: MetricsRegistry) {
        registry.gauge("callpath_modules", "Registered modules.") { [weak self] in self.map { Double($0.facts.modules) }
        }
        registry.gauge("callpath_registry_revision", "Changes of the registry so far.") { [weak self] in
            self.map { Double($0.facts.revision) }
        }
        if store != nil { addStoreGauges(to: registry) }
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

    private func addSharedStoreGauges(to registry: MetricsRegistry) {
        registry.gauge("callpath_store_lag_seconds", "Time since the last look at the store that succeeded.") {
            [weak self] in
            guard let age = self?.contact?.age else { return nil }
            return age / .seconds(1)
        }
        registry.counter("callpath_store_retries_total", "Changes built again, since others were faster.") {
            [weak self] in
            Double(self?.contact?.retries ?? 0)
        }
        registry.counter("callpath_store_resyncs_total", "Looks at all that is in the store.") { [weak self] in
            Double(self?.contact?.fullLooks ?? 0)
        }
        registry.counter("callpath_store_lost_total", "Times that the store had lost changes.") { [weak self] in
            Double(self?.contact?.losses ?? 0)
        }
    }

    private func addStoreGauges(to registry: MetricsRegistry) {
        registry.gauge("callpath_store_up", "Whether the store can be read.") { [weak self] in
            self.map { $0.shared == nil || $0.isWritable ? 1 : 0 }
        }
        if shared != nil { addSharedStoreGauges(to: registry) }
        registry.gauge("callpath_store_writable", "Whether the store takes changes.") { [weak self] in
            self.map { $0.isWritable ? 1 : 0 }
        }
        registry.gauge("callpath_store_bytes", "Bytes of the store's files.") { [weak self] in
            guard let self else { return nil }
            // A database is never waited for here.
            if let contact = self.contact { return contact.byteCount.map(Double.init) }
            return (try? self.store?.byteCount()).map(Double.init)
        }
        registry.gauge("callpath_cold_modules", "Modules whose tensors are not in memory.") { [weak self] in
            self.map { Double($0.facts.coldModules) }
        }
        registry.gauge("callpath_damaged_modules", "Modules that cannot be read from the store.") { [weak self] in
            self.map { Double($0.state.withLock { $0.damaged.count }) }
        }
    }
}
