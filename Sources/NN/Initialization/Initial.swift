public import Tensors

/// The values that parameters begin with: PyTorch's `nn.init`, bit for bit for a seed.
///
/// Inside `Compatibility.torch1_0_1.run` they are those of PyTorch 1.0.1.
/// PyTorch fills a tensor in place; here a function returns the filled tensor, to be set on a parameter.
public enum Initial {
    /// Which side of a weight counts.
    public enum Fan: Sendable {
        /// The inputs of an output: keeps the size of what goes forward.
        case fanIn
        /// The outputs of an input: keeps the size of the gradients that come back.
        case fanOut
    }

    /// What follows the layer, and so how much it must amplify.
    public enum Nonlinearity: Sendable {
        case linear, sigmoid, tanh, relu, selu
        /// A leaky ReLU with its slope below zero.
        case leakyReLU(slope: Double)

        /// The recommended gain: PyTorch's `calculate_gain`.
        public var gain: Double {
            switch self {
            case .linear, .sigmoid: 1
            case .tanh: 5.0 / 3
            case .relu: 2.squareRoot()
            case .selu: 3.0 / 4
            case .leakyReLU(let slope): (2 / (1 + slope * slope)).squareRoot()
            }
        }
    }

    /// Returns numbers drawn uniformly from `low` to `high`.
    public static func uniform(
        _ shape: Shape,
        from low: Double = 0,
        to high: Double = 1,
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws(TensorError) -> Tensor {
        try Tensor.uniform(shape, from: low, to: high, dtype: dtype, generator: generator ?? .default)
    }

    /// Returns numbers drawn from a normal distribution.
    public static func normal(
        _ shape: Shape,
        mean: Double = 0,
        deviation: Double = 1,
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws(TensorError) -> Tensor {
        try Tensor.normal(shape, mean: mean, deviation: deviation, dtype: dtype, generator: generator ?? .default)
    }

    /// Returns uniform numbers that keep the variance through layers with rectifiers: `±gain √(3 / fan)`.
    /// - Throws: `ModuleError.fanOfVector` for a shape of fewer than two axes.
    public static func kaimingUniform(
        _ shape: Shape,
        fan: Fan = .fanIn,
        nonlinearity: Nonlinearity = .leakyReLU(slope: 0),
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws -> Tensor {
        guard !skips(shape) else { return try empty(shape, dtype) }
        let bound = try 3.squareRoot() * kaimingDeviation(shape, fan, nonlinearity)
        return try uniform(shape, from: -bound, to: bound, dtype: dtype, generator: generator)
    }

    /// Returns normal numbers that keep the variance through layers with rectifiers, of deviation `gain / √fan`.
    /// - Throws: `ModuleError.fanOfVector` for a shape of fewer than two axes.
    public static func kaimingNormal(
        _ shape: Shape,
        fan: Fan = .fanIn,
        nonlinearity: Nonlinearity = .leakyReLU(slope: 0),
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws -> Tensor {
        guard !skips(shape) else { return try empty(shape, dtype) }
        let deviation = try kaimingDeviation(shape, fan, nonlinearity)
        return try normal(shape, deviation: deviation, dtype: dtype, generator: generator)
    }

    /// Returns uniform numbers that keep the variance both ways: `±gain √(6 / (fanIn + fanOut))`.
    /// - Throws: `ModuleError.fanOfVector` for a shape of fewer than two axes.
    public static func xavierUniform(
        _ shape: Shape,
        gain: Double = 1,
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws -> Tensor {
        let bound = try 3.squareRoot() * xavierDeviation(shape, gain)
        return try uniform(shape, from: -bound, to: bound, dtype: dtype, generator: generator)
    }

    /// Returns normal numbers that keep the variance both ways, of deviation `gain √(2 / (fanIn + fanOut))`.
    /// - Throws: `ModuleError.fanOfVector` for a shape of fewer than two axes.
    public static func xavierNormal(
        _ shape: Shape,
        gain: Double = 1,
        dtype: DType = .float32,
        generator: Generator? = nil
    ) throws -> Tensor {
        try normal(shape, deviation: xavierDeviation(shape, gain), dtype: dtype, generator: generator)
    }
}

extension Initial {
    /// Returns numbers between `-bound` and `bound`.
    static func uniform(
        _ shape: Shape,
        within bound: Double,
        _ dtype: DType,
        _ generator: Generator?
    ) throws(TensorError) -> Tensor {
        // Without inputs the bound is Python's 0, which has no sign.
        try uniform(shape, from: 0 - bound, to: bound, dtype: dtype, generator: generator)
    }

    private static func kaimingDeviation(
        _ shape: Shape,
        _ fan: Fan,
        _ nonlinearity: Nonlinearity
    ) throws(ModuleError) -> Double {
        let fans = try fans(of: shape)
        let count = fan == .fanIn ? fans.in : fans.out
        guard count > 0 else { throw .divisionByZero }
        return nonlinearity.gain / Double(count).squareRoot()
    }

    private static func xavierDeviation(_ shape: Shape, _ gain: Double) throws(ModuleError) -> Double {
        let fans = try fans(of: shape)
        let sum = Double(fans.in) + Double(fans.out)
        guard sum > 0 else { throw .divisionByZero }
        return gain * (2 / sum).squareRoot()
    }

    /// Returns how many inputs an output has, and how many outputs an input; axes after the second count for both.
    private static func fans(of shape: Shape) throws(ModuleError) -> (in: Int, out: Int) {
        guard shape.rank >= 2 else { throw .fanOfVector }
        let field = shape.dropFirst(2).reduce(1, *)
        return (shape[1] * field, shape[0] * field)
    }

    /// Whether there is nothing to fill; PyTorch 1.0.1 does not look.
    private static func skips(_ shape: Shape) -> Bool {
        shape.elementCount == 0 && Compatibility.ambient == .current
    }

    private static func empty(_ shape: Shape, _ dtype: DType) throws(TensorError) -> Tensor {
        Warnings.emit(.emptyInitialization)
        return try Tensor.zeros(shape, dtype: dtype)
    }
}
