extension Module {
    /// Adds `hook` to run before `forward`; after the global ones, and after this module's others unless `prepend`.
    @discardableResult
    public final func registerForwardPreHook(
        prepend: Bool = false,
        _ hook: @escaping ForwardPreHook
    ) -> HookHandle {
        ownHookAnchor.add(.forwardPre(hook), prepend: prepend)
    }

    /// Adds `hook`, which sees and replaces keyword arguments too, to run before `forward`.
    @discardableResult
    public final func registerForwardPreHookWithKeywords(
        prepend: Bool = false,
        _ hook: @escaping ForwardPreHookWithKeywords
    ) -> HookHandle {
        ownHookAnchor.add(.forwardPreWithKeywords(hook), prepend: prepend)
    }

    /// Adds `hook` to run after `forward`; after the global ones, and after this module's others unless `prepend`.
    @discardableResult
    public final func registerForwardHook(prepend: Bool = false, _ hook: @escaping ForwardHook) -> HookHandle {
        ownHookAnchor.add(.forward(hook), prepend: prepend)
    }

    /// Adds `hook`, which sees keyword arguments too, to run after `forward`.
    @discardableResult
    public final func registerForwardHookWithKeywords(
        prepend: Bool = false,
        _ hook: @escaping ForwardHookWithKeywords
    ) -> HookHandle {
        ownHookAnchor.add(.forwardWithKeywords(hook), prepend: prepend)
    }

    /// Adds `hook` to run after `forward`, and also when the call fails before the hook had its turn.
    ///
    /// In that case its output is what there is so far, what it returns is not used, and if it fails as well that is
    /// only a warning: the first error is the one that is thrown.
    @discardableResult
    public final func registerAlwaysCalledForwardHook(
        prepend: Bool = false,
        _ hook: @escaping AlwaysCalledForwardHook
    ) -> HookHandle {
        ownHookAnchor.add(.alwaysCalledForward(hook), prepend: prepend)
    }

    /// Adds an always called `hook` that sees keyword arguments too.
    @discardableResult
    public final func registerAlwaysCalledForwardHookWithKeywords(
        prepend: Bool = false,
        _ hook: @escaping AlwaysCalledForwardHookWithKeywords
    ) -> HookHandle {
        ownHookAnchor.add(.alwaysCalledForwardWithKeywords(hook), prepend: prepend)
    }

    /// Adds `hook` to run on the way back, before the gradients of the inputs are computed.
    @discardableResult
    public final func registerFullBackwardPreHook(
        prepend: Bool = false,
        _ hook: @escaping FullBackwardPreHook
    ) -> HookHandle {
        ownHookAnchor.add(.fullBackwardPre(hook), prepend: prepend)
    }

    /// Adds `hook` to run on the way back, when the gradients of the inputs are there.
    /// - Throws: `ModuleError.mixedBackwardHooks` when the module has old backward hooks.
    @discardableResult
    public final func registerFullBackwardHook(
        prepend: Bool = false,
        _ hook: @escaping BackwardHook
    ) throws(ModuleError) -> HookHandle {
        try ownHookAnchor.addBackward(hook, isFull: true, prepend: prepend)
    }

    /// Adds an old `hook`, which sees the gradients around the last operation of the call only.
    ///
    /// For a linear layer and a batch these are the gradients of bias, input and transposed weight. It is here because
    /// PyTorch has it; write `registerFullBackwardHook(prepend:_:)`.
    @discardableResult
    public final func registerBackwardHook(_ hook: @escaping BackwardHook) throws(ModuleError) -> HookHandle {
        try ownHookAnchor.addBackward(hook, isFull: false)
    }
}

extension Module {
    /// Removes the hook whose handle has `id` from this module or a node of its graph, and returns whether it was there.
    ///
    /// A copy of a module has its hooks under the same numbers, but handles reach the original only.
    @discardableResult
    public final func removeHook(_ id: Int) -> Bool {
        guard ownHooks.contains(.registered(id)) else { return removeNodeHook(id) }
        ownHooks.remove(.registered(id))
        return true
    }
}
