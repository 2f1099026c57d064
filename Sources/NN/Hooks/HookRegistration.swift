/// The one way in which hooks come into tables that have handles: a module's own, and the global ones.
extension HookAnchor {
    func add(_ hook: ModuleHook, prepend: Bool = false) -> HookHandle {
        add { id, hooks in hooks.insert(hook, id: id, atFront: prepend) }
    }

    /// Adds a backward hook, full or old.
    /// - Throws: `ModuleError.mixedBackwardHooks` when there are some of the other kind.
    func addBackward(
        _ hook: @escaping BackwardHook,
        isFull: Bool,
        prepend: Bool = false
    ) throws(ModuleError) -> HookHandle {
        try add { id, hooks throws(ModuleError) in
            try hooks.settleBackward(isFull: isFull, isGlobal: tables.isGlobal)
            hooks.insert(.fullBackward(hook), id: id, atFront: prepend)
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
