extension Tensor {
    /// Returns the matrix product, as `torch.matmul`: a vector on the left is a row, one on the right a column, leading
    /// axes stretch.
    public func matmul(_ other: Tensor) throws(TensorError) -> Tensor {
        switch (rank, other.rank) {
        case (0, _), (_, 0): throw .productNeedsAxes(operation: "matmul", rank, other.rank)
        case (1, 1): return try dot(other)
        case (2, 1): return try matrixTimesVector(other)
        case (1, 2): return try unsqueezed(at: 0).matrixTimesMatrix(other).squeezed(at: 0)
        case (2, 2): return try matrixTimesMatrix(other)
        case (_, 1):
            try checkUnfolded(other)
            return try foldedIntoRows().matrixTimesVector(other).unfolded(like: shape.dropLast())
        case (_, 2):
            try checkUnfolded(other)
            let sizes = shape.dropLast() + [other.shape[1]]
            return try foldedIntoRows().matrixTimesMatrix(other).unfolded(like: sizes)
        case (1...2, _): return try timesStack(other)
        default: return try timesStacks(other)
        }
    }

    /// Refuses, in the words of a product of stacks, what PyTorch does not fold: steps that no matrix has would be copied.
    private func checkUnfolded(_ other: Tensor) throws(TensorError) {
        guard !other.requiresGrad, elementCount > 0, !Layout.foldsIntoRows(shape.dimensions, strides) else { return }
        _ = try BatchedProduct(self, other.rank == 1 ? other.unsqueezed(at: 1) : other)
    }

    private func dot(_ other: Tensor) throws(TensorError) -> Tensor {
        guard dtype == other.dtype else { throw .productTypes(.dot, dtype, other.dtype) }
        guard elementCount == other.elementCount else { throw .dotShapes(elementCount, other.elementCount) }
        try checkMultiplies("dot")
        let result = try Operations.perform("dot") { () throws(TensorError) in
            let row = viewed(as: Shape([1, elementCount], elementCount: elementCount))
            let column = other.viewed(as: Shape([elementCount, 1], elementCount: elementCount))
            return try MatrixProduct.plain(row, column).viewed(as: .scalar)
        }
        guard Autograd.records(self, other) else { return result }
        let (first, second) = (detached(), other.detached())
        return try result.recorded(.dot, [self, other], saving: [first, second]) { gradient, needs in
            [needs[0] ? try second * gradient : nil, needs[1] ? try first * gradient : nil]
        }
    }

    private func matrixTimesVector(_ vector: Tensor) throws(TensorError) -> Tensor {
        guard shape[1] == vector.shape[0] else {
            throw .matrixVectorShapes(rows: shape[0], columns: shape[1], vector: vector.shape[0])
        }
        guard dtype == vector.dtype else { throw .productTypes(.matrixVector, dtype, vector.dtype) }
        let (rows, columns) = (shape[0], shape[1])
        if elementCount > 0 { try checkMultiplies("addmv_impl_cpu") }
        let result = try Operations.perform("mv") { () throws(TensorError) in
            let column = vector.viewed(as: Shape([columns, 1], elementCount: columns))
            return try MatrixProduct.plain(self, column).viewed(as: Shape([rows], elementCount: rows))
        }
        guard Autograd.records(self, vector) else { return result }
        let (first, second) = (detached(), vector.detached())
        return try result.recorded(.mv, [self, vector], saving: [first, second]) { gradient, needs in
            let column = gradient.viewed(as: Shape([rows, 1], elementCount: rows))
            let row = second.viewed(as: Shape([1, columns], elementCount: columns))
            let reverse = try MatrixProduct.plain(first.swapped(0, 1), column)
            return [needs[0] ? try column * row : nil, reverse.viewed(as: second.shape)]
        }
    }

