/// Many products of matrices, the leading axes of both sides stretched to one shape.
struct BatchedProduct {
    let first: Tensor
    let second: Tensor
    let batch: Shape
    private let plan: BroadcastPlan

    /// Checks what `torch.matmul` checks, in its order: the leading axes, the inner sizes, the dtypes.
    /// - Parameter kernel: What PyTorch calls the product where it is small.
    init(_ first: Tensor, _ second: Tensor, kernel: String = "bmm") throws(TensorError) {
        let firstBatch = try Shape(checking: first.shape.dropLast(2))
        let secondBatch = try Shape(checking: second.shape.dropLast(2))
        plan = try BroadcastPlan(firstBatch, secondBatch)
        batch = plan.shape
        (self.first, self.second) = (first, second)
        guard columns(first) == rows(second) else {
            let count = batch.elementCount
            throw .batchedProductShapes(expected: [count, columns(first)], got: [count, rows(second)])
        }
        // Nothing is asked of what is not multiplied.
        if !isEmpty { try checkTypes(kernel) }
    }

    private var isEmpty: Bool {
        batch.elementCount == 0 || rows(first) == 0 || columns(first) == 0 || columns(second) == 0
    }

    /// Refuses dtypes in the words of the one of its three ways that PyTorch takes for products of this size.
    private func checkTypes(_ kernel: String) throws(TensorError) {
        let (types, isSame) = ((first.dtype, second.dtype), first.dtype == second.dtype)
        let (plane, isLarge) = rows(first).multipliedReportingOverflow(by: columns(second))
        let (count, isHuge) = plane.multipliedReportingOverflow(by: columns(first))
        if count < Self.smallCount, !isLarge, !isHuge {
            guard types.0 != .bool, !types.0.isBarebones else { throw .notImplemented(kernel: kernel, types.0) }
            guard isSame else { throw .productTypes(.batched, types.0, types.1) }
        } else if types.1 == .float32 || types.1 == .float64 {
            guard isSame else { throw .productTypes(.batched, types.1, types.0) }
        } else {
            guard isSame else { throw .productTypes(.matrices, types.0, types.1) }
            try first.checkMultiplies("addmm_impl_cpu_")
        }
    }

    /// The multiply-adds of one product from which on PyTorch leaves it to a library.
    private static let smallCount = 400

    private func rows(_ tensor: Tensor) -> Int { tensor.shape[tensor.rank - 2] }
    private func columns(_ tensor: Tensor) -> Int { tensor.shape[tensor.rank - 1] }

    /// Returns the products, under the stretched leading axes.
    func result() throws(TensorError) -> Tensor {
        let (rows, columns) = (rows(first), columns(second))
        let shape = try Shape(checking: batch.dimensions + [rows, columns])
        var products: [Tensor] = []
        guard !isEmpty else { return try .zeros(shape, dtype: second.dtype) }
        try CallMeter.chargeElements(batch.elementCount, cost: CallMeter.matrixCost)
        for (left, right) in matrixPairs {
            products.append(try MatrixProduct.plain(matrix(left, of: first), matrix(right, of: second)))
        }
        return try Tensor.joined(products, shape: shape)
    }

    /// Which matrices of each side meet, in the order of the result.
    private var matrixPairs: [(Int, Int)] {
        var pairs: [(Int, Int)] = []
        plan.forEachRun { _, first, second in
            for index in 0..<plan.count {
                pairs.append((first + index * plan.firstStep, second + index * plan.secondStep))
            }
        }
        return pairs
    }

    private func matrix(_ index: Int, of tensor: Tensor) -> Tensor {
        let (rows, columns) = (rows(tensor), columns(tensor))
        let count = rows * columns
        return Tensor(
            TensorBody(
                viewing: tensor.body,
                from: index * count * tensor.dtype.itemSize,
                as: Shape([rows, columns], elementCount: count)
            )
        )
    }
}
