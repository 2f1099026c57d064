extension Tensor {
    /// Returns the first half along `dim` times the sigmoid of the second: PyTorch's `F.glu`.
    public func glu(dim: Int = -1) throws(TensorError) -> Tensor {
        guard rank > 0 else { throw .layer(.gluOfScalar) }
        let axis = try shape.axis(dim)
        let size = shape[axis]
        guard size % 2 == 0 else { throw .layer(.gluSize(dimension: axis, size: size)) }
        guard dtype.isFloatingPoint else { throw .notImplemented(kernel: "glu_cpu", dtype) }
        var sizes = shape.dimensions
        sizes[axis] = size / 2
        let half = try Shape(checking: sizes)
        let result = try Operations.perform("glu") { () throws(TensorError) in
            let gate = Gate(input: try widened(), gradient: nil, view: AxisView(shape, axis: axis), shape: half)
            return try dtype.computing.acceptReal(gate, kernel: "glu_cpu").cast(to: dtype)
        }
        guard Autograd.records(self) else { return result }
        let saved = detached()
        return try result.recorded(NodeName("GluBackward0", old: "GluBackward"), [self], saving: [saved]) {
            gradient,
            _ in
            let gate = Gate(
                input: try saved.widened(),
                gradient: try gradient.widened(),
                view: AxisView(saved.shape, axis: axis),
                shape: saved.shape
            )
            return [try saved.dtype.computing.acceptReal(gate, kernel: "glu_cpu").cast(to: saved.dtype)]
        }
    }

    /// Returns x where x > 0, else x times its channel's number of `weight`, or its only one: PyTorch's `F.prelu`.
    public func prelu(weight: Tensor) throws(TensorError) -> Tensor {
        guard dtype == weight.dtype else { throw .layer(.preluTypes(dtype, weight.dtype)) }
        var column = [Int](repeating: 1, count: rank)
        if weight.elementCount != 1 {
            guard rank > 0 else { throw .layer(.preluOfScalar) }
            let channels = rank >= 2 ? shape[1] : 1
            guard weight.elementCount == channels else {
                throw .layer(.preluChannels(parameters: weight.elementCount, channels: channels))
            }
            column[rank >= 2 ? 1 : 0] = channels
        }
        let slopes = weight.detached().viewed(as: Shape(column, elementCount: weight.elementCount))
        let positive = try detached().applying(IsPositive())
        let factor = try positive + (Tensor.ones(shape, dtype: dtype) - positive) * slopes
        let result = try Operations.perform("prelu") { () throws(TensorError) in try detached() * factor }
        guard Autograd.records(self, weight) else { return result }
        let (saved, form) = (detached(), weight.shape)
        let name = NodeName("PreluKernelBackward0", old: "PreluBackward")
        return try result.recorded(name, [self, weight], saving: [saved, factor, positive]) { gradient, needs in
            let negative = try Tensor.ones(saved.shape, dtype: saved.dtype) - positive
            let ofWeight = needs[1] ? try (gradient * saved * negative).summed(to: slopes.shape).viewed(as: form) : nil
            return [needs[0] ? try gradient * factor : nil, ofWeight]
        }
    }

    /// Returns x where x > 0, else x times a number drawn for it between `lower` and `upper`: PyTorch's `F.rrelu`.
    public func rrelu(
        lower: Double = 0.125,
        upper: Double = 1.0 / 3,
        training: Bool = false,
        generator: Generator = .default
    ) throws(TensorError) -> Tensor {
        guard lower <= upper else { throw .layer(.rreluBounds) }
        guard training else { return try applying(MeanSlope(slope: (lower + upper) / 2)) }
        guard dtype.isFloatingPoint else { throw .notImplemented(kernel: "rrelu_with_noise_out_cpu", dtype) }
        let (result, slopes) = try Operations.perform("rrelu") { () throws(TensorError) -> (Tensor, Tensor) in
            let draw = SlopeDraw(input: try widened().detached(), lower: lower, upper: upper, generator: generator)
            let slopes = try dtype.computing.acceptReal(draw, kernel: "rrelu").cast(to: dtype)
            return (try detached() * slopes, slopes)
        }
        guard Autograd.records(self) else { return result }
        return try result.recorded(MeanSlope.node, [self], saving: [slopes]) { gradient, _ in [try gradient * slopes] }
    }
}

/// The gate of `glu`, or, with a gradient, what goes back through it.
private struct Gate: RealVisitor {
    let input: Tensor
    let gradient: Tensor?
    let view: AxisView
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        let half = view.count / 2 * view.inner
        return try Tensor(of: R.self, shape: shape) { target in
            let source = input.address(of: R.self)
            let gradient = gradient?.address(of: R.self)
            for block in 0..<view.outer {
                let start = block * 2 * half
                for index in 0..<half {
                    let (value, share) = (source[start + index], source[start + half + index].sigmoid)
                    guard let gradient else {
                        (target + block * half + index).initialize(to: value * share)
                        continue
                    }
                    let given = gradient[block * half + index]
                    (target + start + index).initialize(to: given * share)
                    (target + start + half + index).initialize(to: given * value * share * (1 - share))
                }
            }
        }
    }
}

/// One for the positive numbers, else zero.
private struct IsPositive: Activation {
    static let operation: StaticString = "prelu"
    static let node = NodeName("PreluKernelBackward0")
    static let kernel: String? = "prelu_cpu"
    static let savesResult = false
    static let cost = 0

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x > 0 ? 1 : 0 }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { 0 }
}

/// A leaky rectifier with the mean of the slopes.
private struct MeanSlope: Activation {
    static let operation: StaticString = "rrelu"
    static let node = NodeName("RreluWithNoiseBackward0", old: "RreluWithNoiseBackward")
    static let kernel: String? = "leaky_relu_cpu"
    static let savesResult = false
    static let cost = 0
    let slope: Double

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x > 0 ? x : x * R(slope) }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { saved > 0 ? gradient : gradient * R(slope) }
}

/// A slope for each number: one drawn where it is not positive, else one.
private struct SlopeDraw: RealVisitor {
    let input: Tensor
    let lower: Double
    let upper: Double
    let generator: Generator

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try Tensor(of: R.self, shape: input.shape) { target in
            let source = input.address(of: R.self)
            generator.withStream { stream in
                for index in 0..<input.elementCount {
                    let slope = source[index] <= 0 ? stream.nextUnit() * (upper - lower) + lower : 1
                    (target + index).initialize(to: R(slope))
                }
            }
        }
    }
}
