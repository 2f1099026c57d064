extension Tensor {
    /// Returns the sum over i and j of x1_i W_oij x2_j, plus `bias`; leading axes are rows.
    public static func bilinear(
        _ first: Tensor,
        _ second: Tensor,
        weight: Tensor,
        bias: Tensor? = nil
    ) throws(TensorError) -> Tensor {
        let call = try BilinearCall(first, second, weight: weight, bias: bias)
        let product = try call.product()
        let shape = try Shape(checking: first.shape.dropLast() + [weight.shape[0]])
        let result = try product.view(as: shape, "view", .view)
        guard let bias else { return result }
        return try result + bias
    }
}

/// One call of `bilinear`, its leading axes folded into rows.
private struct BilinearCall {
    let first: Tensor
    let second: Tensor
    let weight: Tensor
    let rows: Int

    /// Checks what PyTorch checks, in its order.
    init(_ first: Tensor, _ second: Tensor, weight: Tensor, bias: Tensor?) throws(TensorError) {
        guard first.rank == second.rank else { throw .bilinear(.ranks(first.rank, second.rank)) }
        guard first.rank > 0 else { throw .dimensionOutOfRange(-1, rank: 0) }
        guard weight.rank == 3 else { throw .bilinear(.weightRank(weight.rank)) }
        for (axis, pair) in zip(first.shape, second.shape).dropLast().enumerated() where pair.0 != pair.1 {
            throw .bilinear(.batch(dimension: axis, pair.0, pair.1))
        }
        for (number, input) in [(1, first), (2, second)] {
            let (got, expected) = (input.shape[input.rank - 1], weight.shape[number])
            guard got == expected else { throw .bilinear(.input(number: number, got: got, expected: expected)) }
        }
        if let bias, bias.rank != 1 || bias.shape[0] != weight.shape[0] {
            throw .bilinear(.bias(got: bias.shape.first ?? 1, expected: weight.shape[0]))
        }
        let dtypes = [second.dtype, weight.dtype] + (bias.map { [$0.dtype] } ?? [])
        guard dtypes.allSatisfy({ $0 == first.dtype }) else {
            let types = (first.dtype, second.dtype, weight.dtype, bias?.dtype)
            throw .bilinear(.types(input1: types.0, input2: types.1, weight: types.2, bias: types.3))
        }
        (self.first, self.second, self.weight) = (first, second, weight)
        rows = first.shape.dropLast().reduce(1, *)
    }

    /// Returns the products of the rows: rows by outputs.
    func product() throws(TensorError) -> Tensor {
        let result = try Operations.perform("bilinear") { () throws(TensorError) in
            try contraction().cast(to: first.dtype)
        }
        guard Autograd.records(first, second, weight) else { return result }
        let name = NodeName("TrilinearBackward0", old: "TrilinearBackward")
        let inputs = [first, second, weight]
        return try result.recorded(name, inputs, saving: inputs.map { $0.detached() }) { [self] gradient, needs in
            try gradients(try gradient.widened(), needs)
        }
    }

    private var left: Tensor { get throws(TensorError) { try matrix(first, columns: weight.shape[1]) } }
    private var right: Tensor { get throws(TensorError) { try matrix(second, columns: weight.shape[2]) } }

    private func matrix(_ tensor: Tensor, columns: Int) throws(TensorError) -> Tensor {
        try tensor.widened().detached().viewed(as: try Shape(checking: [rows, columns]))
    }

    /// The weight as a matrix of (i) by (o, j).
    private var unrolledWeight: Tensor {
        get throws(TensorError) {
            let sizes = [weight.shape[1], weight.shape[0] * weight.shape[2]]
            return try weight.widened().swapped(0, 1).viewed(as: try Shape(checking: sizes))
        }
    }

    /// The shape (rows, o, j) of the product of the first input with the weight.
    private var middle: Shape {
        get throws(TensorError) { try Shape(checking: [rows, weight.shape[0], weight.shape[2]]) }
    }

    /// The first input times the weight, times the second input stretched over the outputs, summed over j.
    private func contraction() throws(TensorError) -> Tensor {
        let partial = try MatrixProduct.plain(left, unrolledWeight).viewed(as: try middle)
        let stretched = try right.viewed(as: try Shape(checking: [rows, 1, weight.shape[2]]))
        return try (partial * stretched).rawSum(axis: 2, keeping: false)
    }

    private func gradients(_ gradient: Tensor, _ needs: GradientNode.Needs) throws(TensorError) -> [Tensor?] {
        let column = gradient.viewed(as: try Shape(checking: [rows, weight.shape[0], 1]))
        let stretched = try right.viewed(as: try Shape(checking: [rows, 1, weight.shape[2]]))
        let unrolled = try Shape(checking: [rows, weight.shape[0] * weight.shape[2]])
        let outer = try (column * stretched).viewed(as: unrolled)
        var results: [Tensor?] = [nil, nil, nil]
        if needs[0] {
            results[0] = try MatrixProduct.linear(outer, unrolledWeight, bias: nil, reusing: false).viewed(
                as: first.shape
            )
        }
        if needs[1] {
            let partial = try MatrixProduct.plain(left, unrolledWeight).viewed(as: try middle)
            results[1] = try (partial * column).rawSum(axis: 1, keeping: false).viewed(as: second.shape)
        }
        if needs[2] {
            let sizes = [weight.shape[1], weight.shape[0], weight.shape[2]]
            let product = try MatrixProduct.plain(left.swapped(0, 1), outer)
            results[2] = try product.viewed(as: try Shape(checking: sizes)).swapped(0, 1)
        }
        return results
    }
}
