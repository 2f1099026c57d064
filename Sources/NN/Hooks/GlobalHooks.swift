/// Hooks that run for every module of the process, before each module's own.
///
/// A server gives each call one `snapshot()`; outside of a `CallContext` that carries one, calls see these hooks live.
public enum GlobalHooks {
    static let tables = HookTables(isGlobal: true)

    /// Returns the hooks that are registered now, for one call to keep to.
    public static func snapshot() -> HookSnapshot {
        HookSnapshot(hooks: tables.current)
    }

    /// Adds `hook` to run before every `forward`.
    @discardableResult
    public static func registerForwardPreHook(_ hook: @escaping ForwardPreHook) -> HookHandle {
        tables.addForwardPre(prepend: false, takesKeywords: false, HookBody.forwardPre(hook))
    }

    /// Adds `hook` to run after every `forward`.
    @discardableResult
    public static func registerForwardHook(_ hook: @escaping ForwardHook) -> HookHandle {
        tables.addForward(prepend: false, takesKeywords: false, isAlwaysCalled: false, HookBody.forward(hook))
    }

    /// Adds `hook`, which sees keyword arguments too, to run after every `forward`.
    @discardableResult
    public static func registerForwardHookWithKeywords(_ hook: @escaping ForwardHookWithKeywords) -> HookHandle {
        tables.addForward(prepend: false, takesKeywords: true, isAlwaysCalled: false, HookBody.forward(hook))
    }

    /// Adds `hook` to run after every `forward`, and also when the call fails before the hook had its turn.
    @discardableResult
    public static func registerAlwaysCalledForwardHook(_ hook: @escaping AlwaysCalledForwardHook) -> HookHandle {
        tables.addForward(
            prepend: false,
            takesKeywords: false,
            isAlwaysCalled: true,
            HookBody.alwaysCalled(hook)
        )
    }

    /// Adds an always called `hook` that sees keyword arguments too, except on the way of an error, as in PyTorch.
    @discardableResult
    public static func registerAlwaysCalledForwardHookWithKeywords(
        _ hook: @escaping AlwaysCalledForwardHookWithKeywords
    ) -> HookHandle {
        tables.addForward(prepend: false, takesKeywords: true, isAlwaysCalled: true, hook)
    }

    /// Adds `hook` to run on the way back through every module, before the gradients of its inputs are computed.
    @discardableResult
    public static func registerFullBackwardPreHook(_ hook: @escaping FullBackwardPreHook) -> HookHandle {
        tables.addBackwardPre(prepend: false, hook)
    }

    /// Adds `hook` to run on the way back through every module, when the gradients of its inputs are there.
    /// - Throws: `ModuleError.mixedBackwardHooks` when there are old global backward hooks.
    @discardableResult
    public static func registerFullBackwardHook(_ hook: @escaping BackwardHook) throws(ModuleError) -> HookHandle {
        try tables.addBackward(prepend: false, isFull: true, hook)
    }

    /// Adds an old `hook`, which sees the gradients around the last operation of each call only.
    @discardableResult
    public static func registerBackwardHook(_ hook: @escaping BackwardHook) throws(ModuleError) -> HookHandle {
        try tables.addBackward(prepend: false, isFull: false, hook)
    }
}
