import Synchronization
import Tensors

/// The hooks that concern the way back through one call, collected when the call begins.
struct BackwardHooks {
    private let module: Module
    private let pre: [Hook<FullBackwardPreHook>]
    private let full: [Hook<BackwardHook>]
    private let old: [Hook<BackwardHook>]
    private let warnsOfOldHooks: Bool

    init(of module: Module, in context: CallContext?) {
        let sources = HookSources(for: module, in: context)
        self.module = module
        pre = sources.all(\.backwardPre)
        full = sources.all(\.fullBackward)
        old = sources.all(\.oldBackward)
        warnsOfOldHooks = context?.compatibility != .torch1_0_1
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
        // PyTorch 1.0.1 does not know better hooks, and so does not warn of these.
        if warnsOfOldHooks, !node.begins(at: inputs) { Warnings.emit(.oldBackwardHookMissesNodes) }
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

extension GradientNode {
    /// Whether what this node takes is just what made `inputs`, so that its gradients are those of the inputs.
    fileprivate func begins(at inputs: [Tensor]) -> Bool {
        let origins = Set(inputs.compactMap(\.gradFn).map(ObjectIdentifier.init))
        return Set(nextNodes.map { $0.map(ObjectIdentifier.init) }) == Set(origins.map(Optional.some))
    }
}
