import Synchronization
import Tensors

/// The hooks on the nodes of one graph: forward hooks see and replace a node's value, backward hooks its gradient.
final class NodeHookTables: Sendable {
    private let lists: Mutex<[String: HookList]>
    /// Whether there are any, so that a call sees it without the lock.
    private let isFilled: Atomic<Bool>

    init(_ lists: [String: HookList] = [:]) {
        isFilled = Atomic(!lists.isEmpty)
        self.lists = Mutex(lists)
    }

    var isEmpty: Bool { !isFilled.load(ordering: .relaxed) }

    var current: [String: HookList] { isEmpty ? [:] : lists.withLock { $0 } }

    /// Removes the hook `id` from whatever node it is on, and returns whether there was one.
    func remove(_ id: HookID) -> Bool {
        lists.withLock { lists in
            guard let node = lists.first(where: { $0.value.contains(id) })?.key else { return false }
            lists[node]?.remove(id)
            if lists[node]?.isEmpty == true { lists[node] = nil }
            isFilled.store(!lists.isEmpty, ordering: .relaxed)
            return true
        }
    }

    func change(_ node: String, _ body: (inout HookList) -> Void) {
        lists.withLock { lists in
            body(&lists[node, default: HookList()])
            if lists[node]?.isEmpty == true { lists[node] = nil }
            isFilled.store(!lists.isEmpty, ordering: .relaxed)
        }
    }
}

extension GraphModule {
    /// Adds `hooks` to those on the value of `node`, under the numbers they have; before the others with `prepend`.
    ///
    /// Only forward and backward hooks run there.
    public func addHooks(_ hooks: HookSnapshot, toNode node: String, prepend: Bool = false) {
        nodeHooks.change(node) { $0.insert(hooks.hooks, atFront: prepend) }
    }

    /// Whether the graph has a node of that name whose value can be seen.
    public func hasNode(_ name: String) -> Bool {
        graph.nodes.contains { node in
            if case .output = node.operation { false } else { node.name == name }
        }
    }

    /// The hooks on nodes in this call: the module's own between those of the call; `nil` without any.
    func nodeHooks(in context: CallContext?) -> [String: HookList]? {
        let call = context?.hooks.nodes(ofGraph: self) ?? [:]
        guard !call.isEmpty || !nodeHooks.isEmpty else { return nil }
        var lists = nodeHooks.current
        for (node, (early, late)) in call {
            var list = early
            list.insert(lists[node] ?? HookList(), atFront: false)
            list.insert(late, atFront: false)
            lists[node] = list
        }
        return lists
    }

    /// Returns the value of a node as its hooks leave it.
    func run(_ hooks: HookList, on value: Value, _ context: CallContext?) throws -> Value {
        var value = value
        var inputs = HookInputs(Arguments(values: []))
        for hook in hooks.forward {
            let start = ContinuousClock.now
            if let replacement = try hook.body(self, &inputs, value) { value = replacement }
            context?.tracer?.recordHook(.forwardHook, hook.id, since: start)
        }
        guard !hooks.backward.isEmpty else { return value }
        let gradientHooks = hooks.backward.map { hook -> FullBackwardPreHook in
            { module, gradients in try hook.body(module, gradients, gradients) }
        }
        return BackwardBridge(module: self, pre: gradientHooks, full: [], isOfNode: true).closed(over: value)
    }
}

extension CallHooks {
    /// Adds `hook` to those on the value of `node` of the graph of `module`, where only forward and backward hooks run.
    public mutating func add(
        _ hook: ModuleHook,
        toNode node: String,
        of module: GraphModule,
        id: Int,
        prepend: Bool = false
    ) {
        add(hook, toNode: node, ofGraph: module, id: id, prepend: prepend)
    }
}
