extension Tensor {
    /// Returns the squared distances to `target`, which may be stretched.
    public func mseLoss(_ target: Tensor, reduction: Reduction = .mean) throws(TensorError) -> Tensor {
        let isOld = Compatibility.ambient == .torch1_0_1
        // PyTorch 1.0.1's own node has no gradient for the target.
        if isOld, target.requiresGrad { return try (self - target).applying(Square()).reduced(reduction) }
        let (input, target) = try stretched(with: target)
        let dtype = try dtype.promoted(with: target.dtype)
        guard dtype.isFloatingPoint else { throw .notImplemented(kernel: "mse_cpu", dtype) }
        let (result, distances) = try Operations.perform("mse_loss") { () throws(TensorError) -> (Tensor, Tensor) in
            let distances = try input.widened().detached() - target.widened().detached()
            return (try (distances * distances).reduced(reduction).cast(to: dtype), distances)
        }
        guard Autograd.records(input, target) else { return result }
        let name = NodeName("MseLossBackward0", old: "MseLossBackward")
        let saved = [input.detached(), target.detached()]
        return try result.recorded(name, isOld ? [input] : [input, target], saving: saved) { gradient, needs in
            let slope = try (distances * 2) * gradient.spread(reduction, count: distances.elementCount)
            return isOld ? [slope] : [slope, needs[1] ? try slope.negated() : nil]
        }
    }

    /// Returns the absolute distances to `target`, which may be stretched.
    public func l1Loss(_ target: Tensor, reduction: Reduction = .mean) throws(TensorError) -> Tensor {
        guard Compatibility.ambient == .torch1_0_1 else {
            let (input, target) = try stretched(with: target)
            return try (input - target).abs().reduced(reduction)
        }
        guard !target.requiresGrad else { return try (self - target).abs().reduced(reduction) }
        return try oldL1Loss(target, reduction)
    }

    private func oldL1Loss(_ target: Tensor, _ reduction: Reduction) throws(TensorError) -> Tensor {
        let (input, target) = try stretched(with: target)
        let distances = try input.detached() - target
        let result = try distances.applying(OldDistance()).reduced(reduction)
        guard Autograd.records(input) else { return result }
        let saved = [input.detached(), target]
        return try result.recorded(OldDistance.node, [input], saving: saved) { gradient, _ in
            let share = try gradient.spread(reduction, count: distances.elementCount)
            return [try OldDistance().gradients(share.expanded(to: distances.shape), at: distances)]
        }
    }

    /// Returns both, stretched to each other.
    private func stretched(with target: Tensor) throws(TensorError) -> (Tensor, Tensor) {
        let shape = try shape.broadcast(with: target.shape)
        return (try expanded(to: shape), try target.expanded(to: shape))
    }
}

private struct Square: Activation {
    static let operation: StaticString = "pow"
    static let node = NodeName("PowBackward0")
    static let kernel: String? = "pow"
    static let savesResult = false
    static let cost = 0

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x * x }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { gradient * (2 * saved) }
}

/// The one node of PyTorch 1.0.1, whose slope at zero is that of positive numbers.
private struct OldDistance: Activation {
    static let operation: StaticString = "l1_loss"
    static let node = NodeName("L1LossBackward")
    static let kernel: String? = "l1_loss"
    static let savesResult = false
    static let cost = 0

    @inline(__always)
    func value<R: Real>(_ x: R) -> R { x.magnitude }
    @inline(__always)
    func gradient<R: Real>(_ gradient: R, at saved: R) -> R { saved >= 0 ? gradient : -gradient }
}
