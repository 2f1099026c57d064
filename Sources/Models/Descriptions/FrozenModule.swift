package import NN

/// A module tree that nobody changes any more.
///
/// Unchecked, because `Module` is a mutable object without a lock. What makes it safe to share:
/// - whoever freezes a tree has built or copied it alone, and gives up every way to change it;
/// - the registry changes copies only, before it freezes them, and one change at a time;
/// - calls run in a `CallContext` that is frozen, in which modules leave their own state alone;
/// - what does change under a call has its own lock: hook tables, what hooks gather, a weight's packed form.
package struct FrozenModule: @unchecked Sendable {
    package let module: Module

    package init(_ module: Module) {
        self.module = module
    }
}
