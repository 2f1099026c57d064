/// Many products of matrices, the leading axes of both sides stretched to one shape.
struct BatchedProduct {
    let first: Tensor
    let second: Tensor
    let batch: Shape
    private let plan: BroadcastPlan

    /// Checks what `torch.matmul` checks, in its order: the leading axes, the inner sizes, the dtypes.
    init(_ first: Tensor, _ second: Tensor) throws(TensorError) {
        let firstBatch = try Shape(checking: first.shape.dropLast(2))
        let secondBatch = try Shape(checking: second.shape.dropLast(2))
        plan = try BroadcastPlan(firstBatch, secondBatch)
        batch = plan.shape
        (self.first, self.second) = (first, second)
        guard columns(first) == rows(second) else {
            let count = batch.elementCount
            throw .batchedProductShapes(expected: [count, columns(first)], got: [count, rows(second)])
        }
        guard first.dtype == second.dtype else { throw .productTypes(.batched, first.dtype, second.dtype) }
        guard first.dtype != .bool, !first.dtype.isBarebones else {
            throw .notImplemented(kernel: "bmm", first.dtype)
        }
    }

    private func rows(_ tensor: Tensor) -> Int { tensor.shape[tensor.rank - 2] }
    private func columns(_ tensor: Tensor) -> Int { tensor.shape[tensor.rank - 1] }

    /// Returns the products, under the stretched leading axes.
    func result() throws(TensorError) -> Tensor {
        let (rows, columns) = (rows(first), columns(second))
        let shape = try Shape(checking: batch.dimensions + [rows, columns])
        var products: [Tensor] = []
        guard shape.elementCount > 0 else { return try .zeros(shape, dtype: first.dtype) }
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
