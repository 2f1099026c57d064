extension Tensor {
    /// Returns (x - mean) / sqrt(variance + epsilon) over the trailing axes of sizes `normalizedShape`, scaled and shifted.
    public func layerNorm(
        normalizedShape: [Int],
        weight: Tensor? = nil,
        bias: Tensor? = nil,
        epsilon: Double = 1e-5
    ) throws(TensorError) -> Tensor {
        let call = TrailingNorm(
            input: self,
            sizes: normalizedShape,
            weight: weight,
            bias: bias,
            epsilon: epsilon,
            operation: .layer
        )
        try call.checkTypes()
        try call.checkShapes()
        return try call.result("layer_norm", call.layerNode)
    }

    /// Returns x / sqrt(mean of squares + epsilon) over the trailing axes of sizes `normalizedShape`, scaled by `weight`.
    /// - Parameter epsilon: By default the distance from 1 to the next number of the type computed in.
    public func rmsNorm(
        normalizedShape: [Int],
        weight: Tensor? = nil,
        epsilon: Double? = nil
    ) throws(TensorError) -> Tensor {
        let fallback = dtype == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne)
        let call = TrailingNorm(
            input: self,
            sizes: normalizedShape,
            weight: weight,
            bias: nil,
            epsilon: epsilon ?? fallback,
            operation: .rms
        )
        try call.checkShapes()
        let isNarrowed = dtype.isHalf || (dtype == .float32 && weight?.dtype == .float64)
        return try call.result("rms_norm", NodeName(isNarrowed ? "ToCopyBackward0" : "MulBackward0"))
    }
}

/// One normalisation over trailing axes.
private struct TrailingNorm {
    let input: Tensor
    let sizes: [Int]
    let weight: Tensor?
    let bias: Tensor?
    let epsilon: Double
    let operation: TensorError.Normalization

    /// PyTorch 1.0.1 has no operation of its own for it: it normalises a batch and then scales and shifts it.
    var layerNode: NodeName {
        let old =
            switch (weight, bias) {
            case (_?, _?): "AddcmulBackward"
            case (_?, nil): "MulBackward0"
            case (nil, _?): "AddBackward0"
            case (nil, nil): "ViewBackward"
            }
        return NodeName("NativeLayerNormBackward0", old: old)
    }

    func checkShapes() throws(TensorError) {
        guard !sizes.isEmpty else { throw .emptyNormalizedShape }
        for case let (name, parameter?) in [("weight", weight), ("bias", bias)]
        where parameter.shape.dimensions != sizes {
            throw .normalizationParameter(name, shape: parameter.shape.dimensions, normalizedShape: sizes)
        }
        guard input.rank >= sizes.count || operation == .layer else {
            throw .tooFewAxes(expected: sizes.count, got: input.rank)
        }
        guard input.rank >= sizes.count, Array(input.shape.suffix(sizes.count)) == sizes else {
            throw .normalizedShape(sizes, input: input.shape.dimensions, operation: operation)
        }
    }

    /// Halves may go with float32 parameters; otherwise all dtypes must be one.
    func checkTypes() throws(TensorError) {
        var expected = input.dtype
        if let weight, weight.dtype != input.dtype {
            guard weight.dtype == .float32 else { throw .parametersMustBeFloat }
            guard input.dtype.isHalf else { throw .mixedTypes }
            expected = .float32
        }
        if let bias, bias.dtype != expected { throw .expectedScalarType(expected, got: bias.dtype) }
    }

    /// What a kernel makes of floats in one go, where no gradients are asked for; `nil` elsewhere.
    private func quickResult(_ name: StaticString) throws(TensorError) -> Tensor? {
        let tensors = [input, weight, bias].compactMap { $0 }
        guard operation == .layer, tensors.allSatisfy({ $0.dtype == .float32 }), input.elementCount > 0,
            !(Autograd.isRecording && tensors.contains(where: \.requiresGrad))
        else { return nil }
        return try Operations.perform(name) { () throws(TensorError) in
            let length = sizes.reduce(1, *)
            return try FloatRows.standardized(
                input,
                input.elementCount / length,
                length,
                epsilon: epsilon,
                weight,
                bias
            )
        }
    }

    func result(_ name: StaticString, _ node: NodeName) throws(TensorError) -> Tensor {
        if let result = try quickResult(name) { return result }
        let (result, standardized) = try Operations.perform(name) {
            () throws(TensorError) -> (Tensor, StandardizedRows) in
            let standardized = try StandardizedRows(
                rows(of: input),
                epsilon: epsilon,
                isCentered: operation == .layer,
                kernel: operation == .layer ? "LayerNormKernelImpl" : "rms_norm"
            )
            var values = standardized.values
            if let weight { values = try values * (try row(of: weight)) }
            if let bias { values = try values + (try row(of: bias)) }
            return (try values.viewed(as: input.shape).cast(to: input.dtype), standardized)
        }
        let inputs = [input, weight, bias].compactMap { $0 }
        guard Autograd.isRecording, inputs.contains(where: \.requiresGrad) else { return result }
        return try result.recorded(node, inputs, saving: inputs.map { $0.detached() }) { [self] gradient, needs in
            try gradients(try rows(of: gradient), standardized, needs)
        }
    }

    /// Returns the gradients of the input and of the parameters there are.
    private func gradients(
        _ gradient: Tensor,
        _ standardized: StandardizedRows,
        _ needs: GradientNode.Needs
    ) throws(TensorError) -> [Tensor?] {
        var results: [Tensor?] = [nil]
        if needs[0] {
            let scaled = try weight.map { weight throws(TensorError) in try gradient * (try row(of: weight)) }
            results[0] = try standardized.gradient(scaled ?? gradient).viewed(as: input.shape)
        }
        if let weight {
            results.append(
                try (gradient * standardized.values).rawSum(axis: 0, keeping: false).viewed(as: weight.shape)
            )
        }
        if let bias { results.append(try gradient.rawSum(axis: 0, keeping: false).viewed(as: bias.shape)) }
        return results
    }

    /// Returns `tensor` as a matrix in the computing dtype, the normalised axes being its rows.
    private func rows(of tensor: Tensor) throws(TensorError) -> Tensor {
        let length = sizes.reduce(1, *)
        let count = input.shape.dimensions.dropLast(sizes.count).reduce(1, *)
        return try tensor.widened().detached().viewed(as: try Shape(checking: [count, length]))
    }

    /// Returns a parameter as one row in the computing dtype.
    private func row(of parameter: Tensor) throws(TensorError) -> Tensor {
        try parameter.cast(to: input.dtype.computing)
            .viewed(as: Shape([parameter.elementCount], elementCount: parameter.elementCount))
    }
}
