extension Tensor {
    /// Returns a tensor of integers in `low..<high`, each as likely as the others.
    public static func randint(
        _ low: Int = 0,
        _ high: Int,
        shape: Shape,
        dtype: DType = .int64,
        generator: Generator = .default
    ) throws(TensorError) -> Tensor {
        guard low < high else { throw .random(.emptyRange(from: low, to: high)) }
        for (name, bound) in [("from", low), ("to - 1", high - 1)] where !dtype.holds(bound) {
            throw .random(.boundOutOfRange(name, dtype))
        }
        // The width is less than 2^64, since high is more than low.
        let width = UInt64(bitPattern: Int64(high)) &- UInt64(bitPattern: Int64(low))
        return try Operations.perform("randint") { () throws(TensorError) in
            try dtype.accept(Integers(low: Int64(low), width: width, shape: shape, generator: generator))
        }
    }

    /// Returns the integers below `count` in an order that is as likely as the others.
    public static func randperm(
        _ count: Int,
        dtype: DType = .int64,
        generator: Generator = .default
    ) throws(TensorError) -> Tensor {
        let shape = try Shape(checking: [count])
        guard dtype != .bool, !dtype.isBarebones else { throw .notImplemented(kernel: "randperm", dtype) }
        guard dtype.isFloatingPoint || NestedValue.fits(Int64(count), dtype) else {
            throw .scalarNotRepresentable(dtype)
        }
        return try Operations.perform("randperm") { () throws(TensorError) in
            try Tensor(of: Int64.self, shape: shape) { target in
                for index in 0..<count { (target + index).initialize(to: Int64(index)) }
                generator.withStream { stream in
                    for index in 0..<max(count - 1, 0) {
                        let other = index + Int(stream.nextWord()) % (count - index)
                        (target[index], target[other]) = (target[other], target[index])
                    }
                }
            }.cast(to: dtype)
        }
    }

    /// Returns ones and zeros, each one with the probability that its element says.
    public func bernoulli(generator: Generator = .default) throws(TensorError) -> Tensor {
        guard dtype.isFloatingPoint else { throw .notImplemented(kernel: "bernoulli_tensor_cpu_p_", dtype) }
        guard try dtype.computing.acceptReal(AreProbabilities(numbers: widened()), kernel: "") else {
            throw .random(.probabilities)
        }
        let result = try Operations.perform("bernoulli") { () throws(TensorError) in
            let draws = try Tensor.uniform(shape, dtype: dtype.computing, generator: generator)
            return try Tensor.compare(.less, .tensor(draws), .tensor(widened())).cast(to: dtype)
        }
        guard Autograd.records(self) else { return result }
        return try result.recorded(NodeName("BernoulliBackward0"), [self]) { gradient, _ in
            [try .zeros(gradient.shape, dtype: gradient.dtype)]
        }
    }

    /// Returns normally distributed numbers, each with the mean and the deviation that stand at its place.
    public static func normal(
        mean: Operand,
        deviation: Operand,
        generator: Generator = .default
    ) throws(TensorError) -> Tensor {
        let (center, width) = (try mean.asTensor(), try deviation.asTensor())
        if case .number(let number) = deviation, number.double < 0 {
            throw .random(.negativeDeviation(number.double))
        }
        let dtype = mean.isNumber ? width.dtype : center.dtype
        guard dtype.isFloatingPoint else { throw .notImplemented(kernel: "normal_kernel_cpu", dtype) }
        guard width.scalars(as: Double.self).allSatisfy({ $0 >= 0 }) else { throw .random(.negativeDeviations) }
        let shape = try center.shape.broadcast(with: width.shape)
        return try Operations.compose("normal") { () throws(TensorError) in
            let draws = try Tensor.normal(shape, dtype: dtype, generator: generator)
            return try Tensor.add(.tensor(.mul(.tensor(draws), deviation.detached)), mean.detached).cast(to: dtype)
        }
    }

    /// Returns places in each row, drawn with the probabilities that the row says.
    public func multinomial(
        _ count: Int,
        replacement: Bool = false,
        generator: Generator = .default
    ) throws(TensorError) -> Tensor {
        try checkDistribution(count, replacement: replacement)
        return try Operations.compose("multinomial") { () throws(TensorError) in
            let weights = detached()
            guard replacement, count != 1 else { return try weights.racing(count, generator) }
            let rows = try weights.widened()
            let draw = Replacement(weights: rows, count: count, generator: generator)
            return try rows.dtype.acceptReal(draw, kernel: "multinomial")
        }
    }

