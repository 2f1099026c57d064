import Synchronization

/// The hooks of one module, or the global ones, as they come and go while calls run.
///
/// A call takes a copy of a table before it runs the hooks in it: a hook that is added or removed meanwhile counts from
/// the next call on. Handles may be removed on any thread, therefore the lock; no hook runs under it.
final class HookTables: Sendable {
    private let hooks: Mutex<HookList>
    /// Which tables have hooks, so that a call sees it in one look and without the lock.
    private let filled: Atomic<UInt8>
    /// Whether calls everywhere must look for these hooks.
    let isGlobal: Bool

    init(_ hooks: HookList = HookList(), isGlobal: Bool = false) {
        self.hooks = Mutex(hooks)
        filled = Atomic(hooks.kinds.rawValue)
        self.isGlobal = isGlobal
    }

    private var kinds: HookKinds { HookKinds(rawValue: filled.load(ordering: .relaxed)) }

    var isEmpty: Bool { kinds.isEmpty }

    /// Whether there are forward hooks and no others, as nearly always when there are any.
    var hasOnlyForward: Bool { kinds == .forward }

    var current: HookList { hooks.withLock { $0 } }

    var forwardPre: [Hook<ForwardPreBody>] {
        kinds.contains(.forwardPre) ? hooks.withLock { $0.forwardPre } : []
    }

    var forward: [Hook<ForwardBody>] {
        kinds.contains(.forward) ? hooks.withLock { $0.forward } : []
    }

    var backward: BackwardHookList? {
        kinds.contains(.backward) ? hooks.withLock { $0.backwardHooks } : nil
    }

    /// Makes a change under the lock.
    func change<Failure: Error>(_ body: (inout HookList) throws(Failure) -> Void) throws(Failure) {
        try hooks.withLock { hooks throws(Failure) in
            let before = hooks.count
            try body(&hooks)
            filled.store(hooks.kinds.rawValue, ordering: .relaxed)
            if isGlobal { CallPath.attention.add(hooks.count - before, ordering: .relaxed) }
        }
    }

    func remove(_ id: HookID) {
        change { $0.remove(id) }
    }

    func contains(_ id: HookID) -> Bool {
        hooks.withLock { $0.contains(id) }
    }
}
