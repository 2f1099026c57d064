import HashTreeCollections
package import Metrics
import Store
import Synchronization

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
