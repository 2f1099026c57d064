import Synchronization

/// The hooks of one module, or the global ones, as they come and go while calls run.
///
/// A call takes a copy of a table before it runs the hooks in it: a hook that is added or removed meanwhile counts from
/// the next call on. Handles may be removed on any thread, therefore the lock; no hook runs under it.
final class HookTables: Sendable {
    private let hooks: Mutex<HookList>
    /// The number of hooks, so that a call sees without the lock that there are none.
    private let count: Atomic<Int>
    /// Whether calls everywhere must look for these hooks.
    private let isGlobal: Bool

    init(_ hooks: HookList = HookList(), isGlobal: Bool = false) {
        self.hooks = Mutex(hooks)
        count = Atomic(hooks.count)
        self.isGlobal = isGlobal
    }

    var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }

    var current: HookList { hooks.withLock { $0 } }

    /// Makes a change under the lock.
    func change<Failure: Error>(_ body: (inout HookList) throws(Failure) -> Void) throws(Failure) {
        try hooks.withLock { hooks throws(Failure) in
            let before = hooks.count
            try body(&hooks)
            count.store(hooks.count, ordering: .relaxed)
            if isGlobal { CallPath.attention.add(hooks.count - before, ordering: .relaxed) }
        }
    }

    /// Adds what `body` makes of a new handle's id.
    func add<Failure: Error>(
        _ body: (HookID, inout HookList) throws(Failure) -> Void
    ) throws(Failure) -> HookHandle {
        let handle = HookHandle(table: self)
        try change { hooks throws(Failure) in try body(.registered(handle.id), &hooks) }
        return handle
    }

    func remove(_ id: HookID) {
        change { $0.remove(id) }
    }

    func contains(_ id: HookID) -> Bool {
        hooks.withLock { $0.contains(id) }
    }
}
