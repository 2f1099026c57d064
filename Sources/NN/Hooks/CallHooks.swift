/// Hooks for one call, by the module on which they run.
///
/// They run after the module's own hooks, or before them with `prepend`, and after the global ones in any case.
/// The number that each is given names it in a trace.
public struct CallHooks: Sendable {
    private var early: [ObjectIdentifier: HookList] = [:]
    private var late: [ObjectIdentifier: HookList] = [:]
    /// Those on the values of nodes, before and after the nodes' own.
    private var nodes: [ObjectIdentifier: [String: (early: HookList, late: HookList)]] = [:]

    /// Creates an empty set of hooks.
    public init() {}

    /// Whether there is no hook.
    public var isEmpty: Bool { early.isEmpty && late.isEmpty && nodes.isEmpty }

    /// Adds `hook` to run before the `forward` of `module`.
    public mutating func addForwardPreHook(
        to module: Module,
        id: Int,
        prepend: Bool = false,
        _ hook: @escaping ForwardPreHook
    ) {
        change(module, prepend) { $0.forwardPre.insert(Hook(id: .call(id), body: .plain(hook)), atFront: prepend) }
    }

    /// Adds `hook` to run after the `forward` of `module`.
    public mutating func addForwardHook(
        to module: Module,
        id: Int,
        prepend: Bool = false,
        _ hook: @escaping ForwardHook
    ) {
        change(module, prepend) { $0.forward.insert(Hook(id: .call(id), body: .plain(hook)), atFront: prepend) }
    }

    /// Adds `hook` to run after the `forward` of `module`, and also when the call fails before its turn.
    public mutating func addAlwaysCalledForwardHook(
        to module: Module,
        id: Int,
        prepend: Bool = false,
        _ hook: @escaping AlwaysCalledForwardHook
    ) {
        change(module, prepend) { $0.forward.insert(Hook(id: .call(id), body: .alwaysCalled(hook)), atFront: prepend) }
    }

    /// Adds `hook`, which sees and replaces all arguments, to run before the `forward` of `module`.
    public mutating func addForwardPreHookWithKeywords(
        to module: Module,
        id: Int,
        prepend: Bool = false,
        _ hook: @escaping ForwardPreHookWithKeywords
    ) {
        change(module, prepend) {
            $0.forwardPre.insert(Hook(id: .call(id), body: .withKeywords(hook)), atFront: prepend)
        }
    }

    /// Adds `hook`, which sees all arguments and the whole output, to run after the `forward` of `module`.
    public mutating func addForwardHookWithKeywords(
        to module: Module,
        id: Int,
        prepend: Bool = false,
        _ hook: @escaping ForwardHookWithKeywords
    ) {
        change(module, prepend) { $0.forward.insert(Hook(id: .call(id), body: .withKeywords(hook)), atFront: prepend) }
    }

    /// Adds an always called `hook` that sees all arguments and the whole output.
    public mutating func addAlwaysCalledForwardHookWithKeywords(
        to module: Module,
        id: Int,
        prepend: Bool = false,
        _ hook: @escaping AlwaysCalledForwardHookWithKeywords
    ) {
        let hook = Hook(id: .call(id), body: ForwardBody.alwaysCalledWithKeywords(hook))
        change(module, prepend) { $0.forward.insert(hook, atFront: prepend) }
    }

    /// Adds `hook` to run on the way back through `module`, before the gradients of its inputs are computed.
    public mutating func addFullBackwardPreHook(
        to module: Module,
        id: Int,
        prepend: Bool = false,
        _ hook: @escaping FullBackwardPreHook
    ) {
        change(module, prepend) { $0.backwardPre.insert(Hook(id: .call(id), body: hook), atFront: prepend) }
    }

    /// Adds `hook` to run on the way back through `module`, when the gradients of its inputs are there.
    public mutating func addFullBackwardHook(
        to module: Module,
        id: Int,
        prepend: Bool = false,
        _ hook: @escaping BackwardHook
    ) {
        change(module, prepend) { $0.backward.insert(Hook(id: .call(id), body: hook), atFront: prepend) }
    }

    /// Adds `hook` to run on the value of `node` of the graph of `module`.
    public mutating func addForwardHook(
        toNode node: String,
        of module: GraphModule,
        id: Int,
        prepend: Bool = false,
        _ hook: @escaping ForwardHookWithKeywords
    ) {
        change(node, of: module, prepend) {
            $0.forward.insert(Hook(id: .call(id), body: .withKeywords(hook)), atFront: prepend)
        }
    }

    /// Adds `hook` to run on the gradient of the value of `node`.
    public mutating func addFullBackwardHook(
        toNode node: String,
        of module: GraphModule,
        id: Int,
        prepend: Bool = false,
        _ hook: @escaping BackwardHook
    ) {
        change(node, of: module, prepend) { $0.backward.insert(Hook(id: .call(id), body: hook), atFront: prepend) }
    }

    private mutating func change(
        _ node: String,
        of module: GraphModule,
        _ isEarly: Bool,
        _ body: (inout HookList) -> Void
    ) {
        var lists = nodes[ObjectIdentifier(module), default: [:]][node] ?? (HookList(), HookList())
        if isEarly { body(&lists.early) } else { body(&lists.late) }
        nodes[ObjectIdentifier(module), default: [:]][node] = lists
    }

    func nodes(of module: GraphModule) -> [String: (early: HookList, late: HookList)] {
        nodes.isEmpty ? [:] : nodes[ObjectIdentifier(module)] ?? [:]
    }

    private mutating func change(_ module: Module, _ isEarly: Bool, _ body: (inout HookList) -> Void) {
        if isEarly {
            body(&early[ObjectIdentifier(module), default: HookList()])
        } else {
            body(&late[ObjectIdentifier(module), default: HookList()])
        }
    }

    func early(for module: Module) -> HookList? { early.isEmpty ? nil : early[ObjectIdentifier(module)] }
    func late(for module: Module) -> HookList? { late[ObjectIdentifier(module)] }
}
