extension Tensor {
    /// Returns (x - mean) / sqrt(variance + epsilon) for each channel, the second axis, scaled and shifted.
    ///
    /// In training, mean and variance are those of the batch; otherwise the given running ones.
    public func batchNorm(
        mean: Tensor?,
        variance: Tensor?,
        weight: Tensor? = nil,
        bias: Tensor? = nil,
        training: Bool,
        epsilon: Double = 1e-5
    ) throws(TensorError) -> Tensor {
        let call = ChannelNorm(
            input: self,
            mean: mean,
            variance: variance,
            weight: weight,
            bias: bias,
            isTraining: training,
            epsilon: epsilon
        )
        try call.check()
        return try call.result()
    }

    /// Returns mean and unbiased variance of each channel, the second axis, in the dtype computed in.
    public func batchStatistics() throws(TensorError) -> (mean: Tensor, variance: Tensor) {
        guard rank > 1 else { throw .dimensionOutOfRange(1, rank: rank) }
        return try dtype.computing.acceptReal(ChannelMoments(rows: try channelRows()), kernel: "batch_norm")
    }

    /// Returns the elements as a matrix in the computing dtype with a row for each channel, the second axis.
    fileprivate func channelRows() throws(TensorError) -> Tensor {
        let channels = shape[1]
        let length = shape[0] * shape.dropFirst(2).reduce(1, *)
        return try widened().swapped(0, 1).viewed(as: try Shape(checking: [channels, length]))
    }

    /// Returns rows of channels, for an input of `shape`, in that shape.
    fileprivate func channelsBack(to shape: Shape) throws(TensorError) -> Tensor {
        var sizes = shape.dimensions
        sizes.swapAt(0, 1)
        return try viewed(as: try Shape(checking: sizes)).swapped(0, 1)
    }
}

private struct ChannelMoments: RealVisitor {
    let rows: Tensor

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> (mean: Tensor, variance: Tensor) {
        let (count, length) = (rows.shape[0], rows.shape[1])
        var (means, variances) = ([R](), [R]())
        try rows.withScalars(of: R.self) { source in
            for row in 0..<count {
                let moments = Moments(UnsafeBufferPointer(start: source + row * length, count: length))
                means.append(R(moments.mean))
                variances.append(R(moments.variance * Double(length) / Double(length - 1)))
            }
        }
        return (try Tensor(means), try Tensor(variances))
    }
}

/// One normalisation of channels.
private struct ChannelNorm {
    let input: Tensor
    let mean: Tensor?
    let variance: Tensor?
    let weight: Tensor?
    let bias: Tensor?
    let isTraining: Bool
    let epsilon: Double

    /// Checks what PyTorch checks, in its order.
    func check() throws(TensorError) {
        let channels = input.rank > 1 ? input.shape[1] : 0
        if isTraining, input.rank > 1, input.shape[0] == 1, input.shape.dropFirst(2).allSatisfy({ $0 == 1 }) {
            throw .oneValuePerChannel(input.shape.dimensions)
        }
        // Without elements PyTorch looks at nothing else, not even at the number of channels.
        guard input.rank < 2 || input.elementCount > 0 else { return }
        let parameters = [("running_mean", mean), ("running_var", variance), ("weight", weight), ("bias", bias)]
        for (index, (name, parameter)) in parameters.enumerated() {
            guard let parameter else {
                if index < 2, !isTraining { throw .missingRunningStatistics(name) }
                continue
            }
            guard parameter.elementCount == channels, input.rank > 1 else {
                throw .channelCount(name, expected: channels, got: parameter.elementCount)
            }
        }
        guard input.dtype.isFloatingPoint else { throw .notImplemented(kernel: "batch_norm", input.dtype) }
        for case let parameter? in parameters.map(\.1) where parameter.dtype != input.dtype {
            guard parameter.dtype == .float32 else { throw .parametersMustBeFloat }
            guard input.dtype.isHalf else { throw .mixedTypes }
        }
        guard input.rank > 1 else { throw .dimensionOutOfRange(1, rank: input.rank) }
    }

