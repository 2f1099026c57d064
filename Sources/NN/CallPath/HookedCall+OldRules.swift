import Tensors

/// What PyTorch 1.0.1 does differently: what a pre-hook returns is ignored, a forward hook must return nothing, and a
/// table must not change while its hooks run.
extension HookedCall {
    var compatibility: Compatibility { context?.compatibility ?? .current }

    var isOld: Bool { compatibility == .torch1_0_1 }

    /// The module's own hooks of one kind, to be compared later; only the old rules need them.
    func snapshotOfOldRules<Body: Sendable>(_ kind: (HookList) -> [Hook<Body>]) -> [HookID] {
        guard isOld, let hooks = module.ownHooks else { return [] }
        return kind(hooks.current).map(\.id)
    }

    func checkUnchanged<Body: Sendable>(_ kind: (HookList) -> [Hook<Body>], since earlier: [HookID]) throws(ModuleError)
    {
        guard snapshotOfOldRules(kind) == earlier else { throw .hooksChangedWhileRunning }
    }
}
