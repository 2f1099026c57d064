import Synchronization
import Tensors

/// Two nodes on the graph, one around the inputs of a call and one around its output, which bring a module's backward
/// hooks both gradients: PyTorch's `BackwardHook`.
final class BackwardBridge: Sendable {
    private let owner: ModuleReference
    private let pre: [FullBackwardPreHook]
    private let full: [BackwardHook]
    /// Whether it stands on the value of a node of a graph, which has no inputs.
    private let isOfNode: Bool
    private let state = Mutex(State())

    private struct State {
        /// The gradients of the outputs, from the moment the way back enters the call until it leaves it.
        var gradOutputs: [Tensor?]?
        var inputs = Places(of: [])
        /// Whether any input requires a gradient, so that there is a node around the inputs.
        var watchesInputs = false
    }

    init(module: Module, pre: [FullBackwardPreHook], full: [BackwardHook], isOfNode: Bool = false) {
        owner = ModuleReference(module)
        self.isOfNode = isOfNode
        self.pre = pre
        self.full = full
    }

    /// Returns `inputs` whose tensors go through a node of their own.
    ///
    /// As in PyTorch a tensor inside a list or a dictionary is not seen.
    func opened(over inputs: [Value]) -> [Value] {
        let places = Places(of: inputs)
        let isWatching = Autograd.isRecording && inputs.contains { $0.tensor?.requiresGrad == true }
        state.withLock { state in
            state.inputs = places
            state.watchesInputs = isWatching
        }
        guard isWatching else { return inputs }
        return watch(inputs, at: places) { try self.leave(with: $0) }
    }

    /// Returns `output` whose tensors go through a node of their own: the one that it is, or those of a tuple.
    func closed(over output: Value) -> Value {
        switch output {
        case .tensor: return closed(over: [output])[0]
        case .tuple(let elements): return .tuple(closed(over: elements))
        case .none, .bool, .integer, .float, .string, .dtype, .slice, .ellipsis, .list, .dictionary:
            Warnings.emit(.backwardHookMissesOutput(output.pythonType))
            return output
        }
    }

    private func closed(over outputs: [Value]) -> [Value] {
        guard Autograd.isRecording, outputs.contains(where: { $0.tensor?.requiresGrad == true }) else { return outputs }
        let places = Places(of: outputs)
        return watch(outputs, at: places) { try places.picked(from: self.enter(with: places.spread($0))) }
    }

    private func watch(
        _ values: [Value],
        at places: Places,
        _ backward: @escaping @Sendable ([Tensor?]) throws -> [Tensor?]
    ) -> [Value] {
        let tensors = values.compactMap(\.tensor)
        let name = NodeName("BackwardHookFunctionBackward")
        let watched = Autograd.custom(name: name, inputs: tensors, outputs: tensors) { gradients, _ in
            try backward(gradients)
        }
        var result = values
        for (index, tensor) in zip(places.indices, watched) { result[index] = .tensor(tensor) }
        return result
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
            return (state.inputs.count, state.watchesInputs)
        }
        if !watchesInputs, !isOfNode { try fireWithoutInputs(gradOutputs, inputCount: inputCount) }
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
        let (came, places) = state.withLock { ($0.gradOutputs.take(), $0.inputs) }
        guard let gradOutputs = came else { return gradients }
        var gradInputs = places.spread(gradients)
        for hook in full {
            guard let replaced = try hook(owner.module, gradInputs, gradOutputs) else { continue }
            guard replaced.count == gradInputs.count else {
                throw ModuleError.gradInputCount(expected: gradInputs.count, got: replaced.count)
            }
            gradInputs = replaced
        }
        let replaced = places.picked(from: gradInputs)
        try Self.check(replaced, against: gradients)
        return replaced
    }

    /// Refuses gradients that hooks gave another type or size than those that came.
    private static func check(_ replaced: [Tensor?], against gradients: [Tensor?]) throws(ModuleError) {
        for case let (new?, old?) in zip(replaced, gradients) {
            guard new.dtype == old.dtype else { throw .gradientChangedType(was: old.dtype, got: new.dtype) }
            guard new.shape == old.shape else { throw .gradientChangedSize }
        }
    }
}

/// Where tensors stand among values: hooks see a gradient for each value, the graph one for each tensor.
private struct Places {
    let count: Int
    let indices: [Int]

    init(of values: [Value]) {
        count = values.count
        indices = values.indices.filter { values[$0].tensor != nil }
    }

    /// Returns the gradients of the tensors as those of the values: PyTorch's `_pack_with_none`.
    func spread(_ gradients: [Tensor?]) -> [Tensor?] {
        var spread = [Tensor?](repeating: nil, count: count)
        for (index, gradient) in zip(indices, gradients) { spread[index] = gradient }
        return spread
    }

    /// Returns the gradients of the tensors among those of the values, as many as there are values.
    func picked(from gradients: [Tensor?]) -> [Tensor?] {
        indices.map { gradients[$0] }
    }
}
