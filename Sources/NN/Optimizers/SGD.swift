import Tensors

/// Stochastic gradient descent: `w ← w - lr · g`, with momentum if asked for.
///
/// First `g ← g + weightDecay · w`. With momentum `m` a buffer `b` starts as `g`, then moves by
/// `b ← m · b + (1 - dampening) · g`; the step goes along `b`, or along `g + m · b` with `nesterov`.
public final class SGD: Optimizer {
    /// The arguments after the parameters.
    public struct Options: Sendable, Equatable {
        /// The length of a step: `lr`.
        public var learningRate = 1e-3
        /// How much of the last direction stays.
        public var momentum = 0.0
        /// How much of a new gradient stays out of the direction.
        public var dampening = 0.0
        /// How strongly parameters are drawn to zero.
        public var weightDecay = 0.0
        /// Whether a step looks ahead along the direction.
        public var nesterov = false

        /// Creates PyTorch's defaults.
        public init() {}
    }

    /// What it changes.
    public let parameters: [Parameter]
    /// How it steps; may change between steps.
    public var options: Options
    private var directions: [ObjectIdentifier: Tensor] = [:]

    /// Creates an optimiser of `parameters`.
    /// - Throws: `ModuleError` with PyTorch's text for an impossible argument.
    public init(_ parameters: [Parameter], options: Options = Options()) throws(ModuleError) {
        try OptimizerArguments.checkIsNotNegative("learning rate", options.learningRate)
        try OptimizerArguments.checkIsNotNegative("momentum value", options.momentum)
        try OptimizerArguments.checkIsNotNegative("weight_decay value", options.weightDecay)
        if options.nesterov, options.momentum <= 0 || options.dampening != 0 { throw .nesterovNeedsMomentum }
        try OptimizerArguments.check(parameters)
        self.parameters = parameters
        self.options = options
    }

    /// Creates an optimiser of `parameters` with PyTorch's defaults but for the learning rate.
    public convenience init(_ parameters: [Parameter], learningRate: Double) throws(ModuleError) {
        var options = Options()
        options.learningRate = learningRate
        try self.init(parameters, options: options)
    }

    /// Takes one step; parameters without a gradient stay as they are.
    public func step() throws {
        try Autograd.withoutGradients {
            for parameter in parameters {
                guard let grad = parameter.grad else { continue }
                try step(parameter, along: grad)
            }
        }
    }

    private func step(_ parameter: Parameter, along grad: Tensor) throws(TensorError) {
        let value = parameter.tensor.detached()
        var grad = grad.detached()
        if options.weightDecay != 0 { grad = try grad + value * options.weightDecay }
        if options.momentum != 0 { grad = try direction(of: parameter, with: grad) }
        parameter.tensor = try value - grad * options.learningRate
    }

    private func direction(of parameter: Parameter, with grad: Tensor) throws(TensorError) -> Tensor {
        let key = ObjectIdentifier(parameter)
        var direction = grad
        if let last = directions[key] {
            direction = try last * options.momentum + grad * (1 - options.dampening)
        }
        directions[key] = direction
        return options.nesterov ? try grad + direction * options.momentum : direction
    }
}
