import Synchronization

extension Tensor {
    /// Whether gradients with respect to this tensor can be asked for.
    public var requiresGrad: Bool { history != nil }

    /// Whether this tensor was not computed from tensors that require gradients.
    public var isLeaf: Bool { history?.node.isLeaf ?? true }

    /// The node that computes the gradients of what this tensor was made of; `nil` for a leaf.
    public var gradFn: GradientNode? {
        guard let node = history?.node, !node.isLeaf else { return nil }
        return node
    }

    /// Returns a new leaf with the same elements that requires gradients, or does not.
    /// - Throws: `TensorError.cannotRequireGradient` if the elements are no floating-point numbers.
    public func requiringGrad(_ isOn: Bool = true) throws(TensorError) -> Tensor {
        guard isOn else { return detached() }
        guard dtype.isFloatingPoint else { throw .cannotRequireGradient }
        return attached(to: GradientNode(leafOf: .init(shape: shape, dtype: dtype)))
    }

    /// What backward passes have accumulated into this leaf; setting it does nothing on a tensor that is none.
    public var grad: Tensor? {
        get { leafNode?.state.withLock { $0.grad } }
        nonmutating set { leafNode?.state.withLock { $0.grad = newValue } }
    }

    /// Forgets the accumulated gradient.
    public func clearGrad() { grad = nil }

    /// Accumulates the gradients of this tensor into the leaves it was computed from.
    ///
    /// - Parameters:
    ///   - gradient: The gradient of this tensor; may be left out when the tensor has one element.
    ///   - retainGraph: Whether the graph can be used for another pass.
    public func backward(gradient: Tensor? = nil, retainGraph: Bool = false) throws {
        var pass = try BackwardPass(from: [self], gradients: [gradient])
        try pass.run(retainGraph: retainGraph)
    }

    private var leafNode: GradientNode? {
        guard let node = history?.node, node.isLeaf else { return nil }
        return node
    }
}

extension Autograd {
    /// Returns the gradients of `outputs` with respect to `inputs`, accumulating nothing: PyTorch's `autograd.grad`.
    ///
    /// - Parameters:
    ///   - gradOutputs: The gradients of the outputs; `nil` entries, or none at all, for outputs of one element.
    ///   - retainGraph: Whether the graph can be used for another pass.
    ///   - allowUnused: Whether an input outside the graph gives `nil` instead of an error.
    public static func gradients(
        of outputs: [Tensor],
        gradOutputs: [Tensor?]? = nil,
        withRespectTo inputs: [Tensor],
        retainGraph: Bool = false,
        allowUnused: Bool = false
    ) throws -> [Tensor?] {
        let given = gradOutputs ?? [Tensor?](repeating: nil, count: outputs.count)
        var pass = try BackwardPass(from: outputs, gradients: given)
        let targets = try inputs.map { input throws(TensorError) in
            guard let history = input.history else { throw .targetRequiresNoGradient }
            return history
        }
        let results = try pass.run(retainGraph: retainGraph, capturing: targets)
        if !allowUnused, let index = results.firstIndex(where: { $0 == nil }) {
            throw TensorError.unusedInput(index: index)
        }
        return results
    }
}
