extension Tensor {
    /// Returns the product of two matrices.
    public func mm(_ other: Tensor) throws(TensorError) -> Tensor {
        guard rank == 2 else { throw .function(.notMatrix("self")) }
        guard other.rank == 2 else { throw .function(.notMatrix("mat2")) }
        return try matmul(other)
    }

    /// Returns the product of a matrix and a vector.
    public func mv(_ vector: Tensor) throws(TensorError) -> Tensor {
        guard rank == 2, vector.rank == 1 else { throw .function(.notMatrixAndVector(rank, vector.rank)) }
        return try matmul(vector)
    }

    /// Returns the sum of the products of two vectors' elements.
    public func dotProduct(_ other: Tensor) throws(TensorError) -> Tensor {
        guard rank == 1, other.rank == 1 else { throw .function(.notVectors(rank, other.rank)) }
        return try matmul(other)
    }

    /// Returns the products of two stacks of matrices, one by one.
    public func bmm(_ other: Tensor) throws(TensorError) -> Tensor { try stacked(other, kernel: "bmm") }

    private func stacked(_ other: Tensor, kernel: String) throws(TensorError) -> Tensor {
        guard rank == 3 else { throw .function(.notStack("batch1")) }
        guard other.rank == 3 else { throw .function(.notStack("batch2")) }
        guard other.shape[0] == shape[0], other.shape[1] == shape[2] else {
            throw .batchedProductShapes(
                expected: [shape[0], shape[2]],
                got: [other.shape[0], other.shape[1]]
            )
        }
        return try batched(other, kernel: kernel)
    }

    /// Returns `beta` times this tensor, stretched, plus `alpha` times the product of two matrices; a `beta` of 0 leaves it out.
    public func addmm(
        _ first: Tensor,
        _ second: Tensor,
        beta: Number = 1,
        alpha: Number = 1
    ) throws(TensorError) -> Tensor {
        guard first.rank == 2 else { throw .function(.notMatrix("mat1")) }
        guard second.rank == 2 else { throw .function(.notMatrix("mat2")) }
        guard first.shape[1] == second.shape[0] else {
            throw .productShapes(
                rows: first.shape[0],
                inner: first.shape[1],
                otherInner: second.shape[0],
                columns: second.shape[1]
            )
        }
        let shape = try Shape(checking: [first.shape[0], second.shape[1]])
        _ = try StretchCheck(self, to: shape)
        guard dtype == second.dtype else { throw .productTypes(.linearBias, dtype, second.dtype) }
        guard first.dtype == second.dtype else { throw .productTypes(.linearMatrix, first.dtype, second.dtype) }
        let call = AddedProduct(beta: beta, alpha: alpha) { first, second throws(TensorError) in try first.mm(second) }
        return try call.result(self, first, second, shape, "addmm", .addmm)
    }

    /// Returns `beta` times this tensor, stretched, plus `alpha` times the products of two stacks of matrices.
    public func baddbmm(
        _ first: Tensor,
        _ second: Tensor,
        beta: Number = 1,
        alpha: Number = 1
    ) throws(TensorError) -> Tensor {
        guard first.rank == 3 else { throw .function(.notStack("batch1")) }
        guard second.rank == 3 else { throw .function(.notStack("batch2")) }
        guard dtype == first.dtype else {
            throw .function(.stackTypes(dtype, first.dtype, second.dtype))
        }
        let shape = try Shape(checking: [first.shape[0], first.shape[1], second.shape[2]])
        _ = try StretchCheck(self, to: shape)
        let call = AddedProduct(beta: beta, alpha: alpha) { first, second throws(TensorError) in
            try first.stacked(second, kernel: "baddbmm")
        }
        return try call.result(self, first, second, shape, "baddbmm", NodeName("BaddbmmBackward0"))
    }

    /// Returns the products of each element of one vector and each of another.
    public func outer(_ other: Tensor) throws(TensorError) -> Tensor {
        guard rank == 1 else { throw .function(.notVector("self", rank)) }
        guard other.rank == 1 else { throw .function(.notVector("vec2", other.rank)) }
        return try unsqueezed(1) * other
    }
}

/// Refuses a tensor that does not stretch to a shape, before anything is computed.
private struct StretchCheck {
    init(_ tensor: Tensor, to target: Shape) throws(TensorError) {
        guard tensor.rank <= target.rank else {
            throw .expandRank(tensor.dtype, from: tensor.shape.dimensions, target: target.dimensions)
        }
        for axis in (0..<tensor.rank).reversed() {
            let (size, place) = (tensor.shape[axis], axis + target.rank - tensor.rank)
            guard size == target[place] || size == 1 else {
                throw .expandMismatch(
                    target: target.dimensions,
                    from: tensor.shape.dimensions,
                    dimension: place
                )
            }
        }
    }
}

/// A product that is added to something.
private struct AddedProduct {
    let beta: Number
    let alpha: Number
    let product: @Sendable (Tensor, Tensor) throws(TensorError) -> Tensor

    func result(
        _ base: Tensor,
        _ first: Tensor,
        _ second: Tensor,
        _ shape: Shape,
        _ operation: StaticString,
        _ name: NodeName
    ) throws(TensorError) -> Tensor {
        let (left, right) = (first.detached(), second.detached())
        let (alpha, beta, product) = (alpha, beta, product)
        let result = try Operations.compose(operation) { () throws(TensorError) in
            let wide = try product(left.widened(), right.widened())
            let scaled = alpha.double == 1 ? wide : try wide.times(alpha)
            guard beta.double != 0 else { return try scaled.cast(to: base.dtype) }
            let addend = try base.detached().widened()
            return try (scaled + (beta.double == 1 ? addend : try addend.times(beta))).cast(to: base.dtype)
        }
        guard Autograd.records(base, first, second) else { return result }
        return try result.recorded(name, [base, first, second], saving: [left, right]) { gradient, needs in
            let scaled = try gradient * alpha.double
            return [
                needs[0] ? try gradient * beta.double : nil,
                needs[1] ? try product(scaled, right.swapped(-2, -1)) : nil,
                needs[2] ? try product(left.swapped(-2, -1), scaled) : nil,
            ]
        }
    }
}

extension Tensor {
    /// The elements times a number, which integers round toward zero.
    fileprivate func times(_ number: Number) throws(TensorError) -> Tensor {
        guard dtype.isFloatingPoint else {
            return try .product(self, number.tensor().cast(to: dtype), secondIsNumber: true)
        }
        return try self * number.double
    }
}
