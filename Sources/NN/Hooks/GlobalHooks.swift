/// Hooks that run for every module of the process, before each module's own.
///
/// A server gives each call one `snapshot()`; outside of a `CallContext` that carries one, calls see these hooks live.
public enum GlobalHooks {
    static let tables = HookTables(isGlobal: true)
    private static let anchor = HookAnchor(tables)

    /// Returns the hooks that are registered now, for one call to keep to.
    public static func snapshot() -> HookSnapshot {
        HookSnapshot(hooks: tables.current)
    }

    /// Adds `hook` to run before every `forward`.
    @discardableResult
    public static func registerForwardPreHook(_ hook: @escaping ForwardPreHook) -> HookHandle {
        anchor.add(.forwardPre(hook))
    }

    /// Adds `hook` to run after every `forward`.
    @discardableResult
    public static func registerForwardHook(_ hook: @escaping ForwardHook) -> HookHandle {
        anchor.add(.forward(hook))
    }

    /// Adds `hook`, which sees keyword arguments too, to run after every `forward`.
    @discardableResult
    public static func registerForwardHookWithKeywords(_ hook: @escaping ForwardHookWithKeywords) -> HookHandle {
        anchor.add(.forwardWithKeywords(hook))
    }

    /// Adds `hook` to run after every `forward`, and also when the call fails before the hook had its turn.
    @discardableResult
    public static func registerAlwaysCalledForwardHook(_ hook: @escaping AlwaysCalledForwardHook) -> HookHandle {
        anchor.add(.alwaysCalledForward(hook))
    }

    /// Adds an always called `hook` that sees keyword arguments too, except on the way of an error, as in PyTorch.
    @discardableResult
    public static func registerAlwaysCalledForwardHookWithKeywords(
        _ hook: @escaping AlwaysCalledForwardHookWithKeywords
    ) -> HookHandle {
        anchor.add(.alwaysCalledForwardWithKeywords(hook))
    }

    /// Adds `hook` to run on the way back through every module, before the gradients of its inputs are computed.
    @discardableResult
    public static func registerFullBackwardPreHook(_ hook: @escaping FullBackwardPreHook) -> HookHandle {
        anchor.add(.fullBackwardPre(hook))
    }

    /// Adds `hook` to run on the way back through every module, when the gradients of its inputs are there.
    /// - Throws: `ModuleError.mixedBackwardHooks` when there are old global backward hooks.
    @discardableResult
    public static func registerFullBackwardHook(_ hook: @escaping BackwardHook) throws(ModuleError) -> HookHandle {
        try anchor.addBackward(hook, isFull: true)
    }

    /// Adds an old `hook`, which sees the gradients around the last operation of each call only.
    @discardableResult
    public static func registerBackwardHook(_ hook: @escaping BackwardHook) throws(ModuleError) -> HookHandle {
        try anchor.addBackward(hook, isFull: false)
    }
}
