import Tensors

/// The one way in which hooks of every kind come into tables, whether a module's own, the global ones or a call's.
extension HookTables {
    func addForwardPre(prepend: Bool, takesKeywords: Bool, _ body: @escaping ForwardPreBody) -> HookHandle {
        add { id, hooks in
            hooks.forwardPre.insert(Hook(id: id, body: body, takesKeywords: takesKeywords), atFront: prepend)
        }
    }

    func addForward(
        prepend: Bool,
        takesKeywords: Bool,
        isAlwaysCalled: Bool,
        _ body: @escaping ForwardBody
    ) -> HookHandle {
        add { id, hooks in
            let hook = Hook(id: id, body: body, takesKeywords: takesKeywords, isAlwaysCalled: isAlwaysCalled)
            hooks.forward.insert(hook, atFront: prepend)
        }
    }

    func addBackwardPre(prepend: Bool, _ body: @escaping FullBackwardPreHook) -> HookHandle {
        add { id, hooks in hooks.backwardPre.insert(Hook(id: id, body: body), atFront: prepend) }
    }

    func addBackward(prepend: Bool, isFull: Bool, _ body: @escaping BackwardHook)
        throws(ModuleError) -> HookHandle
    {
        try add { id, hooks throws(ModuleError) in
            try hooks.addBackward(Hook(id: id, body: body), isFull: isFull, prepend: prepend)
        }
    }
}

/// The signatures that users write, as the one signature that tables hold.
enum HookBody {
    static func forwardPre(_ hook: @escaping ForwardPreHook) -> ForwardPreBody {
        { module, arguments in
            try hook(module, arguments.positional).map { Arguments($0, keyword: arguments.keyword) }
        }
    }

    static func forward(_ hook: @escaping ForwardHook) -> ForwardBody {
        { module, arguments, output in try output.flatMap { try hook(module, arguments.positional, $0) } }
    }

    static func forward(_ hook: @escaping ForwardHookWithKeywords) -> ForwardBody {
        { module, arguments, output in try output.flatMap { try hook(module, arguments, $0) } }
    }

    static func alwaysCalled(_ hook: @escaping AlwaysCalledForwardHook) -> ForwardBody {
        { module, arguments, output in try hook(module, arguments.positional, output) }
    }
}
