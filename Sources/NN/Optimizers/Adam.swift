public import Tensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Steps of adaptive size: `w ← w - lr · m̂ / (√v̂ + eps)`, with running averages of the gradient and of its square.
///
/// First `g ← g + weightDecay · w`; then `m ← β₁ m + (1 - β₁) g`, `v ← β₂ v + (1 - β₂) g²`, `m̂ = m / (1 - β₁ᵏ)` and
/// `v̂ = v / (1 - β₂ᵏ)` in step `k`. With `amsgrad` the largest `v` so far takes the place of `v`.
public class Adam: Optimizer {
    /// The arguments after the parameters.
    public struct Options: Sendable, Equatable {
        /// The length of a step: `lr`.
        public var learningRate = 1e-3
        /// How much of the average gradient stays.
        public var beta1 = 0.9
        /// How much of the average squared gradient stays.
        public var beta2 = 0.999
        /// What keeps the division from zero.
        public var epsilon = 1e-8
        /// How strongly parameters are drawn to zero.
        public var weightDecay = 0.0
        /// Whether steps never grow longer again.
        public var amsgrad = false
        /// Whose arithmetic: 1.0.1 adds `epsilon` before it corrects the averages, not after.
        public var compatibility = Compatibility.ambient

        /// Creates PyTorch's defaults.
        public init() {}
    }

    /// What is remembered of a parameter.
    private struct Memory {
        var step = 0
        var average: Tensor
        var squares: Tensor
        var largestSquares: Tensor
    }

    /// What it changes.
    public final let parameters: [Parameter]
    /// How it steps; may change between steps.
    public final var options: Options
    private final var memories: [ObjectIdentifier: Memory] = [:]

    /// Creates an optimiser of `parameters`.
    /// - Throws: `ModuleError` with PyTorch's text for an impossible argument.
    public init(_ parameters: [Parameter], options: Options = Options()) throws(ModuleError) {
        try OptimizerArguments.check("learning rate", options.learningRate)
        try OptimizerArguments.check("epsilon value", options.epsilon)
        try OptimizerArguments.check(beta: options.beta1, at: 0)
        try OptimizerArguments.check(beta: options.beta2, at: 1)
        try OptimizerArguments.check("weight_decay value", options.weightDecay)
        try OptimizerArguments.check(parameters)
        self.parameters = parameters
        self.options = options
    }

    /// Creates an optimiser of `parameters` with the defaults but for the learning rate.
    public convenience init(_ parameters: [Parameter], learningRate: Double) throws(ModuleError) {
        try self.init(parameters)
        try OptimizerArguments.check("learning rate", learningRate)
        options.learningRate = learningRate
    }

    /// Takes one step; parameters without a gradient stay as they are.
    public final func step() throws {
        try Autograd.withoutGradients {
            for parameter in parameters {
                guard let grad = parameter.grad else { continue }
                let decayed = try decay(parameter.tensor.detached(), grad.detached())
                parameter.tensor = try step(decayed.value, along: decayed.grad, of: parameter)
            }
        }
    }

    /// Returns value and gradient after weight decay, which goes into the gradient.
    func decay(_ value: Tensor, _ grad: Tensor) throws(TensorError) -> (value: Tensor, grad: Tensor) {
        guard options.weightDecay != 0 else { return (value, grad) }
        return (value, try grad + value * options.weightDecay)
    }

    private final func step(
        _ value: Tensor,
        along grad: Tensor,
        of parameter: Parameter
    ) throws(TensorError) -> Tensor {
        let memory = try remember(grad, of: parameter)
        let firstCorrection = 1 - pow(options.beta1, Double(memory.step))
        let secondCorrection = 1 - pow(options.beta2, Double(memory.step))
        let root = try (options.amsgrad ? memory.largestSquares : memory.squares).sqrt()
        if options.compatibility == .torch1_0_1 {
            let size = options.learningRate * secondCorrection.squareRoot() / firstCorrection
            return try value - memory.average / (root + options.epsilon) * size
        }
        let denominator = try root / secondCorrection.squareRoot() + options.epsilon
        return try value - memory.average / denominator * (options.learningRate / firstCorrection)
    }

    private final func remember(_ grad: Tensor, of parameter: Parameter) throws(TensorError) -> Memory {
        let key = ObjectIdentifier(parameter)
        let zeros = try grad * 0
        var memory = memories[key] ?? Memory(average: zeros, squares: zeros, largestSquares: zeros)
        memory.step += 1
        memory.average = try memory.average + (grad - memory.average) * (1 - options.beta1)
        memory.squares = try memory.squares * options.beta2 + grad * grad * (1 - options.beta2)
        if options.amsgrad { memory.largestSquares = try memory.largestSquares.maximum(memory.squares) }
        memories[key] = memory
        return memory
    }
}

/// Adam with weight decay apart from the gradient: `w ← (1 - lr · weightDecay) · w` before each step.
public final class AdamW: Adam {
    /// The defaults of `AdamW`: those of Adam with a weight decay of 0.01.
    public static var defaultOptions: Options {
        var options = Options()
        options.weightDecay = 0.01
        return options
    }

    /// Creates an optimiser of `parameters`.
    public override init(_ parameters: [Parameter], options: Options = AdamW.defaultOptions) throws(ModuleError) {
        try super.init(parameters, options: options)
    }

    override func decay(_ value: Tensor, _ grad: Tensor) throws(TensorError) -> (value: Tensor, grad: Tensor) {
        (try value * (1 - options.learningRate * options.weightDecay), grad)
    }
}

extension Tensor {
    /// Returns the larger of each two elements, and NaN where one of them is.
    fileprivate func maximum(_ other: Tensor) throws(TensorError) -> Tensor {
        let larger = zip(scalars(as: Double.self), other.scalars(as: Double.self)).map { $0 > $1 || $0.isNaN ? $0 : $1 }
        return try Tensor(larger, shape: shape).converted(to: dtype)
    }
}
