import Synchronization

/// Where the hooks of one call of one module come from, in the order in which they run: the global ones, then the
/// module's own between those of the call that go before and after them.
///
/// Each question is answered as things are at that moment: a pre-hook may well add a forward hook to this call. Most
/// calls have no context and no global hooks, and then the module's table is taken as it is.
enum HookSources {
    static func forwardPre(of module: Module, in context: CallContext?) -> [Hook<ForwardPreBody>] {
        let own = module.ownHooks.forwardPre
        guard context != nil || CallPath.needsAttention else { return own }
        let global = context?.globalHooks?.hooks.forwardPre ?? GlobalHooks.tables.forwardPre
        return joined(global, surrounded(own, of: module, in: context) { $0.forwardPre })
    }

    static func forward(of module: Module, in context: CallContext?) -> [Hook<ForwardBody>] {
        guard context != nil || CallPath.needsAttention else { return module.ownHooks.forward }
        return joined(globalForward(in: context), ownForward(of: module, in: context))
    }

    static func globalForward(in context: CallContext?) -> [Hook<ForwardBody>] {
        context?.globalHooks?.hooks.forward ?? GlobalHooks.tables.forward
    }

    static func ownForward(of module: Module, in context: CallContext?) -> [Hook<ForwardBody>] {
        surrounded(module.ownHooks.forward, of: module, in: context) { $0.forward }
    }

    /// The hooks of the way back; `nil` when there are none.
    static func backward(of module: Module, in context: CallContext?) -> BackwardHookList? {
        guard context != nil || CallPath.needsAttention else { return module.ownHooks.backward }
        let global = context?.globalHooks.map(\.hooks.backwardHooks) ?? GlobalHooks.tables.backward
        let early = joined(global, context?.hooks.early(for: module)?.backwardHooks)
        let own = joined(early, module.ownHooks.backward)
        return joined(own, context?.hooks.late(for: module)?.backwardHooks)
    }

    /// Returns a module's own hooks between those of the call.
    private static func surrounded<Body: Sendable>(
        _ own: [Hook<Body>],
        of module: Module,
        in context: CallContext?,
        by kind: (HookList) -> [Hook<Body>]
    ) -> [Hook<Body>] {
        guard let hooks = context?.hooks, !hooks.isEmpty else { return own }
        let early = hooks.early(for: module).map(kind) ?? []
        let late = hooks.late(for: module).map(kind) ?? []
        return joined(joined(early, own), late)
    }

    private static func joined<Body: Sendable>(_ first: [Hook<Body>], _ second: [Hook<Body>]) -> [Hook<Body>] {
        if first.isEmpty { return second }
        return second.isEmpty ? first : first + second
    }

    private static func joined(_ first: BackwardHookList?, _ second: BackwardHookList?) -> BackwardHookList? {
        guard var all = first, let second else { return first ?? second }
        if all.isEmpty { return second }
        all.append(second)
        return all
    }
}
