import Synchronization
import Tensors

/// The hooks that concern the way back through one call, collected when the call begins.
struct BackwardHooks {
    private let module: Module
    private let hooks: BackwardHookList
    private let warnsOfOldHooks: Bool

    /// Collects the hooks; `nil` when there are none.
    init?(of module: Module, in context: CallContext?) {
        guard let hooks = HookSources.backward(of: module, in: context), !hooks.isEmpty else { return nil }
        self.module = module
        self.hooks = hooks
        warnsOfOldHooks = context?.compatibility != .torch1_0_1
    }

    /// Puts a node on the graph before `forward`, which hears of the gradients of the inputs; `nil` without full hooks.
    func bridge(over arguments: inout Arguments) throws -> BackwardBridge? {
        guard !hooks.full.isEmpty || !hooks.pre.isEmpty else { return nil }
        let bridge = BackwardBridge(module: module, pre: hooks.pre, full: hooks.full)
        arguments.positional = bridge.opened(over: arguments.positional)
        return bridge
    }

    /// Hangs the old hooks on the node that made the first tensor of `output`.
    func attachOldHooks(to output: Value, inputs: Arguments) {
        guard !hooks.old.isEmpty, let node = output.firstTensor?.gradFn else { return }
        let owner = ModuleReference(module)
        for hook in hooks.old {
            node.registerHook { gradInputs, gradOutputs in try hook(owner.module, gradInputs, gradOutputs) }
        }
        // PyTorch 1.0.1 does not know better hooks, and so does not warn of these.
        if warnsOfOldHooks, !node.begins(at: inputs.tensors) { Warnings.emit(.oldBackwardHookMissesNodes) }
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