    private func matrixTimesMatrix(_ other: Tensor) throws(TensorError) -> Tensor {
        guard shape[1] == other.shape[0] else {
            throw .productShapes(
                rows: shape[0],
                inner: shape[1],
                otherInner: other.shape[0],
                columns: other.shape[1]
            )
        }
        guard dtype == other.dtype else { throw .productTypes(.matrices, dtype, other.dtype) }
        if elementCount > 0, other.elementCount > 0 { try checkMultiplies("addmm_impl_cpu_") }
        let result = try Operations.perform("mm") { () throws(TensorError) in try MatrixProduct.plain(self, other) }
        guard Autograd.records(self, other) else { return result }
        let (first, second) = (detached(), other.detached())
        return try result.recorded(.mm, [self, other], saving: [first, second]) { gradient, needs in
            [
                needs[0] ? try MatrixProduct.linear(gradient, second, bias: nil, reusing: false) : nil,
                needs[1] ? try MatrixProduct.plain(first.swapped(0, 1), gradient) : nil,
            ]
        }
    }

    /// A vector or a matrix times a stack of matrices.
    ///
    /// PyTorch turns both round and folds the stack into one matrix where that saves memory in going backward.
    private func timesStack(_ stack: Tensor) throws(TensorError) -> Tensor {
        let outer = stack.shape.dropLast(2)
        let columns = stack.shape[stack.rank - 1]
        let folds = requiresGrad || (rank == 1 && stack.elementCount == 0)
        guard folds else {
            guard rank == 1 else { return try batched(stack) }
            try checkFolded(stack)
            return try unsqueezed(at: 0).batched(stack, as: outer + [columns])
        }
        let rows = try stack.transposed(-2, -1).foldedIntoRows()
        guard rank == 2 else { return try rows.matrixTimesVector(self).unfolded(like: outer + [columns]) }
        let turned = try rows.matrixTimesMatrix(transposed()).unfolded(like: outer + [columns, shape[0]])
        let result = try turned.transposed(-2, -1)
        guard result.requiresGrad, result.elementCount > 0 else { return result }
        return try result.view(as: result.shape, "clone", NodeName("CloneBackward0", old: "CloneBackward"))
    }

    /// Refuses, in the words of a product of a matrix and a vector, what PyTorch folds: no steps need be copied.
    private func checkFolded(_ stack: Tensor) throws(TensorError) {
        guard stack.shape[stack.rank - 2] != elementCount || dtype != stack.dtype || dtype == .bool else { return }
        var (sizes, strides) = (stack.shape.dimensions, stack.strides)
        sizes.swapAt(sizes.count - 2, sizes.count - 1)
        strides.swapAt(sizes.count - 2, sizes.count - 1)
        guard Layout.foldsIntoRows(sizes, strides) else { return }
        _ = try stack.detached().transposed(-2, -1).foldedIntoRows().matrixTimesVector(detached())
    }

    /// A stack of matrices times another; PyTorch takes a stack of one that requires gradients for a matrix.
    private func timesStacks(_ other: Tensor) throws(TensorError) -> Tensor {
        if rank == 3, other.rank == 3, other.shape[0] == 1, other.requiresGrad, shape[0] != 1 {
            return try matmul(other.squeezed(at: 0))
        }
        if rank == 3, other.rank == 3, shape[0] == 1, requiresGrad, other.shape[0] != 1 {
            return try squeezed(at: 0).matmul(other)
        }
        return try batched(other)
    }

    func batched(_ other: Tensor, as sizes: [Int]? = nil, kernel: String = "bmm") throws(TensorError) -> Tensor {
        let result = try Operations.perform("bmm") { () throws(TensorError) in
            try BatchedProduct(self, other, kernel: kernel).result()
        }
        let shape = try sizes.map { sizes throws(TensorError) in try Shape(checking: sizes) } ?? result.shape
        guard Autograd.records(self, other) else { return result.viewed(as: shape) }
        let (first, second) = (detached(), other.detached())
        return try result.recorded(.bmm, [self, other], saving: [first, second]) { gradient, needs in
            [
                needs[0] ? try BatchedProduct(gradient, second.swapped(-2, -1)).result() : nil,
                needs[1] ? try BatchedProduct(first.swapped(-2, -1), gradient).result() : nil,
            ]
        }.view(as: shape, "_unsafe_view", .unsafeView)
    }

    func checkMultiplies(_ kernel: String) throws(TensorError) {
        guard dtype != .bool, !dtype.isBarebones else { throw .notImplemented(kernel: kernel, dtype) }
    }
}
