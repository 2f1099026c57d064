extension Tensor {
    /// Returns the squared distances to `target`, which may be stretched.
    public func mseLoss(_ target: Tensor, reduction: Reduction = .mean) throws(TensorError) -> Tensor {
        let dtype = try dtype.promoted(with: target.dtype)
        guard dtype.isFloatingPoint else { throw .notImplemented(kernel: "mse_cpu", dtype) }
        let (result, distances) = try Operations.perform("mse_loss") { () throws(TensorError) -> (Tensor, Tensor) in
            let distances = try widened().detached() - target.widened().detached()
            return (try (distances * distances).reduced(reduction).cast(to: dtype), distances)
        }
        guard Autograd.records(self, target) else { return result }
        let name = NodeName("MseLossBackward0", old: "MseLossBackward")
        return try result.recorded(name, [self, target], saving: [detached(), target.detached()]) { gradient, needs in
            let share = try gradient.spread(reduction, count: distances.elementCount)
            let slope = try (distances * 2) * share
            return [slope, needs[1] ? try slope.negated() : nil]
        }
    }

    /// Returns the absolute distances to `target`, which may be stretched.
    public func l1Loss(_ target: Tensor, reduction: Reduction = .mean) throws(TensorError) -> Tensor {
        try (self - target).abs().reduced(reduction)
    }
}
