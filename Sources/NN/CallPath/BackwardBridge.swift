import Synchronization
import Tensors

/// Two nodes on the graph, one around the inputs of a call and one around its output, which bring a module's backward
/// hooks both gradients: PyTorch's `BackwardHook`.
final class BackwardBridge: Sendable {
    private let owner: ModuleReference
    private let pre: [FullBackwardPreHook]
    private let full: [BackwardHook]
    private let state = Mutex(State())

    private struct State {
        /// The gradients of the outputs, from the moment the way back enters the call until it leaves it.
        var gradOutputs: [Tensor?]?
        var inputCount = 0
        /// Whether any input requires a gradient, so that there is a node around the inputs.
        var watchesInputs = false
    }

    init(module: Module, pre: [FullBackwardPreHook], full: [BackwardHook]) {
        owner = ModuleReference(module)
        self.pre = pre
        self.full = full
    }

    /// Returns `inputs` going through a node of their own.
    func opened(over inputs: [Tensor]) -> [Tensor] {
        let isWatching = Autograd.isRecording && inputs.contains { $0.requiresGrad }
        state.withLock { state in
            state.inputCount = inputs.count
            state.watchesInputs = isWatching
        }
        guard isWatching else { return inputs }
        return watch(inputs) { try self.leave(with: $0) }
    }

    /// Returns `output` going through a node of its own.
    func closed(over output: Tensor) -> Tensor {
        guard Autograd.isRecording, output.requiresGrad else { return output }
        return watch([output]) { try self.enter(with: $0) }[0]
    }

    private func watch(
        _ tensors: [Tensor],
        _ backward: @escaping @Sendable ([Tensor?]) throws -> [Tensor?]
    ) -> [Tensor] {
        let name = NodeName("BackwardHookFunctionBackward")
        return Autograd.custom(name: name, inputs: tensors, outputs: tensors) { gradients, _ in
            try backward(gradients)
        }
    }

    /// The way back reaches the output: pre-hooks may replace its gradients.
    private func enter(with gradients: [Tensor?]) throws -> [Tensor?] {
        var gradOutputs = gradients
        for hook in pre {
            guard let replaced = try hook(owner.module, gradOutputs) else { continue }
            guard replaced.count == gradOutputs.count else {
                throw ModuleError.gradOutputCount(expected: gradOutputs.count, got: replaced.count)
            }
            gradOutputs = replaced
        }
        let (inputCount, watchesInputs) = state.withLock { state in
            state.gradOutputs = state.watchesInputs ? gradOutputs : nil
            return (state.inputCount, state.watchesInputs)
        }
        if !watchesInputs { try fireWithoutInputs(gradOutputs, inputCount: inputCount) }
        try Self.check(gradOutputs, against: gradients)
        return gradOutputs
    }

    /// No input requires a gradient, so the way back ends here, and the hooks have nothing to replace.
    private func fireWithoutInputs(_ gradOutputs: [Tensor?], inputCount: Int) throws {
        Warnings.emit(.backwardHookWithoutInputs)
        let gradInputs = [Tensor?](repeating: nil, count: inputCount)
        for hook in full {
            let replaced = try hook(owner.module, gradInputs, gradOutputs)
            guard replaced?.allSatisfy({ $0 == nil }) ?? true else { throw ModuleError.gradInputWithoutInputs }
        }
    }

    /// The way back leaves through the inputs: full hooks see both gradients and may replace the inputs'.
    private func leave(with gradients: [Tensor?]) throws -> [Tensor?] {
        // Without gradients of the output the way came round the call's end, as when it goes backward twice.
        guard let gradOutputs = state.withLock({ $0.gradOutputs.take() }) else { return gradients }
        var gradInputs = gradients
        for hook in full {
            guard let replaced = try hook(owner.module, gradInputs, gradOutputs) else { continue }
            guard replaced.count == gradInputs.count else {
                throw ModuleError.gradInputCount(expected: gradInputs.count, got: replaced.count)
            }
            gradInputs = replaced
        }
        try Self.check(gradInputs, against: gradients)
        return gradInputs
    }

    /// Refuses gradients that hooks gave another type or size than those that came.
    private static func check(_ replaced: [Tensor?], against gradients: [Tensor?]) throws(ModuleError) {
        for case let (new?, old?) in zip(replaced, gradients) {
            guard new.dtype == old.dtype else { throw .gradientChangedType(was: old.dtype, got: new.dtype) }
            guard new.shape == old.shape else { throw .gradientChangedSize }
        }
    }
}
