/// The one way in which hooks come into tables that have handles: a module's own, and the global ones.
extension HookAnchor {
    func add(_ body: ForwardPreBody, prepend: Bool) -> HookHandle {
        add { id, hooks in hooks.forwardPre.insert(Hook(id: id, body: body), atFront: prepend) }
    }

    func add(_ body: ForwardBody, prepend: Bool) -> HookHandle {
        add { id, hooks in hooks.forward.insert(Hook(id: id, body: body), atFront: prepend) }
    }

    func addBackwardPre(prepend: Bool, _ body: @escaping FullBackwardPreHook) -> HookHandle {
        add { id, hooks in hooks.backwardPre.insert(Hook(id: id, body: body), atFront: prepend) }
    }

    func addBackward(
        prepend: Bool,
        isFull: Bool,
        _ body: @escaping BackwardHook
    ) throws(ModuleError) -> HookHandle {
        try add { id, hooks throws(ModuleError) in
            try hooks.addBackward(
                Hook(id: id, body: body),
                isFull: isFull,
                isGlobal: tables.isGlobal,
                prepend: prepend
            )
        }
    }

    /// Adds what `body` makes of a new handle's id.
    private func add<Failure: Error>(
        _ body: (HookID, inout HookList) throws(Failure) -> Void
    ) throws(Failure) -> HookHandle {
        let handle = HookHandle(anchor: self)
        try tables.change { hooks throws(Failure) in try body(.registered(handle.id), &hooks) }
        return handle
    }
}
