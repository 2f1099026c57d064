extension Tensor {
    /// Returns the power mean of each window, times the root of its size: PyTorch's `F.lp_pool1d` to `F.lp_pool3d`.
    public func powerPool(_ norm: Double, _ steps: PoolSteps) throws(TensorError) -> Tensor {
        let area = steps.kernel.reduce(1) { product, size in
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            return overflow ? .max : next
        }
        let means = try power(norm).averagePool(steps)
        return try (means * Double(area)).power(1 / norm)
    }
}
