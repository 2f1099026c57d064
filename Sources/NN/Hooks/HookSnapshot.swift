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

    /// Adds `hook` to run before every `forward`.
    public mutating func addForwardPreHook(id: Int, _ hook: @escaping ForwardPreHook) {
        hooks.forwardPre.append(Hook(id: .registered(id), body: .plain(hook)))
    }

    /// Adds `hook` to run after every `forward`.
    public mutating func addForwardHook(id: Int, _ hook: @escaping ForwardHook) {
        hooks.forward.append(Hook(id: .registered(id), body: .plain(hook)))
    }

    /// Adds `hook` to run after every `forward`, and also when the call fails before the hook had its turn.
    public mutating func addAlwaysCalledForwardHook(id: Int, _ hook: @escaping AlwaysCalledForwardHook) {
        hooks.forward.append(
            Hook(id: .registered(id), body: .alwaysCalled(hook))
        )
    }

    /// Adds `hook`, which sees and replaces all arguments, to run before every `forward`.
    public mutating func addForwardPreHookWithKeywords(id: Int, _ hook: @escaping ForwardPreHookWithKeywords) {
        hooks.forwardPre.append(Hook(id: .registered(id), body: .withKeywords(hook)))
    }

    /// Adds `hook`, which sees all arguments and the whole output, to run after every `forward`.
    public mutating func addForwardHookWithKeywords(id: Int, _ hook: @escaping ForwardHookWithKeywords) {
        hooks.forward.append(Hook(id: .registered(id), body: .withKeywords(hook)))
    }

    /// Adds an always called `hook` that sees all arguments and the whole output.
    public mutating func addAlwaysCalledForwardHookWithKeywords(
        id: Int,
        _ hook: @escaping AlwaysCalledForwardHookWithKeywords
    ) {
        hooks.forward.append(Hook(id: .registered(id), body: .alwaysCalledWithKeywords(hook)))
    }

    /// Adds `hook` to run on the way back through every module, before the gradients of its inputs are computed.
    public mutating func addFullBackwardPreHook(id: Int, _ hook: @escaping FullBackwardPreHook) {
        hooks.backwardPre.append(Hook(id: .registered(id), body: hook))
    }

    /// Adds `hook` to run on the way back through every module, when the gradients of its inputs are there.
    public mutating func addFullBackwardHook(id: Int, _ hook: @escaping BackwardHook) {
        hooks.backward.append(Hook(id: .registered(id), body: hook))
    }
}

extension Module {
    /// Adds `hooks` to the module's own under the numbers they have; before the others with `prepend`.
    ///
    /// A number that `HookHandle.nextID()` gave stays clear of those that handles get.
    public final func addHooks(_ hooks: HookSnapshot, prepend: Bool = false) {
        ownHooks.change { own in
            for hook in hooks.hooks.forwardPre { own.forwardPre.insert(hook, atFront: prepend) }
            for hook in hooks.hooks.forward { own.forward.insert(hook, atFront: prepend) }
            for hook in hooks.hooks.backwardPre { own.backwardPre.insert(hook, atFront: prepend) }
            for hook in hooks.hooks.backward { own.backward.insert(hook, atFront: prepend) }
        }
    }
}
