/// The global hooks that one call keeps to.
///
/// `GlobalHooks.snapshot()` takes the process's; a server that keeps global hooks of its own builds one.
public struct HookSnapshot: Sendable {
    var hooks = HookList()

    /// Creates a snapshot without hooks.
    public init() {}

    init(hooks: HookList) {
        self.hooks = hooks
    }

    /// Whether there are no hooks.
    public var isEmpty: Bool { hooks.isEmpty }

    /// Adds `hook`, behind the others.
    public mutating func add(_ hook: ModuleHook, id: Int) {
        hooks.insert(hook, id: .registered(id), atFront: false)
    }
}

extension Module {
    /// Adds `hooks` to the module's own under the numbers they have; before the others with `prepend`.
    ///
    /// A number that `HookHandle.nextID()` gave stays clear of those that handles get.
    public final func addHooks(_ hooks: HookSnapshot, prepend: Bool = false) {
        ownHooks.change { $0.insert(hooks.hooks, atFront: prepend) }
    }
}