    func result() throws(TensorError) -> Tensor {
        guard input.elementCount > 0 else { return try emptyResult() }
        if let result = try quickResult() { return result }
        let (result, standardized) = try Operations.perform("batch_norm") {
            () throws(TensorError) -> (Tensor, StandardizedRows) in
            let standardized = try standardizedRows()
            var values = standardized.values
            if let weight { values = try values * (try column(of: weight)) }
            if let bias { values = try values + (try column(of: bias)) }
            return (try values.channelsBack(to: input.shape).cast(to: input.dtype), standardized)
        }
        let inputs = [input, weight, bias].compactMap { $0 }
        guard Autograd.isRecording, inputs.contains(where: \.requiresGrad) else { return result }
        let node = NodeName("NativeBatchNormBackward0", old: "NativeBatchNormBackward")
        return try result.recorded(node, inputs, saving: inputs.map { $0.detached() }) { [self] gradient, needs in
            try gradients(try gradient.channelRows(), standardized, needs)
        }
    }

    /// What becomes of floats in one go, by running statistics and where no gradients are asked for; `nil` elsewhere.
    private func quickResult() throws(TensorError) -> Tensor? {
        let tensors = [input, weight, bias].compactMap { $0 }
        guard !isTraining, input.dtype == .float32,
            !(Autograd.isRecording && tensors.contains(where: \.requiresGrad)),
            let finish = ChannelFinish(mean: mean, variance: variance, weight: weight, bias: bias, epsilon: epsilon)
        else { return nil }
        let length = input.shape.dropFirst(2).reduce(1, *)
        return try Operations.perform("batch_norm") { () throws(TensorError) in
            try Tensor(of: Float.self, shape: input.shape) { target in
                finish.apply(input.shape[0], of: length, input.address(of: Float.self), to: target)
            }
        }
    }

    /// Without elements, PyTorch copies the input, scales it by the first weight and shifts it by the first bias.
    private func emptyResult() throws(TensorError) -> Tensor {
        let inputs = [input, weight, bias].compactMap { $0 }
        let result = try Operations.perform("batch_norm") { () throws(TensorError) in
            var values = input.detached()
            if let weight { values = try values * (try Self.first(of: weight)) }
            if let bias { values = try values + (try Self.first(of: bias)) }
            return values
        }
        guard Autograd.isRecording, inputs.contains(where: \.requiresGrad) else { return result }
        let node = bias != nil ? .add : NodeName(weight != nil ? "MulBackward0" : "CloneBackward0")
        return try result.recorded(node, inputs) { _, _ in
            try inputs.map { input throws(TensorError) in try .zeros(input.shape, dtype: input.dtype) }
        }
    }

    private static func first(of parameter: Tensor) throws(TensorError) -> Tensor {
        guard parameter.rank > 0, parameter.elementCount > 0 else {
            throw .selectOutOfRange(0, shape: parameter.shape.dimensions, dimension: 0)
        }
        let rest = try Shape(checking: Array(parameter.shape.dimensions.dropFirst()))
        return try parameter.detached().rows(0..<1).viewed(as: rest)
    }

    private func standardizedRows() throws(TensorError) -> StandardizedRows {
        let rows = try input.channelRows()
        guard !isTraining, let mean, let variance else {
            return try StandardizedRows(
                rows,
                epsilon: epsilon,
                isCentered: true,
                roundsMean: true,
                kernel: "batch_norm"
            )
        }
        let deviation = try (column(of: variance) + epsilon).sqrt()
        let inverse = try Tensor.ones(deviation.shape, dtype: deviation.dtype) / deviation
        return try StandardizedRows(rows, mean: column(of: mean), inverseDeviations: inverse, kernel: "batch_norm")
    }

    /// Returns the gradients of the input and of the parameters there are.
    private func gradients(
        _ gradient: Tensor,
        _ standardized: StandardizedRows,
        _ needs: GradientNode.Needs
    ) throws(TensorError) -> [Tensor?] {
        var results: [Tensor?] = [nil]
        if needs[0] {
            let scaled = try weight.map { weight throws(TensorError) in try gradient * (try column(of: weight)) }
            results[0] = try standardized.gradient(scaled ?? gradient).channelsBack(to: input.shape)
        }
        if let weight {
            let sums = try (gradient * standardized.values).rawSum(axis: 1, keeping: false)
            results.append(sums.viewed(as: weight.shape))
        }
        if let bias { results.append(try gradient.rawSum(axis: 1, keeping: false).viewed(as: bias.shape)) }
        return results
    }

    /// Returns a parameter as one column in the computing dtype.
    private func column(of parameter: Tensor) throws(TensorError) -> Tensor {
        let count = parameter.elementCount
        return try parameter.cast(to: input.dtype.computing).viewed(as: Shape([count, 1], elementCount: count))
    }
}
