import Synchronization

/// The switch that keeps a call without hooks as cheap as PyTorch's fast path.
enum CallPath {
    /// How many things there are in the process for which a call must look beyond its module's own hooks: global
    /// hooks, and contexts that run with a tracer, with hooks, or under the rules of an old version.
    ///
    /// Relaxed is enough: who makes a change and then calls sees it on its own thread, and a call that runs beside a
    /// change may come before it.
    static let attention = Atomic<Int>(0)

    static var needsAttention: Bool { attention.load(ordering: .relaxed) != 0 }
}
