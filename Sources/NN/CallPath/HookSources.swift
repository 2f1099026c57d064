/// The hooks that concern one call of one module, in the order in which they run.
struct HookSources {
    let global: HookList
    /// The module's own hooks, between those of the call that go before and after them.
    let own: [HookList]

    /// Takes the hooks as they are now.
    init(for module: Module, in context: CallContext?) {
        global = context?.globalHooks?.hooks ?? GlobalHooks.tables.current
        var own: [HookList] = []
        if let early = context?.hooks.early(for: module) { own.append(early) }
        if let hooks = module.ownHooks { own.append(hooks.current) }
        if let late = context?.hooks.late(for: module) { own.append(late) }
        self.own = own
    }

    func all<Body: Sendable>(_ kind: (HookList) -> [Hook<Body>]) -> [Hook<Body>] {
        own.reduce(kind(global)) { $0.isEmpty ? kind($1) : $0 + kind($1) }
    }
}
