import Tensors

/// Replays a recorded call on our tensors.
extension TorchCase {
    func call(_ inputs: [Tensor?]) throws -> Tensor {
        if let result = try arithmetic(inputs) ?? activation(inputs) ?? shaping(inputs) ?? layer(inputs) ?? loss(inputs)
        {
            return result
        }
        throw UnknownOperation(name: op)
    }

    struct UnknownOperation: Error {
        let name: String
    }

    private struct MissingInput: Error {}

    private func first(_ inputs: [Tensor?]) throws -> Tensor { try input(0, inputs) }

    private func input(_ index: Int, _ inputs: [Tensor?]) throws -> Tensor {
        guard index < inputs.count, let tensor = inputs[index] else { throw MissingInput() }
        return tensor
    }

    private func optional(_ index: Int, _ inputs: [Tensor?]) -> Tensor? {
        index < inputs.count ? inputs[index] : nil
    }

    private func arithmetic(_ inputs: [Tensor?]) throws -> Tensor? {
        let x = try first(inputs)
        switch op {
        case "add": return try x + input(1, inputs)
        case "sub": return try x - input(1, inputs)
        case "mul": return try x * input(1, inputs)
        case "div": return try x / input(1, inputs)
        case "add_number": return try x + (arguments.number ?? 0)
        case "mul_number": return try x * (arguments.number ?? 0)
        case "div_number": return try x / (arguments.number ?? 0)
        case "neg": return try x.negated()
        case "matmul": return try x.matmul(input(1, inputs))
        case "linear": return try x.linear(weight: input(1, inputs), bias: optional(2, inputs))
        case "sum": return try arguments.dim.map { try x.sum(dim: $0, keepDim: arguments.keepdim ?? false) } ?? x.sum()
        case "mean":
            return try arguments.dim.map { try x.mean(dim: $0, keepDim: arguments.keepdim ?? false) } ?? x.mean()
        default: return nil
        }
    }

    private func activation(_ inputs: [Tensor?]) throws -> Tensor? {
        let x = try first(inputs)
        switch op {
        case "relu": return try x.relu()
        case "leaky_relu": return try x.leakyReLU(negativeSlope: arguments.negative_slope ?? 0.01)
        case "elu": return try x.elu(alpha: arguments.alpha ?? 1)
        case "gelu":
            return try x.gelu(approximate: GELUApproximation(rawValue: arguments.approximate ?? "none") ?? .none)
        case "silu": return try x.silu()
        case "sigmoid": return try x.sigmoid()
        case "tanh": return try x.tanh()
        case "softplus": return try x.softplus(beta: arguments.beta ?? 1, threshold: arguments.threshold ?? 20)
        case "hardtanh": return try x.hardtanh(min: arguments.min_val ?? -1, max: arguments.max_val ?? 1)
        case "clamp": return try x.clamped(min: arguments.min, max: arguments.max)
        case "exp": return try x.exp()
        case "log": return try x.log()
        case "sqrt": return try x.sqrt()
        case "abs": return try x.abs()
        case "softmax": return try x.softmax(dim: arguments.dim ?? 0)
        case "log_softmax": return try x.logSoftmax(dim: arguments.dim ?? 0)
        default: return nil
        }
    }

    private func shaping(_ inputs: [Tensor?]) throws -> Tensor? {
        let x = try first(inputs)
        switch op {
        case "reshape": return try x.reshaped(to: arguments.shape ?? [])
        case "flatten": return try x.flattened(from: arguments.start_dim ?? 0, through: arguments.end_dim ?? -1)
        case "transpose": return try x.transposed(arguments.dim0 ?? 0, arguments.dim1 ?? 1)
        case "narrow":
            let start = arguments.start ?? 0
            return try x.rows(start..<start + (arguments.length ?? 0))
        case "cat": return try Tensor.concatenated(inputs.compactMap { $0 })
        case "to": return try x.converted(to: arguments.dtype ?? x.dtype)
        default: return nil
        }
    }

    private func layer(_ inputs: [Tensor?]) throws -> Tensor? {
        let x = try first(inputs)
        switch op {
        case "layer_norm":
            return try x.layerNorm(
                normalizedShape: arguments.normalized_shape ?? [],
                weight: optional(1, inputs),
                bias: optional(2, inputs),
                epsilon: arguments.eps ?? 1e-5
            )
        case "rms_norm":
            return try x.rmsNorm(
                normalizedShape: arguments.normalized_shape ?? [],
                weight: optional(1, inputs),
                epsilon: arguments.eps
            )
        case "batch_norm":
            return try x.batchNorm(
                mean: optional(1, inputs),
                variance: optional(2, inputs),
                weight: optional(3, inputs),
                bias: optional(4, inputs),
                training: arguments.training ?? false,
                epsilon: arguments.eps ?? 1e-5
            )
        case "embedding":
            return try Tensor.embedding(weight: input(1, inputs), indices: x, paddingIndex: arguments.padding_idx)
        case "bilinear":
            return try Tensor.bilinear(x, input(1, inputs), weight: input(2, inputs), bias: optional(3, inputs))
        default: return nil
        }
    }

    private func loss(_ inputs: [Tensor?]) throws -> Tensor? {
        let x = try first(inputs)
        let reduction = try Reduction(named: arguments.reduction ?? "mean")
        switch op {
        case "mse_loss": return try x.mseLoss(input(1, inputs), reduction: reduction)
        case "l1_loss": return try x.l1Loss(input(1, inputs), reduction: reduction)
        case "cross_entropy":
            return try x.crossEntropy(
                input(1, inputs),
                weight: optional(2, inputs),
                ignoreIndex: arguments.ignore_index ?? -100,
                reduction: reduction,
                labelSmoothing: arguments.label_smoothing ?? 0
            )
        case "bce_with_logits":
            return try x.bceWithLogits(
                input(1, inputs),
                weight: optional(2, inputs),
                positiveWeight: optional(3, inputs),
                reduction: reduction
            )
        default: return nil
        }
    }
}
