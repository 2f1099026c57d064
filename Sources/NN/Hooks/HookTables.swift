import Synchronization

/// The hooks of one module, or the global ones, as they come and go while calls run.
///
/// A call takes a copy of a table before it runs the hooks in it: a hook that is added or removed meanwhile counts from
/// the next call on. Handles may be removed on any thread, therefore the lock; no hook runs under it.
final class HookTables: Sendable {
    private let hooks: Mutex<HookList>
    /// The sizes of the tables, so that a call sees without the lock which of them are empty.
    private let forwardPreCount: Atomic<Int>
    private let forwardCount: Atomic<Int>
    private let backwardCount: Atomic<Int>
    /// Whether calls everywhere must look for these hooks.
    let isGlobal: Bool

    init(_ hooks: HookList = HookList(), isGlobal: Bool = false) {
        self.hooks = Mutex(hooks)
        forwardPreCount = Atomic(hooks.forwardPre.count)
        forwardCount = Atomic(hooks.forward.count)
        backwardCount = Atomic(hooks.backwardPre.count + hooks.backward.count)
        self.isGlobal = isGlobal
    }

    var isEmpty: Bool {
        forwardCount.load(ordering: .relaxed) == 0 && forwardPreCount.load(ordering: .relaxed) == 0
            && backwardCount.load(ordering: .relaxed) == 0
    }

    var hasOnlyForward: Bool {
        forwardPreCount.load(ordering: .relaxed) == 0 && backwardCount.load(ordering: .relaxed) == 0
    }

    var current: HookList { hooks.withLock { $0 } }

    var forwardPre: [Hook<ForwardPreBody>] {
        forwardPreCount.load(ordering: .relaxed) == 0 ? [] : hooks.withLock { $0.forwardPre }
    }

    var forward: [Hook<ForwardBody>] {
        forwardCount.load(ordering: .relaxed) == 0 ? [] : hooks.withLock { $0.forward }
    }

    var backward: BackwardHookList? {
        backwardCount.load(ordering: .relaxed) == 0 ? nil : hooks.withLock { $0.backwardHooks }
    }

    /// Makes a change under the lock.
    func change<Failure: Error>(_ body: (inout HookList) throws(Failure) -> Void) throws(Failure) {
        try hooks.withLock { hooks throws(Failure) in
            let before = hooks.count
            try body(&hooks)
            forwardPreCount.store(hooks.forwardPre.count, ordering: .relaxed)
            forwardCount.store(hooks.forward.count, ordering: .relaxed)
            backwardCount.store(hooks.backwardPre.count + hooks.backward.count, ordering: .relaxed)
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
