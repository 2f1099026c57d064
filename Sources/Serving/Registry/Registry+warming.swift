import HashTreeCollections
import Metrics
import Store
import Synchronization

/// When modules of a store are loaded.
package enum Warming: String, Sendable, CaseIterable {
    /// When they are needed.
    case none
    /// One by one while there is nothing else to do.
    case background
    /// Before the server is ready.
    case all
}

extension Registry {
    /// How long to look whether calls still come.
    private static let pause = Duration.milliseconds(20)

    /// Loads cold modules one by one while no calls come, until memory is full or the task is cancelled.
    package func warmInBackground() async {
        var answered = metrics.answered.value
        for name in namesToWarm {
            while metrics.answered.value != answered || computeQueue.level.calls > 0 {
                answered = metrics.answered.value
                guard (try? await Task.sleep(for: Self.pause)) != nil else { return }
            }
            guard !Task.isCancelled, await warm(name) else { return }
        }
    }

    /// Loads all modules but damaged ones, some at a time, until memory is full or the task is cancelled.
    package func warmAll(atOnce width: Int) async {
        var names = namesToWarm[...]
        await withTaskGroup(of: Bool.self) { group in
            for name in names.prefix(max(1, width)) { group.addTask { await self.warm(name) } }
            names = names.dropFirst(max(1, width))
            while let hasRoom = await group.next() {
                guard hasRoom, !Task.isCancelled, let name = names.popFirst() else { continue }
                group.addTask { await self.warm(name) }
            }
        }
    }

    /// The names of cold modules: those first that were called last before the last stop, then by name.
    private var namesToWarm: [String] {
        let state = state.withLock { $0 }
        guard state.coldCount > 0, let store else { return [] }
        let recent = store.hint.filter { state.entries[$0]?.current.cold != nil }
        let known = Set(recent)
        let names = state.list.entries().map(\.name)
        return recent + names.filter { !known.contains($0) && state.entries[$0]?.current.cold != nil }
    }

    /// Loads the current version of `name`, after what it refers to, if there is room beside what is in memory.
    /// - Returns: Whether there was room.
    private func warm(_ name: String) async -> Bool {
        guard let store, let cold = state.withLock({ $0.entries[name]?.current.cold }) else { return true }
        for target in cold.references.keys.sorted() where await !warm(target) { return false }
        let stored = try? await build(ofBytes: 0) { try StoredModule(cold, in: store) }
        let isTooLarge = state.withLock { state in
            let taken = saturatingSum(state.byteCount, state.reserved.byteCount)
            return saturatingSum(taken, stored?.byteCount ?? 0) > limits.maxBytes
        }
        guard !isTooLarge else { return false }
        // Damage is noted, and whoever needs the module hears of anything else.
        _ = try? await load(cold)
        return true
    }

    /// Keeps the names of the modules that were called last for the next start.
    package func keepHint() {
        guard let store else { return }
        let state = state.withLock { $0 }
        let calls = state.warmNames.map { name in
            (
                name: name,
                last: state.entries[name]?.versions.compactMap(\.moduleVersion?.callStatistics.lastCall).max() ?? 0
            )
        }
        let called = calls.filter { $0.last > 0 }.sorted { ($0.last, $1.name) > ($1.last, $0.name) }
        if !called.isEmpty { store.keepHint(called.map(\.name)) }
    }
}
