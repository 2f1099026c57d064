public import Tensors

/// A tensor that a module learns: a leaf of the graph, with its gradient.
///
/// Its identity matters: two layers that hold one `Parameter` share their weight, and see each other's changes.
public final class Parameter {
    private var leaf: Tensor { didSet { detached = leaf.detached() } }
    /// The value without the node that gathers gradients.
    private(set) var detached: Tensor
    /// What was gathered before gradients were turned off; while they are on, the leaf has it.
    private var gradWhenFrozen: Tensor?

    /// Creates a parameter with the value of `tensor`, outside of any graph that made it.
    /// - Throws: `ModuleError.cannotRequireGrad` for a dtype that is no floating point, unless `requiresGrad` is off.
    public init(_ tensor: Tensor, requiresGrad: Bool = true) throws(ModuleError) {
        guard tensor.dtype.isFloatingPoint || !requiresGrad else { throw .cannotRequireGrad(tensor.dtype) }
        leaf = Self.leaf(tensor, requiresGrad: requiresGrad)
        detached = leaf.detached()
    }

    /// Creates a parameter with the value of another, without its gradient.
    init(copying other: Parameter) {
        leaf = Self.leaf(other.tensor, requiresGrad: other.requiresGrad)
        detached = leaf.detached()
    }

    /// The value.
    ///
    /// Setting it keeps the gradient and `requiresGrad`, as assigning to `data` does in PyTorch.
    public var tensor: Tensor {
        get { leaf }
        set { replace(with: newValue, requiresGrad: requiresGrad) }
    }

    /// Whether calls record gradients for this parameter; `false` freezes it.
    public var requiresGrad: Bool {
        get { leaf.requiresGrad }
        set {
            guard newValue != requiresGrad else { return }
            replace(with: leaf, requiresGrad: newValue)
        }
    }

    /// The gradient that `backward()` has gathered since the last `clearGrad()`.
    public var grad: Tensor? {
        get { leaf.requiresGrad ? leaf.grad : gradWhenFrozen }
        set {
            leaf.grad = newValue
            gradWhenFrozen = leaf.requiresGrad ? nil : newValue
        }
    }

    /// Forgets the gradient, as `zero_grad()` does; under the rules of PyTorch 1.0.1 it becomes zero instead.
    public func clearGrad() {
        let isOld = Compatibility.ambient == .torch1_0_1
        grad = isOld ? grad.flatMap { try? .zeros($0.shape, dtype: $0.dtype) } : nil
    }

    /// Converts the value, and with it the gradient.
    func convert(to dtype: DType) throws(TensorError) {
        let grad = try grad?.converted(to: dtype)
        leaf = Self.leaf(try detached.converted(to: dtype), requiresGrad: requiresGrad)
        self.grad = grad
    }

    private func replace(with tensor: Tensor, requiresGrad: Bool) {
        let grad = grad
        leaf = Self.leaf(tensor, requiresGrad: requiresGrad)
        self.grad = grad
    }

    /// Returns `tensor` as a new leaf; integers stay without a gradient, since they can have none.
    private static func leaf(_ tensor: Tensor, requiresGrad: Bool) -> Tensor {
        (try? tensor.requiringGrad(requiresGrad)) ?? tensor.detached()
    }
}

extension Parameter: CustomStringConvertible {
    /// PyTorch's text: `Parameter containing:` and the tensor.
    public var description: String { "Parameter containing:\n\(tensor)" }
}
