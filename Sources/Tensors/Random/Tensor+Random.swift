/// Random tensors, drawn as PyTorch's `uniform_`, `normal_` and `bernoulli_` draw them, by the rules of the version in
/// `Compatibility.ambient`.
///
/// Halves are drawn as `float32` and then rounded; PyTorch 1.0.1 had none, so they follow 2.13 always.
extension Tensor {
    /// Returns a tensor of numbers in `low..<high`.
    public static func uniform(
        _ shape: Shape,
        from low: Double = 0,
        to high: Double = 1,
        dtype: DType = .float32,
        generator: Generator = .default
    ) throws(TensorError) -> Tensor {
        try RandomProblem.check(from: low, to: high, dtype)
        let torch = dtype.isHalf ? .current : Compatibility.ambient
        return try drawn(dtype, shape, generator, kernel: "check_uniform_bounds") { stream, target in
            let (low, high) = (Float(low), Float(high))
            stream.fillUniform(target, from: low, to: high, as: torch)
            guard dtype.isHalf else { return }
            // The upper bound is not among the numbers, and rounding must not bring it in.
            let end = dtype.rounded(high)
            for index in target.indices where dtype.rounded(target[index]) == end { target[index] = low }
        } double: { stream, target in
            stream.fillUniform(target, from: low, to: high, as: torch)
        }
    }

    /// Returns a tensor of normally distributed numbers.
    public static func normal(
        _ shape: Shape,
        mean: Double = 0,
        deviation: Double = 1,
        dtype: DType = .float32,
        generator: Generator = .default
    ) throws(TensorError) -> Tensor {
        guard deviation >= 0 else { throw .random(.negativeDeviation(deviation)) }
        let torch = dtype.isHalf ? .current : Compatibility.ambient
        return try drawn(dtype, shape, generator, kernel: "normal_kernel_cpu") { stream, target in
            stream.fillNormal(target, mean: mean, deviation: deviation, areHalves: dtype.isHalf, as: torch)
        } double: { stream, target in
            stream.fillNormal(target, mean: mean, deviation: deviation, as: torch)
        }
    }

    /// Returns a tensor of ones where an event of `probability` happened, and zeros elsewhere.
    public static func bernoulli(
        _ shape: Shape,
        probability: Double,
        dtype: DType = .float32,
        generator: Generator = .default
    ) throws(TensorError) -> Tensor {
        guard probability >= 0, probability <= 1 else { throw .random(.probability(probability)) }
        try CallMeter.chargeElements(shape.elementCount, cost: CallMeter.scalarCost)
        return try dtype.accept(Bernoulli(probability: probability, shape: shape, generator: generator))
    }
}

extension Tensor {
    /// Returns a float tensor that `float` or `double` wrote, rounded if `dtype` is a half.
    private static func drawn(
        _ dtype: DType,
        _ shape: Shape,
        _ generator: Generator,
        kernel: String,
        float: (inout RandomStream, UnsafeMutableBufferPointer<Float>) -> Void,
        double: (inout RandomStream, UnsafeMutableBufferPointer<Double>) -> Void
    ) throws(TensorError) -> Tensor {
        guard dtype.isFloatingPoint else { throw .notImplemented(kernel: kernel, dtype) }
        guard !generator.isIdle else { return try Tensor(unfilled: dtype, shape: shape) }
        // To draw a number takes as long again as to write it.
        try CallMeter.chargeElements(shape.elementCount)
        let wide = try Tensor(uninitialized: dtype.computing, shape: shape) { bytes in
            generator.withStream { stream in
                if dtype == .float64 {
                    double(&stream, bytes.assumingMemoryBound(to: Double.self))
                } else {
                    float(&stream, bytes.assumingMemoryBound(to: Float.self))
                }
            }
        }
        return dtype.isHalf ? try wide.cast(to: dtype) : wide
    }
}

private struct Bernoulli: ScalarVisitor {
    let probability: Double
    let shape: Shape
    let generator: Generator

    func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
        try Tensor(of: S.self, shape: shape) { target in
            generator.withStream { stream in
                for index in 0..<shape.elementCount {
                    let happened = stream.nextBernoulli(probability: probability)
                    (target + index).initialize(to: S(converting: happened ? 1 as Int64 : 0))
                }
            }
        }
    }
}

extension DType {
    /// Returns the number of this type nearest to `number`.
    fileprivate func rounded(_ number: Float) -> Float {
        switch self {
        case .float16: Float(Float16(number))
        case .bfloat16: Float(BFloat16(number))
        default: number
        }
    }
}
