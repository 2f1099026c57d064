public import Tensors

/// A module of two inputs, `input` and `target`, that says how far one is from the other.
public class Loss: Module {
    /// What becomes of the losses of the elements.
    public final let reduction: Reduction

    /// Creates a loss that is reduced by `reduction`.
    init(reduction: Reduction) {
        self.reduction = reduction
    }

    /// Returns the loss of `input` against `target`, without hooks.
    func loss(_ input: Tensor, _ target: Tensor) throws -> Tensor {
        throw ModuleError.missingForward(type: typeName)
    }

    /// Calls the loss: `try loss(input, target)`.
    public final func callAsFunction(_ input: Tensor, _ target: Tensor) throws -> Tensor {
        try oneTensor(of: self(Arguments([input, target])))
    }

    public final override func forward(_ input: Tensor) throws -> Tensor {
        try oneTensor(of: forward(Arguments(input)))
    }

    public final override func forward(_ arguments: Arguments) throws -> Value {
        let inputs = try arguments.bound(to: "input", "target", in: self)
        return .tensor(try loss(inputs[0], inputs[1]))
    }

    /// PyTorch broadcasts different sizes, but says so; 1.0.1 did not.
    final func warnOfBroadcast(_ input: Tensor, _ target: Tensor) {
        guard input.shape != target.shape, Compatibility.ambient == .current else { return }
        Warnings.emit(.lossBroadcasts(target: Array(target.shape), input: Array(input.shape)))
    }
}

/// The squared error: `(input - target)²`, by default its mean over all elements.
///
/// - Inputs: two of one shape. Output: a scalar, or that shape without reduction.
public final class MSELoss: Loss {
    /// Creates the loss.
    public override init(reduction: Reduction = .mean) { super.init(reduction: reduction) }

    override func loss(_ input: Tensor, _ target: Tensor) throws -> Tensor {
        warnOfBroadcast(input, target)
        return try input.mseLoss(target, reduction: reduction)
    }

    public override var typeName: String { "MSELoss" }
    public override func emptyCopy() throws -> Module { MSELoss(reduction: reduction) }
}

/// The absolute error: `|input - target|`, by default its mean over all elements.
///
/// - Inputs: two of one shape. Output: a scalar, or that shape without reduction.
public final class L1Loss: Loss {
    /// Creates the loss.
    public override init(reduction: Reduction = .mean) { super.init(reduction: reduction) }

    override func loss(_ input: Tensor, _ target: Tensor) throws -> Tensor {
        warnOfBroadcast(input, target)
        return try input.l1Loss(target, reduction: reduction)
    }

    public override var typeName: String { "L1Loss" }
    public override func emptyCopy() throws -> Module { L1Loss(reduction: reduction) }
}
