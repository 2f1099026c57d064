extension Tensor {
    /// Returns (x - mean) / sqrt(variance + epsilon) over each of `groups` parts of the channels of an image, scaled and
    /// shifted by channel: PyTorch's `F.group_norm`.
    public func groupNorm(
        groups: Int,
        weight: Tensor? = nil,
        bias: Tensor? = nil,
        epsilon: Double = 1e-5
    ) throws(TensorError) -> Tensor {
        let call = GroupNorm(input: self, groups: groups, weight: weight, bias: bias, epsilon: epsilon)
        try call.check()
        return try call.result()
    }
}

private struct GroupNorm {
    let input: Tensor
    let groups: Int
    let weight: Tensor?
    let bias: Tensor?
    let epsilon: Double

    private var channels: Int { input.shape[1] }
    private var length: Int { input.shape.dropFirst(2).reduce(1, *) }

    /// Checks what PyTorch checks, in its order.
    func check() throws(TensorError) {
        guard input.rank >= 2 else { throw .layer(.groupNormRank(input.rank)) }
        guard groups > 0 else { throw .layer(.groupsNotPositive(groups)) }
        let sizes = [input.shape[0] * channels / groups, groups] + input.shape.dropFirst(2)
        if sizes[0] == 1, sizes.dropFirst(2).allSatisfy({ $0 == 1 }) { throw .layer(.oneValuePerGroup(sizes)) }
        guard channels % groups == 0 else {
            throw .layer(.groupChannels(input: input.shape.dimensions, groups: groups))
        }
        for case let (name, parameter?) in [("weight", weight), ("bias", bias)]
        where parameter.shape.dimensions != [channels] {
            throw .layer(
                .groupParameter(name, shape: parameter.shape.dimensions, input: input.shape.dimensions)
            )
        }
        for case let parameter? in [weight, bias] where parameter.dtype != input.dtype {
            guard parameter.dtype == .float32 else { throw .parametersMustBeFloat }
            guard input.dtype.isHalf else { throw .mixedTypes }
        }
        guard input.dtype.isFloatingPoint else { throw .notImplemented(kernel: "GroupNormKernelImpl", input.dtype) }
    }

    func result() throws(TensorError) -> Tensor {
        guard input.elementCount > 0 else { return try emptyResult() }
        let (result, standardized) = try Operations.perform("group_norm") {
            () throws(TensorError) -> (Tensor, StandardizedRows) in
            let standardized = try StandardizedRows(
                rows(of: input),
                epsilon: epsilon,
                isCentered: true,
                kernel: "group_norm"
            )
            var values = standardized.values.viewed(as: try planes)
            if let weight { values = try values * (try column(of: weight)) }
            if let bias { values = try values + (try column(of: bias)) }
            return (try values.viewed(as: input.shape).cast(to: input.dtype), standardized)
        }
        let inputs = [input, weight, bias].compactMap { $0 }
        guard Autograd.isRecording, inputs.contains(where: \.requiresGrad) else { return result }
        let name = NodeName("NativeGroupNormBackward0", old: "ViewBackward")
        return try result.recorded(name, inputs, saving: inputs.map { $0.detached() }) { [self] gradient, needs in
            try gradients(try gradient.widened().viewed(as: planes), standardized, needs)
        }
    }

    /// Without elements nothing is normalised, however many groups there are.
    private func emptyResult() throws(TensorError) -> Tensor {
        let inputs = [input, weight, bias].compactMap { $0 }
        let result = try Operations.perform("group_norm") { () throws(TensorError) in input.detached() }
        guard Autograd.isRecording, inputs.contains(where: \.requiresGrad) else { return result }
        return try result.recorded(NodeName("NativeGroupNormBackward0", old: "ViewBackward"), inputs) { _, _ in
            try inputs.map { input throws(TensorError) in try .zeros(input.shape, dtype: input.dtype) }
        }
    }

    private func gradients(
        _ gradient: Tensor,
        _ standardized: StandardizedRows,
        _ needs: GradientNode.Needs
    ) throws(TensorError) -> [Tensor?] {
        var results: [Tensor?] = [nil]
        if needs[0] {
            let scaled = try weight.map { weight throws(TensorError) in try gradient * (try column(of: weight)) }
            let ofRows = try standardized.gradient(rows(of: scaled ?? gradient))
            results[0] = ofRows.viewed(as: input.shape)
        }
        if let weight {
            let product = try gradient * standardized.values.viewed(as: planes)
            results.append(
                try product.rawSum(axis: 2, keeping: false).rawSum(axis: 0, keeping: false).viewed(as: weight.shape)
            )
        }
        if let bias {
            results.append(
                try gradient.rawSum(axis: 2, keeping: false).rawSum(axis: 0, keeping: false).viewed(as: bias.shape)
            )
        }
        return results
    }

    private var planes: Shape {
        get throws(TensorError) { try Shape(checking: [input.shape[0], channels, length]) }
    }

    /// Returns `tensor` as a matrix in the computing dtype with a row for each group of each image.
    private func rows(of tensor: Tensor) throws(TensorError) -> Tensor {
        let form = [input.shape[0] * groups, channels / groups * length]
        return try tensor.widened().detached().viewed(as: try Shape(checking: form))
    }

    /// Returns a parameter as a column in the computing dtype.
    private func column(of parameter: Tensor) throws(TensorError) -> Tensor {
        try parameter.cast(to: input.dtype.computing).detached()
            .viewed(as: Shape([channels, 1], elementCount: channels))
    }
}
