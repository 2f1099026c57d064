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

    /// Adds `hook` to those on `module`.
    public mutating func add(_ hook: ModuleHook, to module: Module, id: Int, prepend: Bool = false) {
        let module = ObjectIdentifier(module)
        if prepend {
            early[module, default: HookList()].insert(hook, id: .call(id), atFront: true)
        } else {
            late[module, default: HookList()].insert(hook, id: .call(id), atFront: false)
        }
    }

    /// Adds `hook` to those on the value of `node` of a graph, whose module this is.
    mutating func add(_ hook: ModuleHook, toNode node: String, ofGraph module: Module, id: Int, prepend: Bool) {
        var lists = nodes[ObjectIdentifier(module), default: [:]][node] ?? (HookList(), HookList())
        if prepend {
            lists.early.insert(hook, id: .call(id), atFront: true)
        } else {
            lists.late.insert(hook, id: .call(id), atFront: false)
        }
        nodes[ObjectIdentifier(module), default: [:]][node] = lists
    }

    func nodes(ofGraph module: Module) -> [String: (early: HookList, late: HookList)] {
        nodes.isEmpty ? [:] : nodes[ObjectIdentifier(module)] ?? [:]
    }

    func early(for module: Module) -> HookList? { early.isEmpty ? nil : early[ObjectIdentifier(module)] }
    func late(for module: Module) -> HookList? { late[ObjectIdentifier(module)] }
}