    /// The first `count` of exponentially distributed arrivals, the likelier the earlier.
    private func racing(_ count: Int, _ generator: Generator) throws(TensorError) -> Tensor {
        let arrivals = try Tensor(of: Double.self, shape: shape) { target in
            generator.withStream { stream in
                for index in 0..<elementCount {
                    (target + index).initialize(to: -(-stream.nextUnit()).logarithmOfOnePlus)
                }
            }
        }.cast(to: dtype)
        let ranks = try self / arrivals
        guard count > 1 else { return try ranks.placeOfExtreme(.max, dim: -1, keepDim: true) }
        return try ranks.topK(count, dim: -1).indices
    }

    private func checkDistribution(_ count: Int, replacement: Bool) throws(TensorError) {
        guard (1...2).contains(rank) else { throw .random(.distributionRank) }
        guard dtype.isFloatingPoint else { throw .random(.distributionType(dtype)) }
        guard count > 0 else { throw .random(.noSamples) }
        guard replacement || count <= shape[rank - 1] else { throw .random(.tooManySamples) }
        for number in scalars(as: Double.self) where !(number >= 0 && number.isFinite) {
            throw .random(.distribution)
        }
        let sums = try detached().sum(dims: [-1])
        guard sums.scalars(as: Double.self).allSatisfy({ $0 > 0 }) else { throw .random(.emptyDistribution) }
    }
}

extension DType {
    /// Whether an integer is in the range that random integers of this type may have.
    fileprivate func holds(_ bound: Int) -> Bool {
        switch self {
        case .bool: (0...1).contains(bound)
        case .uint8: (0...255).contains(bound)
        case .int8: (-128...127).contains(bound)
        case .int16: Int16(exactly: bound) != nil
        case .int32: Int32(exactly: bound) != nil
        case .uint16: UInt16(exactly: bound) != nil
        case .uint32: UInt32(exactly: bound) != nil
        case .uint64: bound >= 0
        case .float16: (-65504...65504).contains(bound)
        case .int64, .float32, .float64, .bfloat16: true
        }
    }
}

private struct Integers: ScalarVisitor {
    let low: Int64
    let width: UInt64
    let shape: Shape
    let generator: Generator

    func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
        try Tensor(of: S.self, shape: shape) { target in
            generator.withStream { stream in
                for index in 0..<shape.elementCount {
                    let number = low &+ Int64(bitPattern: stream.nextInteger(below: width))
                    (target + index).initialize(to: S(converting: number))
                }
            }
        }
    }
}

/// Draws that are looked up in the sums of each row's probabilities.
private struct Replacement: RealVisitor {
    let weights: Tensor
    let count: Int
    let generator: Generator

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        let length = weights.shape[weights.rank - 1]
        let shape = try Shape(checking: weights.shape.dropLast() + [count])
        return try Tensor(of: Int64.self, shape: shape) { target throws(TensorError) in
            try weights.withScalars(of: R.self) { source in
                for row in 0..<shape.elementCount / count {
                    let sums = Self.sums(of: source + row * length, length)
                    generator.withStream { stream in
                        for index in 0..<count {
                            let place = Self.place(of: stream.nextUnit(), in: sums)
                            (target + (row * count + index)).initialize(to: Int64(place))
                        }
                    }
                }
            }
        }
    }

    private static func sums<R: Real>(of row: UnsafePointer<R>, _ count: Int) -> [Double] {
        var sum: R = 0
        var sums: [R] = []
        for index in 0..<count {
            sum += row[index]
            sums.append(sum)
        }
        return sums.dropLast().map { Double($0 / sum) } + [1]
    }

    /// The first place whose sum is not below `unit`.
    private static func place(of unit: Double, in sums: [Double]) -> Int {
        var (first, last) = (0, sums.count)
        while first < last {
            let middle = first + (last - first) / 2
            if sums[middle] < unit { first = middle + 1 } else { last = middle }
        }
        return first
    }
}

/// Whether all numbers are from 0 to 1.
private struct AreProbabilities: RealVisitor {
    let numbers: Tensor

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Bool {
        try numbers.withScalars(of: R.self) { source in
            (0..<numbers.elementCount).allSatisfy { source[$0] >= 0 && source[$0] <= 1 }
        }
    }
}
