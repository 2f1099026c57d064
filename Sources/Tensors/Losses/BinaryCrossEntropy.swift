extension Tensor {
    /// Returns -(t ln s(x) + (1 - t) ln(1 - s(x))) for the sigmoid s, without overflow.
    ///
    /// - Parameters:
    ///   - weight: Factors of the elements, stretched to them.
    ///   - positiveWeight: Factors of the first term, one for each class.
    public func bceWithLogits(
        _ target: Tensor,
        weight: Tensor? = nil,
        positiveWeight: Tensor? = nil,
        reduction: Reduction = .mean
    ) throws(TensorError) -> Tensor {
        try checkProbabilities(target)
        let loss = BinaryCrossEntropy(
            logits: try widened().detached(),
            target: try target.widened().detached(),
            weight: try weight?.widened().detached(),
            positiveWeight: try positiveWeight?.widened().detached()
        )
        let dtype = try dtype.promoted(with: target.dtype)
        let result = try Operations.perform("binary_cross_entropy_with_logits") { () throws(TensorError) in
            try loss.values().reduced(reduction).cast(to: dtype)
        }
        guard Autograd.records(self, target) else { return result }
        let name = NodeName(
            "BinaryCrossEntropyWithLogitsBackward0",
            old: "BinaryCrossEntropyWithLogitsBackward"
        )
        return try result.recorded(name, [self, target], saving: [detached(), target.detached()]) { gradient, needs in
            let share = try gradient.spread(reduction, count: loss.logits.elementCount)
            return [
                needs[0] ? try loss.logitsSlope() * share : nil,
                needs[1] ? try loss.targetSlope() * share : nil,
            ]
        }
    }

    /// Checks what PyTorch checks, in its order.
    private func checkProbabilities(_ target: Tensor) throws(TensorError) {
        guard shape == target.shape else {
            throw .targetSize(target: target.shape.dimensions, input: shape.dimensions)
        }
        guard dtype.isFloatingPoint else { throw .notImplemented(kernel: "log_sigmoid_cpu", dtype) }
        guard target.dtype.isFloatingPoint else { throw .resultCannotBeCast(from: dtype, to: target.dtype) }
    }
}

/// (1 - t) x - l ln s(x), times the weight, where l = 1 + (p - 1) t for the weight p of the positive term.
private struct BinaryCrossEntropy {
    let logits: Tensor
    let target: Tensor
    let weight: Tensor?
    let positiveWeight: Tensor?

    func values() throws(TensorError) -> Tensor {
        let linear = try (target * -1 + 1) * logits
        let logarithms = try logits.logSigmoid()
        return try weighted(
            linear - (factor.map { factor throws(TensorError) in try logarithms * factor } ?? logarithms)
        )
    }

    func logitsSlope() throws(TensorError) -> Tensor {
        let rest = try (logits.sigmoid() * -1) + 1
        let linear = try target * -1 + 1
        return try weighted(linear - (factor.map { factor throws(TensorError) in try rest * factor } ?? rest))
    }

    func targetSlope() throws(TensorError) -> Tensor {
        guard let positiveWeight else { return try weighted(logits * -1) }
        return try weighted(logits * -1 - (positiveWeight - 1) * logits.logSigmoid())
    }

    private var factor: Tensor? {
        get throws(TensorError) {
            try positiveWeight.map { weight throws(TensorError) in try (weight - 1) * target + 1 }
        }
    }

    private func weighted(_ values: Tensor) throws(TensorError) -> Tensor {
        guard let weight else { return values }
        try weight.checkAdds(to: values.shape)
        return try values * weight
    }
}
