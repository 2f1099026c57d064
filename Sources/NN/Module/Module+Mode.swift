import OrderedCollections
public import Tensors

extension Module {
    /// Sets whether this module and all below it behave as in training.
    @discardableResult
    public final func train(_ isTraining: Bool = true) -> Self {
        for module in modules() { module.isTraining = isTraining }
        return self
    }

    /// Sets this module and all below it to behave as in use, not as in training.
    @discardableResult
    public final func eval() -> Self {
        train(false)
    }

    /// Runs `body` on all modules of the tree, children before their parents, shared ones once for each parent.
    @discardableResult
    public final func apply(_ body: (Module) throws -> Void) rethrows -> Self {
        for (_, child) in namedChildren() { try child.apply(body) }
        try body(self)
        return self
    }

    /// Converts parameters and buffers of floating point to `dtype`; the parameters stay the same objects.
    /// - Throws: `ModuleError.convertsToIntegers` for a dtype that is no floating point.
    @discardableResult
    public final func to(_ dtype: DType) throws -> Self {
        guard dtype.isFloatingPoint else { throw ModuleError.convertsToIntegers(dtype) }
        for parameter in parameters() where parameter.tensor.dtype != dtype {
            try parameter.convert(to: dtype)
        }
        for module in modules() {
            for slot in module.bufferSlots.values {
                guard let buffer = slot.value, buffer.dtype.isFloatingPoint else { continue }
                slot.value = try buffer.converted(to: dtype)
            }
        }
        return self
    }

    /// Sets whether calls record gradients for the parameters of the tree.
    @discardableResult
    public final func requireGrad(_ isOn: Bool = true) -> Self {
        for parameter in parameters() { parameter.requiresGrad = isOn }
        return self
    }

    /// Forgets the gradients of all parameters of the tree.
    public final func clearGrad() {
        for parameter in parameters() { parameter.clearGrad() }
    }
}
