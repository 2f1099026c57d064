import Synchronization
import Tensors

/// The hooks that concern the way back through one call, collected when the call begins.
struct BackwardHooks {
    private let module: Module
    private let pre: [Hook<FullBackwardPreHook>]
    private let full: [Hook<BackwardHook>]
    private let old: [Hook<BackwardHook>]

    init(of module: Module, in context: CallContext?) {
        let sources = HookSources(for: module, in: context)
        self.module = module
        pre = sources.all(\.backwardPre)
        full = sources.all(\.fullBackward)
        old = sources.all(\.oldBackward)
    }

    /// Puts a node on the graph before `forward`, which hears of the gradients of the inputs; `nil` without full hooks.
    func bridge(over arguments: inout Arguments) throws -> BackwardBridge? {
        guard !full.isEmpty || !pre.isEmpty else { return nil }
        let bridge = BackwardBridge(module: module, pre: pre.map(\.body), full: full.map(\.body))
        arguments = try bridge.opened(over: arguments)
        return bridge
    }

    /// Hangs the old hooks on the node that made `output`.
    func attachOldHooks(to output: Tensor, inputs: [Tensor]) {
        guard !old.isEmpty, let node = output.gradFn else { return }
        let owner = ModuleReference(module)
        for hook in old {
            node.registerHook { gradInputs, gradOutputs in
                try hook.body(owner.module, gradInputs, gradOutputs)
            }
        }
        let starts = Set(inputs.compactMap(\.gradFn).map(ObjectIdentifier.init))
        let reached = Set(node.nextNodes.compactMap { $0.map(ObjectIdentifier.init) })
        if starts != reached { Warnings.emit(.oldBackwardHookMissesNodes) }
    }
}

/// A module in the hands of a graph.
///
/// Safe because the graph only passes it to backward hooks, which run inside `backward()`: whoever goes backward holds
/// the module, or a published copy of it that nobody changes.
struct ModuleReference: @unchecked Sendable {
    let module: Module

    init(_ module: Module) {
        self.module = module
    }
}
